"""Do films that belong together stand on both sides of a split?"""

from __future__ import annotations

import numpy as np

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, list_groups, tell_number
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds


def check_leaks(cohort: Cohort, folds: Folds) -> list[Finding]:
    """Find the patients, and the copies of one film, that train a head and test it, too."""
    of_group: dict[int, list[int]] = {group: [] for group in folds.straddling_groups.tolist()}
    if not of_group:
        return []
    rows = np.flatnonzero(np.isin(folds.groups, list(of_group))).tolist()
    for row in rows:
        of_group[int(folds.groups[row])].append(row)
    groups = list(of_group.values())
    return [
        Finding(
            check="leaks",
            severity="fail",
            title=(
                f"{tell_number(len(groups), 'set', 'stands/stand')} in training and in test: films "
                f"of one patient, or copies of one film ({len(rows)} films in all)"
            ),
            evidence={
                "n_groups": len(groups),
                **list_films(cohort, rows),
                "films_by_group": list_groups(cohort, groups),
            },
            what_to_do="Use --recipe hilum, which keeps them on one side of every split.",
        )
    ]

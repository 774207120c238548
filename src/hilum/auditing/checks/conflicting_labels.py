"""Does one and the same film stand in two classes?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.pairs import list_pairs
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Cohort


def check_conflicting_labels(cohort: Cohort, twins: Sequence[Twin]) -> list[Finding]:
    """Find copies of one film under two labels; at least one label of each is wrong."""
    clashes = [
        twin for twin in twins if cohort.films[twin.first].label != cohort.films[twin.second].label
    ]
    if not clashes:
        return []
    rows = sorted({row for twin in clashes for row in (twin.first, twin.second)})
    return [
        Finding(
            check="conflicting-labels",
            severity="fail",
            title=(
                f"One film under two labels: {tell_number(len(clashes), 'pair')} of copies among "
                f"{len(rows)} films"
            ),
            evidence={
                "n_pairs": len(clashes),
                **list_films(cohort, rows),
                "pairs": list_pairs(cohort, clashes),
            },
            what_to_do=(
                "Look at each pair, find out which label is right, and remove the other film; "
                "remove both where nobody knows."
            ),
        )
    ]

"""What had to be changed about files before they were grey films?"""

from __future__ import annotations

import re
from collections import defaultdict

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.manifest import Cohort

COLOUR_NOTE = "colour"
"""What the reader says of a picture with colours; it has a check of its own."""

_OWN_FIGURES = re.compile(r"(, (?:scaled|constant)) (?:from|at) .*")


def check_conversions(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Gather what the reader noted of each film, such as another format than its name says."""
    noted: dict[str, list[int]] = defaultdict(list)
    for row, traits in enumerate(portraits.traits):
        # Each deep film has a range of its own, which would make every note another one.
        kinds = {_OWN_FIGURES.sub(r"\1", note) for note in traits.notes}
        for kind in kinds - {COLOUR_NOTE}:
            noted[kind].append(row)
    if not noted:
        return []
    rows = sorted({row for of_kind in noted.values() for row in of_kind})
    in_order = sorted(noted, key=lambda kind: (-len(noted[kind]), kind))
    told = "; ".join(f"{kind}: {len(noted[kind])}" for kind in in_order)
    return [
        Finding(
            check="conversions",
            severity="note",
            title=f"The reader noted something of {tell_number(len(rows), 'film')} ({told})",
            evidence={
                "n_films": len(rows),
                "conversions": {kind: list_films(cohort, noted[kind]) for kind in in_order},
            },
            what_to_do=(
                "Look at one of each kind. If they belong to one class, export the films of all "
                "classes in the same way."
            ),
        )
    ]

"""Are some films too small to show anything?"""

from __future__ import annotations

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.fitness import LEAST_SIDE_PX
from hilum.cohort.manifest import Cohort


def check_tiny_films(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find the films with a side of fewer than 64 pixels."""
    sides = [min(traits.width_px, traits.height_px) for traits in portraits.traits]
    rows = [row for row, side in enumerate(sides) if side < LEAST_SIDE_PX]
    if not rows:
        return []
    return [
        Finding(
            check="tiny-films",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'has/have')} a side under {LEAST_SIDE_PX} px; "
                f"the smallest is {min(sides)} px long"
            ),
            evidence={**list_films(cohort, rows), "smallest_side_px": min(sides)},
            what_to_do="Replace these previews by the films themselves, or remove them.",
        )
    ]

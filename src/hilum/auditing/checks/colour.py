"""Are some pictures in colour, as photographs and screenshots are?"""

from __future__ import annotations

from hilum.auditing.checks.conversions import COLOUR_NOTE
from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.manifest import Cohort


def check_colour(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find the pictures with colours; a radiograph has none."""
    rows = [row for row, traits in enumerate(portraits.traits) if COLOUR_NOTE in traits.notes]
    if not rows:
        return []
    return [
        Finding(
            check="colour",
            severity="warn",
            title=f"{tell_number(len(rows), 'picture', 'is/are')} in colour: radiographs have none",
            evidence=list_films(cohort, rows),
            what_to_do=(
                "Look at them: photographs of a screen, screenshots and films with coloured "
                "marks do not belong in the cohort."
            ),
        )
    ]

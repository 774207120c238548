"""Are some films far longer than wide, or wider than long?"""

from __future__ import annotations

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.fitness import LONGEST_ASPECT
from hilum.cohort.manifest import Cohort


def check_aspect(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find the films with one side more than four times as long as the other."""
    aspects = [
        max(traits.width_px, traits.height_px) / max(1, min(traits.width_px, traits.height_px))
        for traits in portraits.traits
    ]
    rows = [row for row, aspect in enumerate(aspects) if aspect > LONGEST_ASPECT]
    if not rows:
        return []
    return [
        Finding(
            check="aspect",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'is/are')} more than {LONGEST_ASPECT:g} times "
                f"as long as wide, up to {max(aspects):.1f} times: no chest film is"
            ),
            evidence={**list_films(cohort, rows), "largest_aspect": max(aspects)},
            what_to_do="Look at them, and remove what is no chest film.",
        )
    ]

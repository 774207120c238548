"""Could every file be read?"""

from __future__ import annotations

from collections import Counter

from hilum.auditing.findings import Finding
from hilum.auditing.listing import FILMS_LISTED, tell_number
from hilum.cohort.manifest import Cohort


def check_readability(cohort: Cohort) -> list[Finding]:
    """Count the files that were meant to be films and could not be read."""
    lost = cohort.excluded
    if not lost:
        return []
    return [
        Finding(
            check="readability",
            severity="warn",
            title=f"{tell_number(len(lost), 'file')} could not be read and took no part",
            evidence={
                "n_films": len(lost),
                "per_class": dict(Counter(exclusion.label for exclusion in lost)),
                "codes": dict(Counter(exclusion.code for exclusion in lost)),
                "films": [exclusion.film_id for exclusion in lost[:FILMS_LISTED]],
            },
            what_to_do="Replace them; excluded.csv names each file and its reason.",
        )
    ]

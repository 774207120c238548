"""Are some films empty?"""

from __future__ import annotations

import numpy as np

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.manifest import Cohort

CONSTANT_SHARE = 0.99
"""Of the pixels at one grey level. A film with a wide black border reaches one half."""


def check_constant_films(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find the films whose pixels nearly all have one and the same grey level."""
    rows = np.flatnonzero(portraits.levels.max(axis=1) >= CONSTANT_SHARE).tolist()
    if not rows:
        return []
    return [
        Finding(
            check="constant-films",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'holds/hold')} no picture, but one grey level "
                "throughout"
            ),
            evidence=list_films(cohort, rows),
            what_to_do="Remove them, or export them again from their source.",
        )
    ]

"""Are some pictures no chest films at all?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.cohort.manifest import Cohort

LEAST_AFFINITY = 0.5
"""Cosine similarity of features with the most similar other film. Of 1,080 public films
none is below 0.65 and pictures of other things are at most at 0.43; in draws of 10 to 100
films, where neighbours are farther, up to one film in two hundred falls below 0.5."""

FAR_BELOW = 0.2
"""How far below the middle film a strange one is, for backbones whose films lie farther
from each other."""

LEAST_FILMS = 10
"""With fewer films, nobody has neighbours enough."""


def check_domain(cohort: Cohort, affinity: Float[np.ndarray, " films"]) -> list[Finding]:
    """Find the pictures that resemble no other film of the cohort."""
    if len(affinity) < LEAST_FILMS:
        return []
    limit = min(LEAST_AFFINITY, float(np.nanmedian(affinity)) - FAR_BELOW)
    rows = np.flatnonzero(affinity < limit)
    rows = rows[np.argsort(affinity[rows], kind="stable")]
    if not len(rows):
        return []
    return [
        Finding(
            check="domain",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'resembles/resemble')} no other film of the "
                "cohort, and may show no chest"
            ),
            evidence={
                **list_films(cohort, rows.tolist()),
                "least_affinity": float(affinity[rows[0]]),
                "limit": limit,
            },
            what_to_do=(
                "Look at them, and remove what is no frontal chest film: photographs, slides, "
                "lateral films, other parts of the body."
            ),
        )
    ]

"""Do letters, arrows or metal stand on the films, and do they tell the class?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import chi2_contingency

from hilum.auditing.findings import Finding
from hilum.auditing.lettering import CELLS_PER_SIDE
from hilum.auditing.listing import list_films, tell_number
from hilum.auditing.portraits import Portraits
from hilum.cohort.manifest import Cohort

_CELL = 1 / CELLS_PER_SIDE**2

MARKED_SHARE = 2 * _CELL
"""Of the film with sharp edges; a side marker such as `R` takes 2 to 6 cells of 1,024."""

LETTERED_SHARE = 10 * _CELL
"""More than a side marker: lines of text, arrows, letters as large as an eye catches."""

SCREENSHOT_SHARE = 60 * _CELL
"""More than any of 1,080 public films has, the fullest with 36 cells: a slide, a screenshot."""

UNLIKE_SHARE = 0.3
"""Difference between two classes in their share of marked films. The marker of one hospital
that wrote it on all its films makes it; habits of one department do not."""

UNLIKE_P = 0.01
"""Chi-squared test: few films differ so by chance in one cohort of a hundred."""


def check_lettering(cohort: Cohort, portraits: Portraits) -> list[Finding]:
    """Find lettered films and screenshots, and compare the classes in how many are marked."""
    lettering = np.array([traits.lettering for traits in portraits.traits])
    return [
        *_compare_classes(cohort, lettering >= MARKED_SHARE),
        *_list_screenshots(cohort, lettering),
        *_list_lettered(cohort, lettering),
    ]


def _compare_classes(cohort: Cohort, is_marked: Bool[np.ndarray, " films"]) -> list[Finding]:
    y = cohort.y
    marked = np.bincount(y[is_marked], minlength=len(cohort.classes))
    bare = np.bincount(y[~is_marked], minlength=len(cohort.classes))
    shares = marked / np.maximum(1, marked + bare)
    most, least = int(shares.argmax()), int(shares.argmin())
    if shares[most] - shares[least] < UNLIKE_SHARE:
        return []
    p = float(chi2_contingency(np.stack([marked, bare])).pvalue)
    if p >= UNLIKE_P:
        return []
    return [
        Finding(
            check="lettering",
            severity="warn",
            title=(
                f"Letters, arrows or metal stand on {shares[most]:.0%} of the films of "
                f"{cohort.classes[most]}, and on {shares[least]:.0%} of {cohort.classes[least]}"
            ),
            evidence={
                "kind": "unlike",
                "marked_per_class": dict(zip(cohort.classes, marked.tolist(), strict=True)),
                "share_per_class": dict(zip(cohort.classes, shares.tolist(), strict=True)),
                "p": p,
            },
            what_to_do=(
                "Take films of all classes from places with the same habits, or cut the markers "
                "off all films alike. A network may read them instead of the lungs."
            ),
        )
    ]


def _list_screenshots(cohort: Cohort, lettering: Float[np.ndarray, " films"]) -> list[Finding]:
    rows = np.flatnonzero(lettering >= SCREENSHOT_SHARE).tolist()
    if not rows:
        return []
    return [
        Finding(
            check="lettering",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'picture', 'is/are')} full of text, like slides or "
                "screenshots"
            ),
            evidence={"kind": "screenshots", **list_films(cohort, rows)},
            what_to_do="Look at them; remove them, or put the films themselves in their place.",
        )
    ]


def _list_lettered(cohort: Cohort, lettering: Float[np.ndarray, " films"]) -> list[Finding]:
    is_lettered = (lettering >= LETTERED_SHARE) & (lettering < SCREENSHOT_SHARE)
    rows = np.flatnonzero(is_lettered)
    if not len(rows):
        return []
    rows = rows[np.argsort(-lettering[rows], kind="stable")]
    return [
        Finding(
            check="lettering",
            severity="note",
            title=f"{tell_number(len(rows), 'film', 'bears/bear')} much lettering, arrows or metal",
            evidence={"kind": "lettered", **list_films(cohort, rows.tolist())},
            what_to_do=(
                "Check whether names or dates can be read on them before the films are shown to "
                "anybody."
            ),
        )
    ]

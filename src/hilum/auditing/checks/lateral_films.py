"""Are some films lateral ones?

Only the table's word is taken: how symmetrical a picture is does not tell lateral films
from frontal ones with one arm in the picture, one lung gone or a tilted border.
"""

from __future__ import annotations

from hilum.auditing.findings import Finding
from hilum.auditing.listing import list_films, tell_number
from hilum.cohort.manifest import Cohort

_LATERAL = frozenset({"l", "ll", "rl", "lat", "lateral", "left", "right", "lld", "rld"})
"""First words of views as DICOM and public tables write them."""


def check_lateral_films(cohort: Cohort) -> list[Finding]:
    """Find the films whose view is known to be a lateral one."""
    rows = [row for row, film in enumerate(cohort.films) if film.view and _is_lateral(film.view)]
    if not rows:
        return []
    return [
        Finding(
            check="lateral-films",
            severity="warn",
            title=(
                f"{tell_number(len(rows), 'film', 'is a lateral one/are lateral ones')}, as the "
                "table says"
            ),
            evidence=list_films(cohort, rows),
            what_to_do=(
                "Leave them out: what a network learns on frontal films does not hold for them."
            ),
        )
    ]


def _is_lateral(view: str) -> bool:
    words = view.lower().replace("-", " ").replace("_", " ").split()
    return bool(words) and (words[0] in _LATERAL or "lateral" in words)

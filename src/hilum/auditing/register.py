"""The register of all checks, read off their four families.

A check is one function with `@check` above it, in the file of its family; nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from hilum.auditing.checks import cohort, films, patients, shortcuts
from hilum.auditing.evidence import Check
from hilum.errors import UnknownCheckError

CHECKS: tuple[Check[...], ...] = tuple(
    found
    for family in (cohort, shortcuts, patients, films)
    for found in vars(family).values()
    if isinstance(found, Check)
)
"""Every check, in the order in which findings of one severity are shown."""


def find_codes(codes: Iterable[str]) -> frozenset[str]:
    """Find the checks that a user names, to mute them.

    Args:
        codes: As in `docs/checks`, or as a report writes them: `class-size`, `class size`.

    Raises:
        UnknownCheckError: No check has this code; the error names the nearest.
    """
    known = [check.code for check in CHECKS]
    found = frozenset("-".join(code.lower().split()) for code in codes)
    for code in sorted(found.difference(known)):
        near = get_close_matches(code, known, n=1)
        raise UnknownCheckError(
            f"No check has the code '{code}'.",
            fix=f"Did you mean '{near[0]}'?" if near else f"The codes are {', '.join(known)}.",
        )
    return found

"""The checks of a cohort, in four families.

In: the `Evidence` that a study has gathered. Out: `CHECKS`, each of which tells what it found.
A check is one function with `@check` above it, in the file of its family; nothing else lists it.
"""

from hilum.auditing.checks import cohort, films, patients, shortcuts
from hilum.auditing.evidence import Check

CHECKS: tuple[Check[...], ...] = tuple(
    found
    for family in (cohort, shortcuts, patients, films)
    for found in vars(family).values()
    if isinstance(found, Check)
)
"""Every check, in the order in which findings of one severity are shown."""

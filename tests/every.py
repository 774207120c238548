"""A loop whose asserts cannot be passed by having nothing to look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


def every(things: Iterable[Thing]) -> list[Thing]:
    """List things that a test looks at one by one; none at all fails it."""
    listed = list(things)
    assert listed, "there is nothing to look at, so nothing was tested"
    return listed

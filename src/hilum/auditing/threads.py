"""Work on arrays in as many threads as there are cores: NumPy lets go of the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from hilum.settings import usable_cores

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Map in threads, in order, each with one core to itself."""
    # A matrix product that starts threads of its own would wait for those of the others.
    with (
        threadpool_limits(limits=1, user_api="blas"),
        ThreadPoolExecutor(max_workers=usable_cores()) as pool,
    ):
        return list(pool.map(work, items))

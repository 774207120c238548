"""Films are read ahead of who consumes them: decoders let go of the interpreter's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from hilum.settings import usable_cores

_FILMS_AHEAD = 16
"""Enough to hide a slow one, little memory."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_ahead(
    work: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[tuple[_Item, _Result]]:
    """Map in threads, in order, a bounded number of items ahead of the consumer."""
    with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
        ahead: deque[tuple[_Item, Future[_Result]]] = deque()
        try:
            for item in items:
                ahead.append((item, pool.submit(work, item)))
                if len(ahead) >= _FILMS_AHEAD:
                    first, future = ahead.popleft()
                    yield first, future.result()
            for first, future in ahead:
                yield first, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

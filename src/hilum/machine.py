"""The machine: folders that its user sets, cores, threads, and the memory that a run takes.

Threads help because NumPy and the decoders of films let go of the interpreter's lock.
"""

from __future__ import annotations

import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from platformdirs import user_cache_path

CACHE_VARIABLE = "HILUM_CACHE_DIR"
WEIGHTS_VARIABLE = "HILUM_WEIGHTS_DIR"

_ITEMS_AHEAD = 16
"""Enough to hide a slow film, and little memory."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_with_child_bytes = 0
"""Most memory that this process and a child of it held together."""


def default_cache_dir() -> Path:
    """Return the folder named by HILUM_CACHE_DIR, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("hilum", appauthor=False)


def default_weights_dir() -> Path | None:
    """Return the folder of hand-placed weights named by HILUM_WEIGHTS_DIR; None if unset."""
    named = os.environ.get(WEIGHTS_VARIABLE)
    return Path(named) if named else None


def usable_cores() -> int:
    """Count the cores that this process may use; the machine may have more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_loopback(host: str | None) -> bool:
    """Tell whether only this machine reaches a host's name or address."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def map_in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """Map in threads, in order, each with one core to itself."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Further threads within a matrix product would wait for these.
    with (
        threadpool_limits(limits=1, user_api="blas"),
        ThreadPoolExecutor(max_workers=usable_cores()) as pool,
    ):
        return list(pool.map(work, items))


def map_ahead(
    work: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[tuple[_Item, _Result]]:
    """Map in threads, in order, a bounded number of items ahead of the consumer."""
    with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
        ahead: deque[tuple[_Item, Future[_Result]]] = deque()
        try:
            for item in items:
                ahead.append((item, pool.submit(work, item)))
                if len(ahead) >= _ITEMS_AHEAD:
                    first, future = ahead.popleft()
                    yield first, future.result()
            for first, future in ahead:
                yield first, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def note_child(peak_bytes: int | None) -> None:
    """Record, right after a child has ended, how much memory it and this process held together.

    A child's memory adds to what this process holds while the child lives, not to a peak
    that this process reaches before or after.

    Args:
        peak_bytes: Result of `own_peak_bytes` in the child, at its end.
    """
    global _with_child_bytes
    held = _status_bytes("VmRSS") or own_peak_bytes()
    if peak_bytes is not None and held is not None:
        _with_child_bytes = max(_with_child_bytes, held + peak_bytes)


def peak_rss_bytes() -> int | None:
    """Return the largest resident memory so far, that of a child included.

    None where the system keeps no count, as on Windows.
    """
    own = own_peak_bytes()
    return None if own is None else max(own, _with_child_bytes)


def own_peak_bytes() -> int | None:
    """Return the largest resident memory of this process alone."""
    # Linux's own count first, since getrusage inherits the parent's peak at the start.
    return _status_bytes("VmHWM") or _usage_bytes()


def _usage_bytes() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status_bytes(entry: str) -> int | None:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{entry}:"):
                return int(line.split()[1]) * 1024
    return None

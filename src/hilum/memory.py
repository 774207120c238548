"""How much memory a run takes at most, child processes included.

A child's memory counts on top of what this process holds while the child lives, and
not on top of a peak that this process reaches before or after.
"""

from __future__ import annotations

import platform
from pathlib import Path

_with_child_bytes = 0


def note_child(peak_bytes: int | None) -> None:
    """Take note, right after a child has ended, of what it and we held together.

    Args:
        peak_bytes: What `own_peak_bytes` gave in the child, at its end.
    """
    global _with_child_bytes
    held = _status_bytes("VmRSS") or own_peak_bytes()
    if peak_bytes is not None and held is not None:
        _with_child_bytes = max(_with_child_bytes, held + peak_bytes)


def peak_rss_bytes() -> int | None:
    """Return the largest resident memory so far, with the child that lived at the time.

    None where the system does not tell, as on Windows.
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

"""What the surroundings decide: where the cache is, and how many cores may be used."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

CACHE_VARIABLE = "HILUM_CACHE_DIR"
WEIGHTS_VARIABLE = "HILUM_WEIGHTS_DIR"


def default_cache_dir() -> Path:
    """Return the folder named by HILUM_CACHE_DIR, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("hilum", appauthor=False)


def default_weights_dir() -> Path | None:
    """Return the folder of hand-placed weights that HILUM_WEIGHTS_DIR names, if it does."""
    named = os.environ.get(WEIGHTS_VARIABLE)
    return Path(named) if named else None


def usable_cores() -> int:
    """Count the cores that this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

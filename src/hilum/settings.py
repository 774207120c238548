"""Where Hilum keeps what it need not compute twice."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

CACHE_VARIABLE = "HILUM_CACHE_DIR"


def default_cache_dir() -> Path:
    """Return the folder named by HILUM_CACHE_DIR, or the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("hilum", appauthor=False)

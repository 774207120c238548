"""Histograms: how often each grey level occurs in a film, and not where."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

N_BINS = 32


def bin_levels(levels: Float32[np.ndarray, "films 256"]) -> Float[np.ndarray, "films 32"]:
    """Join neighbouring grey levels.

    Args:
        levels: Share of each film's pixels that have each grey level.

    Returns:
        Share of the pixels in each of 32 equally wide bins, the darkest first.
    """
    per_bin = levels.reshape(len(levels), N_BINS, -1)
    return np.asarray(per_bin.sum(axis=2), dtype=np.float64)

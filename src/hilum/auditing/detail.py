"""Detail: what remains of a film's picture when brightness and contrast are taken away.

Two copies of a film may differ in exposure, window, gamma and compression; their edges
stand where they stood. So films are compared by their edges: a band of sizes is kept, and
every place is scaled by the contrast around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, UInt8

_AROUND_PX = 4.0
"""Standard deviation, in pixels, of the surroundings that settle a place's contrast."""

_FLOOR = 1.0
"""Grey levels of contrast below which there is nothing but noise."""


@dataclass(frozen=True)
class Band:
    """Which sizes of detail are kept, as standard deviations in pixels of the detail.

    Attributes:
        fine_px: What is smoothed away as noise.
        coarse_px: What is taken away as shading.
    """

    fine_px: float
    coarse_px: float


BROAD = Band(0.7, 2.5)
"""Enough to be drawn to the right place from a few pixels away."""

MIDDLE = Band(0.7, 2.0)
"""Sharp enough to be placed to a tenth of a pixel, broad enough to outlive compression."""

NARROW = Band(0.6, 1.5)
"""Fine edges alone: they tell two films of one patient from one film."""


def local_detail(
    pictures: UInt8[np.ndarray, "films side side"], side_px: int, band: Band = BROAD
) -> Float32[np.ndarray, "films size size"]:
    """Keep the edges of pictures, at an even contrast.

    Args:
        pictures: Films as small squares.
        side_px: Side of the detail; at most the pictures' own.
        band: Which sizes of detail are kept.

    Returns:
        About 0 on average and 1 in spread, wherever there is contrast.
    """
    grey = pictures.astype(np.float32)
    fine = _smooth(pictures.shape[1], side_px, band.fine_px)
    coarse = _smooth(pictures.shape[1], side_px, band.coarse_px)
    around = _smooth(side_px, side_px, _AROUND_PX)
    edges = fine @ grey @ fine.T - coarse @ grey @ coarse.T
    contrast = np.sqrt(around @ (edges * edges) @ around.T)
    return np.asarray(edges / (contrast + _FLOOR), np.float32)


@lru_cache(maxsize=16)
def _smooth(from_px: int, to_px: int, sigma_px: float) -> Float32[np.ndarray, "to from"]:
    """A Gaussian and a change of size, as one matrix; edges weigh what is inside."""
    step = from_px / to_px
    centres = (np.arange(to_px) + 0.5) * step - 0.5
    distance = (np.arange(from_px)[None, :] - centres[:, None]) / (sigma_px * step)
    weights = np.exp(-0.5 * distance**2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)

"""How a film was taken and processed, as far as its edge tells: sharpness, noise, contrast, levels.

Measured on the outermost 10 % of each side alone, where there is hardly any lung. Devices,
exposure and export leave the same traces there as anywhere else; most disease leaves none.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from hilum.features.views import frame_of

_SCALES_PX = (0.7, 1.4, 2.8, 5.6)
"""Widths of the Gaussians between which detail is measured, an octave apart."""

_QUANTILES = (1, 5, 25, 50, 75, 95, 99)

_BLACK, _WHITE = 8, 248
"""Levels below and above are bare background, or burnt out."""

_LEAST_LEVEL = 0.5
"""Of detail: finer differences are rounding of grey levels, not processing."""

_LEAST_TISSUE = 0.05
"""Of the frame: on less there is no texture to measure, and all of the frame is taken."""

_BLOCK_PX = 8

N_PROCESSING = 3 * len(_SCALES_PX) - 1 + len(_QUANTILES) + 4


def describe_processing(
    square: UInt8[np.ndarray, "size size"], pixels: UInt8[np.ndarray, "height width"]
) -> Float32[np.ndarray, " figures"]:
    """Describe the texture and the grey levels of a film's frame.

    Args:
        square: The resized film, as a backbone sees it.
        pixels: The film at full size.

    Returns:
        `N_PROCESSING` figures: for each of four octaves of detail, the logarithms of its mean and
        of its 90th percentile in grey levels; the differences of neighbouring octaves; quantiles of
        the frame's levels; its share of black and of white; and how much stronger edges are on the
        grid of JPEG's blocks than beside it, across and down.
    """
    from scipy.ndimage import gaussian_filter

    frame = frame_of(square.shape)
    film = square.astype(np.float32)
    # Blurred within the frame: nothing of what the centre shows may reach it.
    framed = np.where(frame, film, 0)
    blurred = [film] + [
        gaussian_filter(framed, scale) / weights
        for scale, weights in zip(_SCALES_PX, _frame_weights(square.shape[0]), strict=True)
    ]
    tissue = _tissue(blurred[-2], frame)
    strengths = []
    for sharper, softer in pairwise(blurred):
        detail = np.abs(sharper - softer)[tissue]
        strengths.append(
            [np.log(detail.mean() + _LEAST_LEVEL), np.log(np.quantile(detail, 0.9) + _LEAST_LEVEL)]
        )
    means = np.array(strengths)[:, 0]
    levels = film[frame]
    return np.concatenate(
        [
            np.ravel(strengths),
            means[:-1] - means[1:],
            np.percentile(levels, _QUANTILES),
            [np.mean(levels < _BLACK), np.mean(levels > _WHITE)],
            [_blockiness(pixels), _blockiness(pixels.T)],
        ]
    ).astype(np.float32)


@cache
def _frame_weights(size_px: int) -> tuple[Float32[np.ndarray, "size size"], ...]:
    """Tell how much of each Gaussian lies within the frame; 1 where hardly any does."""
    from scipy.ndimage import gaussian_filter

    frame = frame_of((size_px, size_px)).astype(np.float32)
    weights = [gaussian_filter(frame, scale) for scale in _SCALES_PX]
    return tuple(np.where(frame > 0, each, 1).astype(np.float32) for each in weights)


def _tissue(
    smooth: Float32[np.ndarray, "size size"], frame: Bool[np.ndarray, "size size"]
) -> Bool[np.ndarray, "size size"]:
    """Find the part of the frame that shows something: background has no texture of its own."""
    shown: Bool[np.ndarray, "size size"] = frame & (smooth > _BLACK) & (smooth < _WHITE)
    return shown if shown.sum() >= _LEAST_TISSUE * frame.sum() else frame


def _blockiness(pixels: UInt8[np.ndarray, "height width"]) -> float:
    """Compare edges on every eighth column with those beside them, in the upper and lower tenth.

    Source: Wang, Sheikh and Bovik (2002), ICIP 1:477-480, of which this is the plainest part.
    """
    height, width = pixels.shape
    margin = max(1, height // 10)
    if width < 4 * _BLOCK_PX:
        return 0.0
    rows = np.concatenate([pixels[:margin], pixels[-margin:]]).astype(np.float32)
    edges = np.abs(np.diff(rows, axis=1)).mean(axis=0)
    at_grid = edges[_BLOCK_PX - 1 :: _BLOCK_PX].mean()
    beside = np.delete(edges, np.s_[_BLOCK_PX - 1 :: _BLOCK_PX]).mean()
    return float(np.log((at_grid + _LEAST_LEVEL) / (beside + _LEAST_LEVEL)))

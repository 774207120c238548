"""How a film was taken and processed, as far as its edge tells: sharpness, noise, contrast, levels.

Measured on the outermost 10 % of each side alone, where there is hardly any lung. Devices,
exposure and export leave the same traces there as anywhere else; most disease leaves none.
"""

from __future__ import annotations

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

N_PROCESSING = 3 * len(_SCALES_PX) - 1 + len(_QUANTILES) + 2


def describe_processing(square: UInt8[np.ndarray, "size size"]) -> Float32[np.ndarray, " figures"]:
    """Describe the texture and the grey levels of a film's frame.

    Args:
        square: The resized film, as a backbone sees it.

    Returns:
        `N_PROCESSING` figures: for each of four octaves of detail, the logarithms of its mean and of
        its 90th percentile in grey levels; the differences of neighbouring octaves; quantiles of
        the frame's levels; and its share of black and of white.
    """
    from scipy.ndimage import gaussian_filter

    frame = frame_of(square.shape[0])
    film = square.astype(np.float32)
    blurred = [film, *(gaussian_filter(film, scale) for scale in _SCALES_PX)]
    tissue = _tissue(blurred[-2], frame)
    strengths = []
    for sharper, softer in zip(blurred, blurred[1:], strict=False):
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
        ]
    ).astype(np.float32)


def _tissue(
    smooth: Float32[np.ndarray, "size size"], frame: Bool[np.ndarray, "size size"]
) -> Bool[np.ndarray, "size size"]:
    """Find the part of the frame that shows something: background has no texture of its own."""
    shown: Bool[np.ndarray, "size size"] = frame & (smooth > _BLACK) & (smooth < _WHITE)
    return shown if shown.sum() >= _LEAST_TISSUE * frame.sum() else frame

"""The heat-map itself: contributions of cells as colours over a film.

What speaks for the class is red, what speaks against it blue; both stay apart for eyes
that see no red or no green. The less a place counts, the clearer the film shows through.
The caller places the picture and writes beside it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

FOR_RGB, AGAINST_RGB = (240, 70, 40), (70, 150, 255)
"""Bright, since films are dark where it matters."""

_STRONGEST_ALPHA = 0.72

_CLEAR_BELOW = 0.12
"""Of the scale: what counts less leaves the film as it is."""

_LEAST_EFFECT = 2.0
"""A map is full-blown only if its strongest cell, were all cells like it, would move the
log-odds by this much; so a film that hardly differs from the reference stays pale."""


def scale_of(contributions: Float[np.ndarray, "rows columns"]) -> float:
    """Tell which contribution gets the strongest colour.

    Args:
        contributions: Of each cell, to the log-odds.
    """
    return float(max(np.abs(contributions).max(), _LEAST_EFFECT / contributions.size))


def enlarge_cells(
    contributions: Float[np.ndarray, "rows columns"], shape: tuple[int, int]
) -> Float[np.ndarray, "height width"]:
    """Stretch cells smoothly over a film, each around its own place.

    Args:
        contributions: Of each cell.
        shape: Height and width of the film.

    Returns:
        Values between the least and the largest contribution.
    """
    height, width = shape
    picture = Image.fromarray(contributions.astype(np.float32))
    smooth = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return np.asarray(np.clip(smooth, contributions.min(), contributions.max()), float)


def heatmap_overlay(
    contributions: Float[np.ndarray, "rows columns"],
    shape: tuple[int, int],
    *,
    scale: float | None = None,
) -> UInt8[np.ndarray, "height width 4"]:
    """Draw a heat-map that can be laid over a film.

    Args:
        contributions: Of each cell, to the log-odds.
        shape: Height and width of the film as it is shown.
        scale: The contribution with the strongest colour; chosen from the map if not given.

    Returns:
        Red, green, blue and opacity; clear where nothing speaks for or against.
    """
    strength = enlarge_cells(contributions, shape) / (scale or scale_of(contributions))
    size = np.clip((np.abs(strength) - _CLEAR_BELOW) / (1 - _CLEAR_BELOW), 0, 1)
    picture = np.empty((*shape, 4), np.uint8)
    picture[..., :3] = np.where(strength[..., np.newaxis] > 0, FOR_RGB, AGAINST_RGB)
    picture[..., 3] = np.rint(255 * _STRONGEST_ALPHA * size**0.8)
    return picture

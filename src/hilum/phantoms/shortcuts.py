"""Shortcuts in the pixels of a film: signs of its class other than disease.

Real collections have them all: films copied out of papers, side markers of one hospital,
collimators left half closed, portable films with much scatter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

Pixels = UInt8[np.ndarray, "_ _"]

# Drawn films have at least 384 px on their shorter side, and at most 640.
_SMALLER = 0.55


def add_shortcut(name: str, pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Give a film a shortcut.

    Args:
        name: One of `PIXEL_SHORTCUTS`.
        pixels: The film.
        rng: Draws place, width and strength.
    """
    return PIXEL_SHORTCUTS[name](pixels, rng)


def _fog(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Fog the film: scatter lifts its black, and the whole film gets flatter."""
    fog, gamma = rng.uniform(0.10, 0.15), rng.uniform(0.8, 0.9)
    grey = fog + (0.97 - fog) * (pixels / 255.0) ** gamma
    return _as_pixels(255.0 * grey)


def _collimate(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Add black borders with slightly slanted, blurred edges, within 9 % of each side."""
    height, width = pixels.shape
    rows = np.arange(height, dtype=np.float32)[:, None] + 0.5
    columns = np.arange(width, dtype=np.float32)[None, :] + 0.5
    penumbra_px = 0.004 * min(height, width)
    shown = np.ones(pixels.shape, np.float32)
    for across, along, length, extent in (
        (rows, columns, height, width),
        (height - rows, columns, height, width),
        (columns, rows, width, height),
        (width - columns, rows, width, height),
    ):
        depth = rng.uniform(0.035, 0.07) * length
        slope = rng.uniform(-0.015, 0.015) * length / extent
        edge = depth + slope * (along - extent / 2)
        shown = shown * np.clip((across - edge) / penumbra_px + 0.5, 0, 1)
    black = rng.uniform(2, 7)
    return _as_pixels(black + (pixels - black) * shown)


def place_marker(
    shape: tuple[int, int], rng: np.random.Generator
) -> Float[np.ndarray, "corners 2"]:
    """Draw the place of the marker's letter; the draws come before those of its opacity.

    Args:
        shape: Height and width of the film in px.
        rng: Draws size, place and turn.

    Returns:
        Corners of the letter: x and y in px from the film's top left.
    """
    height, width = shape
    size = rng.uniform(0.058, 0.066) * min(height, width)
    centre_x = (1 - 0.05 + rng.uniform(-0.008, 0.008)) * width
    centre_y = (0.05 + rng.uniform(-0.008, 0.008)) * height
    turn = np.radians(rng.uniform(-9, 9))
    x, y = (_LETTER * size).T
    return np.stack(
        [
            centre_x + x * np.cos(turn) - y * np.sin(turn),
            centre_y + x * np.sin(turn) + y * np.cos(turn),
        ],
        -1,
    )


def _mark(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Burn in a lead letter L beside the patient's left shoulder, within 9 % of both sides."""
    height, width = pixels.shape
    corners = place_marker((height, width), rng)
    scale = 4  # drawn larger and reduced, for smooth edges
    picture = Image.new("L", (width * scale, height * scale))
    ImageDraw.Draw(picture).polygon([(a * scale, b * scale) for a, b in corners], fill=255)
    letter = np.asarray(picture.reduce(scale), np.float32) / 255
    opacity = rng.uniform(0.9, 1.0) * gaussian_filter(letter, 0.5)
    return _as_pixels(pixels + (250.0 - pixels) * opacity)


def _shrink(pixels: Pixels, _rng: np.random.Generator) -> Pixels:
    """Make the film smaller than any other, in the same proportions."""
    film = Image.fromarray(pixels)
    size = (round(film.width * _SMALLER), round(film.height * _SMALLER))
    return np.asarray(film.resize(size, Image.Resampling.LANCZOS))


# Corners of an L of height 1 about its middle, y downwards.
_LETTER = np.array(
    [(-0.34, -0.5), (-0.12, -0.5), (-0.12, 0.29), (0.34, 0.29), (0.34, 0.5), (-0.34, 0.5)]
)

PIXEL_SHORTCUTS: Mapping[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "exposure-shortcut": _fog,
    "frame-shortcut": _collimate,
    "marker-shortcut": _mark,
    "size-shortcut": _shrink,
}
"""In the order in which a film gets them: burned-in marks come after the exposure."""


def _as_pixels(grey: Float[np.ndarray, "_ _"]) -> Pixels:
    pixels: Pixels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return pixels

"""How things get onto a film: absorbance, burned-in grey, outlines drawn without stairs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

_FINER = 3

Point = tuple[float, float]


def absorb(film: np.ndarray, absorbance: np.ndarray | float) -> np.ndarray:
    """Put more tissue into the beam; the film's own texture stays to be seen.

    Grey levels follow the logarithm of the exposure and flatten towards black and white, so the
    absorbance is added on the logit of the level: 0 stays 0, and 1 stays 1.
    """
    gain = np.exp(absorbance)
    return (film * gain / (1 - film + film * gain)).astype(np.float32)


def burn(film: np.ndarray, mask: np.ndarray, level: float) -> np.ndarray:
    """Replace levels by one level, as a workstation does that writes on a film."""
    return (film + mask * (level - film)).astype(np.float32)


def implant(film: np.ndarray, absorbance: np.ndarray) -> np.ndarray:
    """Put metal or plastic into the beam: it shows in air as well."""
    return absorb(np.maximum(film, 0.06 * (absorbance > 0.02)), absorbance)


Pen = Callable[[ImageDraw.ImageDraw, Callable[[Sequence[Point]], list[Point]], float], None]
"""Draws with 255: on a canvas, through what turns film pixels into its pixels, at its scale."""


def sketch(
    shape: tuple[int, int], around: Sequence[Point], margin_px: float, pen: Pen
) -> np.ndarray:
    """Draw on a finer canvas, and bring it to the film's size.

    Args:
        shape: Height and width in pixels.
        around: Points (x, y) that the drawing keeps near.
        margin_px: How far it may go from their upright box.
        pen: Draws.

    Returns:
        Coverage of each pixel, 0 to 1.
    """
    height, width = shape
    corners = np.asarray(around, float)
    left, top = np.clip(np.floor(corners.min(0) - margin_px), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0) + margin_px), 0, (width, height)).astype(int)
    covered = np.zeros(shape, np.float32)
    if right <= left or bottom <= top:
        return covered
    size = (int(right - left), int(bottom - top))
    canvas = Image.new("L", (size[0] * _FINER, size[1] * _FINER))

    def at(points: Sequence[Point]) -> list[Point]:
        return [(float((x - left) * _FINER), float((y - top) * _FINER)) for x, y in points]

    pen(ImageDraw.Draw(canvas), at, float(_FINER))
    small = canvas.resize(size, Image.Resampling.BOX)
    covered[top:bottom, left:right] = np.asarray(small, np.float32) / 255
    return covered


def disc(shape: tuple[int, int], centre: Point, radius_px: float) -> np.ndarray:
    """Draw a filled circle."""

    def pen(draw: ImageDraw.ImageDraw, at: Callable, finer: float) -> None:
        (x, y), r = at([centre])[0], radius_px * finer
        draw.ellipse((x - r, y - r, x + r, y + r), fill=255)

    return sketch(shape, [centre], radius_px + 1, pen)


def stroke(shape: tuple[int, int], points: Sequence[Point], width_px: float) -> np.ndarray:
    """Draw a smooth line through points (x, y), with round ends."""
    path = smooth_path(points)

    def pen(draw: ImageDraw.ImageDraw, at: Callable, finer: float) -> None:
        width = max(1, round(width_px * finer))
        corners = at(path)
        draw.line(corners, fill=255, width=width, joint="curve")
        for x, y in (corners[0], corners[-1]):
            r = width / 2
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)

    return sketch(shape, path, width_px + 1, pen)


def smooth_path(points: Sequence[tuple[float, float]], n: int = 60) -> list[tuple[float, float]]:
    """Lead a curve through points (Catmull-Rom)."""
    if len(points) < 3:
        return list(points)
    p = np.asarray([points[0], *points, points[-1]], float)
    path: list[tuple[float, float]] = []
    for i in range(1, len(p) - 2):
        t = np.linspace(0, 1, max(n // len(points), 8), endpoint=False)[:, None]
        a, b, c, d = p[i - 1 : i + 3]
        curve = 0.5 * (
            2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )  # fmt: skip
        path += [(float(x), float(y)) for x, y in curve]
    return [*path, points[-1]]


def soften(mask: np.ndarray, sigma_px: float) -> np.ndarray:
    return ndimage.gaussian_filter(mask, sigma_px) if sigma_px > 0.05 else mask


@cache
def _font_files() -> tuple[Path | None, ...]:
    """Pillow's own font, and those that come with matplotlib."""
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        return (None,)
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    names = ("DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif", "DejaVuSans")
    return (None, *(p for name in names if (p := folder / f"{name}.ttf").is_file()))


def letters(text: str, height_px: float, rng: np.random.Generator) -> np.ndarray:
    """Write a line of text in one of a few fonts; coverage, as small as the text."""
    file = _font_files()[int(rng.integers(len(_font_files())))]
    size = max(6.0, height_px) * 1.35 * _FINER
    font = ImageFont.load_default(size) if file is None else ImageFont.truetype(file, size)
    left, top, right, bottom = font.getbbox(text)
    pad = 2 * _FINER
    wide = -(-int(right - left + 2 * pad) // _FINER) * _FINER
    high = -(-int(bottom - top + 2 * pad) // _FINER) * _FINER
    canvas = Image.new("L", (wide, high))
    ImageDraw.Draw(canvas).text((pad - left, pad - top), text, fill=255, font=font)
    small = canvas.resize((wide // _FINER, high // _FINER), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 255


def paste(shape: tuple[int, int], piece: np.ndarray, left: float, top: float) -> np.ndarray:
    """Set a small mask on an empty film; what hangs over is moved inside."""
    height, width = shape
    piece = piece[:height, :width]
    y = int(np.clip(round(top), 0, height - piece.shape[0]))
    x = int(np.clip(round(left), 0, width - piece.shape[1]))
    mask = np.zeros(shape, np.float32)
    mask[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return mask


def noise(shape: tuple[int, int], sigma_px: float, rng: np.random.Generator) -> np.ndarray:
    """Draw smooth noise of mean 0 and deviation 1."""
    # Coarse noise is drawn on a coarse grid.
    step = max(1, int(sigma_px / 2.5))
    coarse = (-(-shape[0] // step) + 2, -(-shape[1] // step) + 2)
    field = ndimage.gaussian_filter(
        rng.standard_normal(coarse).astype(np.float32), sigma_px / step, mode="wrap"
    )
    if step > 1:
        size = (coarse[1] * step, coarse[0] * step)
        field = np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC))
    field = field[: shape[0], : shape[1]]
    return (field - field.mean()) / max(float(field.std()), 1e-6)


def warp(film: np.ndarray, shift_y: np.ndarray, shift_x: np.ndarray | float) -> np.ndarray:
    """Take each pixel from a little elsewhere on the film, without losing sharpness.

    Args:
        film: Levels from 0 to 1, height x width.
        shift_y: How many rows further down each pixel's level is taken from.
        shift_x: How many columns further to the right.
    """
    shift_y, shift_x = np.broadcast_arrays(shift_y, shift_x)
    is_moved = (np.abs(shift_y) > 0.01) | (np.abs(shift_x) > 0.01)
    rows, columns = np.flatnonzero(is_moved.any(1)), np.flatnonzero(is_moved.any(0))
    if rows.size == 0:
        return film.copy()
    # Only the part that moves is looked at, and what it is taken from.
    reach = 4 + int(max(np.abs(shift_y).max(), np.abs(shift_x).max()))
    box = tuple(
        slice(max(0, int(span[0]) - reach), min(size, int(span[-1]) + 1 + reach))
        for span, size in zip((rows, columns), film.shape, strict=True)
    )
    part = film[box]
    y, x = np.ogrid[: part.shape[0], : part.shape[1]]
    at = (y + shift_y[box], x + shift_x[box])
    moved = film.copy()
    moved[box] = np.clip(ndimage.map_coordinates(part, at, order=3, mode="mirror"), 0, 1)
    return moved

"""Samples of any kind to 8-bit grey levels.

Eight-bit films keep their levels. Deeper ones are scaled by the range that they really use: a
12-bit film in a 16-bit file would otherwise come out black, and Pillow's own conversion clips it
to white.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Num, Shaped, UInt8
from PIL import Image, ImageChops

from hilum.errors import FilmNonFiniteError
from hilum.films.picture import unsupported_film

_LUMA = (299, 587, 114)
"""Weights of red, green and blue, in thousandths. Source: ITU-R BT.601."""

_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")
_COLOUR_MODES = ("RGB", "RGBA", "RGBX", "YCbCr")
_PROBE_PX = 64
_COLOUR_SPREAD = 24
_COLOUR_FRACTION = 0.02


def grey_from_image(image: Image.Image) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    """Convert a decoded Pillow image of any mode that films have.

    Args:
        image: Loaded picture. Transparent parts become black.

    Returns:
        Grey levels, and notes on what was converted.

    Raises:
        FilmNonFiniteError: A sample is NaN or infinite.
        FilmTypeError: Films do not have this colour model.
    """
    notes = []
    if image.mode in _DEEP_MODES:
        return _scale_to_grey(np.asarray(image))
    if image.mode in ("P", "PA"):
        notes.append("palette")
        has_alpha = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    elif image.mode == "CMYK":
        notes.append("CMYK converted to grey")
        image = image.convert("RGB")
    elif image.mode == "1":
        notes.append("1 bit")
    elif image.mode == "La":
        image = image.convert("LA")
    if image.mode in _COLOUR_MODES and _is_colourful(image):
        notes.append("colour")
    elif image.mode not in (*_COLOUR_MODES, "1", "L", "LA"):
        raise unsupported_film("The picture's colour model is not one that films come in.")
    grey = image.getchannel("Y") if image.mode == "YCbCr" else image.convert("L")
    if image.mode in ("LA", "RGBA"):
        alpha = image.getchannel("A")
        if alpha.getextrema()[0] != 255:
            notes.append("transparency laid on black")
            grey = ImageChops.multiply(grey, alpha)
    return np.asarray(grey), notes


def _is_colourful(image: Image.Image) -> bool:
    """Tell a colour picture from a grey one that is stored in three channels.

    Args:
        image: RGB, RGBA or YCbCr; a grid of 64 x 64 of its points is looked at.
    """
    probe = image.resize((_PROBE_PX, _PROBE_PX), Image.Resampling.NEAREST)
    points = np.asarray(probe, dtype=np.int16)
    first, second, third = (points[..., k] for k in range(3))
    if image.mode == "YCbCr":
        spread = np.maximum(abs(second - 128), abs(third - 128)) * 2
    else:
        spread = np.maximum(abs(first - second), abs(second - third))
    return bool(np.mean(spread > _COLOUR_SPREAD) > _COLOUR_FRACTION)


def grey_from_samples(
    samples: Shaped[np.ndarray, "height width channels"],
    *,
    is_colour: bool = False,
    has_alpha: bool = False,
    is_white_zero: bool = False,
) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    """Convert bare samples, as TIFF and 16-bit PNG hold them.

    Args:
        samples: Grey, or red, green and blue; then alpha, if any; then channels that are
            ignored.
        is_colour: The first three channels are red, green and blue.
        has_alpha: A channel of opacity follows. Transparent parts become black.
        is_white_zero: The lowest sample is the brightest.

    Returns:
        Grey levels, and notes on what was converted.

    Raises:
        FilmNonFiniteError: A sample is NaN or infinite.
    """
    _check_finite(samples)
    if samples.dtype == np.uint8:
        colours = np.ascontiguousarray(samples[..., :3] if is_colour else samples[..., 0])
        grey, notes = grey_from_image(Image.fromarray(colours))
    elif is_colour:
        grey, notes = _scale_to_grey(*_luma(samples), kind=_kind(samples))
    else:
        grey, notes = _scale_to_grey(samples[..., 0])
    if is_white_zero:
        grey = ~grey
        notes.append("white is zero, inverted")
    if has_alpha:
        alpha = _opacity(samples[..., 3 if is_colour else 1])
        if alpha.min() != 255:
            grey = np.asarray(ImageChops.multiply(Image.fromarray(grey), Image.fromarray(alpha)))
            notes.append("transparency laid on black")
    return grey, notes


def _luma(samples: Shaped[np.ndarray, "height width channels"]) -> tuple[np.ndarray, int]:
    """Weigh red, green and blue; up to 16 bits exactly, in thousandths."""
    if samples.dtype.kind in "iu" and samples.dtype.itemsize <= 2:
        return samples[..., :3].astype(np.int32) @ np.array(_LUMA, np.int32), sum(_LUMA)
    return samples[..., :3].astype(np.float64) @ (np.array(_LUMA) / sum(_LUMA)), 1


def _opacity(alpha: Num[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width"]:
    if alpha.dtype.kind == "f":
        fraction = np.clip(alpha.astype(np.float64), 0, 1)
    else:
        full = np.iinfo(alpha.dtype).max
        fraction = np.clip(alpha, 0, full) / full
    opacity: UInt8[np.ndarray, "height width"] = np.rint(fraction * 255).astype(np.uint8)
    return opacity


def _check_finite(samples: np.ndarray) -> None:
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        raise FilmNonFiniteError(
            "Some pixels hold NaN or infinity.",
            fix="Export the film again with whole numbers, for example as 16-bit PNG.",
        )


def _kind(samples: np.ndarray) -> str:
    return "floating point" if samples.dtype.kind == "f" else f"{8 * samples.itemsize} bit"


def _scale_to_grey(
    samples: Shaped[np.ndarray, "height width"], unit: int = 1, *, kind: str = ""
) -> tuple[UInt8[np.ndarray, "height width"], list[str]]:
    """Spread the range that the samples really use over the 256 grey levels.

    Args:
        samples: Integers or floats of any depth; the darkest becomes 0, the
            brightest 255. A constant film becomes black.
        unit: Factor that the samples were multiplied by, for the note.
        kind: Name of the samples in the note; their own type unless given.

    Returns:
        Grey levels, and a note with the range.

    Raises:
        FilmNonFiniteError: A sample is NaN or infinite.
    """
    _check_finite(samples)
    low, high = samples.min(), samples.max()
    kind = kind or _kind(samples)
    if low == high:
        return np.zeros(samples.shape, np.uint8), [f"{kind}, constant at {low / unit:g}"]
    notes = [f"{kind}, scaled from {low / unit:g} to {high / unit:g}"]
    if samples.dtype.kind == "u" and samples.itemsize == 2:
        levels = np.arange(int(low), int(high) + 1)
        table = _spread(levels, levels[0], levels[-1])
        return table[samples - low], notes
    return _spread(samples, low, high), notes


def _spread(samples: np.ndarray, low: Any, high: Any) -> np.ndarray:
    if samples.dtype.kind == "f":
        low, high = float(low), float(high)
        scale = 1.0 if math.isfinite(high - low) else 0.5  # the largest doubles overflow
        offset = samples.astype(np.float64) * scale - low * scale
        span = high * scale - low * scale
    else:
        # Differences of integers wrap round, and are right again when read as unsigned.
        offset = (samples - low).view(f"u{samples.itemsize}").astype(np.float64)
        span = float(int(high) - int(low))
    levels: np.ndarray = np.rint(offset / span * 255).astype(np.uint8)
    return levels


def turn_upright(
    grey: UInt8[np.ndarray, "height width"], orientation: int
) -> UInt8[np.ndarray, "rows columns"]:
    """Undo how the camera or scanner was held.

    Args:
        grey: Picture as stored.
        orientation: EXIF orientation; values other than 2 to 8 change nothing.

    Source: EXIF 2.32, tag 0x0112.
    """
    match orientation:
        case 2:
            grey = grey[:, ::-1]
        case 3:
            grey = grey[::-1, ::-1]
        case 4:
            grey = grey[::-1]
        case 5:
            grey = grey.T
        case 6:
            grey = grey.T[:, ::-1]
        case 7:
            grey = grey[::-1, ::-1].T
        case 8:
            grey = grey.T[::-1]
    return np.ascontiguousarray(grey)

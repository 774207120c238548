"""Views: the pictures of one film that a backbone sees.

The upright film, and copies rotated by up to 15 degrees. Training draws among them in every
epoch, so the backbone runs once per view instead of once per epoch. Parts of the film show what
can be told without the rest of it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from hilum.cohort import Film
from hilum.features.masks import LungMask, load_mask
from hilum.features.objects import remove_objects

VIEWS_VERSION = 1
"""Raised whenever a view's pixels change; part of every feature's address."""

MAX_ANGLE_DEGREES = 15.0

Part = Literal["whole", "frame", "centre", "blur", "objectless", "lungs", "lungless"]
"""Part of the film that is shown. `frame`: the outermost 10 % of each side, the rest black;
`centre`: the opposite; `blur`: all of it, at 14 x 14 px; `objectless`: without small objects;
`lungs`: inside the lung mask, the rest black; `lungless`: the opposite."""

_OF_LUNGS: frozenset[Part] = frozenset({"lungs", "lungless"})

FRAME_SHARE = 0.1
BLUR_PX = 14


@dataclass(frozen=True)
class View:
    """One way to look at a film.

    Attributes:
        angle_degrees: 0 is upright, positive turns counter-clockwise.
        part: What of the film is shown.
        mask: A given lung mask, for the parts that need one; they find the lungs themselves where
            there is none.
    """

    angle_degrees: float = 0.0
    part: Part = "whole"
    mask: LungMask | None = None

    @property
    def key(self) -> str:
        """Name of the view in the store."""
        if self.part == "whole":
            return "upright" if self.angle_degrees == 0 else f"rotated{self.angle_degrees:+.2f}"
        if self.mask is not None:
            return f"{self.part}-{self.mask.sha256[:24]}"
        if self.part not in _OF_LUNGS:
            return self.part
        # Here, as below: predicting looks at no lungs, and stays free of SciPy.
        from hilum.features.lungs import LUNGS_VERSION

        return f"{self.part}-found{LUNGS_VERSION}"


UPRIGHT = View()

FilmViews = Callable[[Film], tuple[View, ...]]
"""Gives the wanted views of a film, equally many for each."""


def film_views(sha256: str, n_rotated: int, seed: int) -> tuple[View, ...]:
    """List the views of a film: upright first, then the rotated ones.

    Angles are uniform within 15 degrees and derive from the film's hash and the seed, so that
    they depend neither on the order of films nor on the number of views.

    Args:
        sha256: Hash of the film's bytes.
        n_rotated: Rotated views, 0 or more.
        seed: Seed of the study.
    """
    return (UPRIGHT, *(View(_angle(sha256, k, seed)) for k in range(n_rotated)))


def rotated_views(n_rotated: int, seed: int) -> FilmViews:
    """Give each film's upright view and `n_rotated` rotated ones."""
    return lambda film: film_views(film.sha256, n_rotated, seed)


def _angle(sha256: str, position: int, seed: int) -> float:
    digest = hashlib.sha256(f"{sha256}:{seed}:{position}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    angle = round((2 * fraction - 1) * MAX_ANGLE_DEGREES, 2)
    return angle or 0.01  # exactly upright would be the upright view twice


def resize_film(
    pixels: UInt8[np.ndarray, "height width"], size_px: int
) -> UInt8[np.ndarray, "size size"]:
    """Resize a film to the backbone's square, antialiased, without its aspect ratio."""
    if pixels.shape == (size_px, size_px):
        return pixels
    resized = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def rotate_film(
    square: UInt8[np.ndarray, "size size"], angle_degrees: float
) -> UInt8[np.ndarray, "size size"]:
    """Turn a square film about its centre, and repeat its edge in the corners.

    Args:
        square: The resized film.
        angle_degrees: Counter-clockwise, at most 15 in size.
    """
    size = square.shape[0]
    margin = math.ceil(size * 0.12) + 2  # corners reach out by at most 11.3 % at 15 degrees
    padded = Image.fromarray(np.pad(square, margin, mode="edge"))
    turn = math.radians(angle_degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    centre = size / 2
    # From a pixel of the result to its place in `padded`.
    coefficients = (
        cosine, -sine, centre - cosine * centre + sine * centre + margin,
        sine, cosine, centre - sine * centre - cosine * centre + margin,
    )  # fmt: skip
    turned = padded.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(turned)


def frame_of(shape: tuple[int, ...]) -> Bool[np.ndarray, "height width"]:
    """Tell which pixels of a film are its frame: the outermost 10 % of each side.

    Args:
        shape: Height and width of the film.
    """
    height, width = shape
    rows, columns = round(FRAME_SHARE * height), round(FRAME_SHARE * width)
    is_frame = np.ones(shape, bool)
    is_frame[rows : height - rows, columns : width - columns] = False
    return is_frame


def share_in_frame(mask: Bool[np.ndarray, "height width"]) -> float:
    """Measure how much of the frame shows lung.

    Args:
        mask: True where there is lung, over the whole film.

    Returns:
        Lung pixels over all pixels within the outermost 10 % of each side, 0 to 1.
    """
    return float(mask[frame_of(mask.shape)].mean())


def show_part(
    square: UInt8[np.ndarray, "size size"],
    part: Part,
    mask: Bool[np.ndarray, "height width"] | None = None,
) -> UInt8[np.ndarray, "size size"]:
    """Black out, or blur, what a part of the film does not show.

    Args:
        square: The resized film.
        part: What is shown.
        mask: For `lungs` and `lungless`: True where there is lung, over the whole film, of
            any size.

    Raises:
        ValueError: A part that needs a mask has none.
    """
    if part == "whole":
        return square
    size = square.shape[0]
    if part == "blur":
        small = Image.fromarray(square).resize((BLUR_PX, BLUR_PX), Image.Resampling.BOX)
        return np.asarray(small.resize((size, size), Image.Resampling.BILINEAR))
    if part == "objectless":
        return remove_objects(square)
    if part in ("frame", "centre"):
        is_shown = frame_of(square.shape)
    else:
        if mask is None:
            raise ValueError(f"the part '{part}' needs a lung mask")
        is_shown = resize_film(mask.astype(np.uint8) * 255, size) > 127
    if part in ("centre", "lungless"):
        is_shown = ~is_shown
    return np.where(is_shown, square, np.uint8(0))


def render_views(
    pixels: UInt8[np.ndarray, "height width"], views: tuple[View, ...], size_px: int
) -> list[UInt8[np.ndarray, "size size"]]:
    """Draw the views of a film at a backbone's size, in the order of `views`.

    Raises:
        FilmError: A lung mask cannot be read.
    """
    square = resize_film(pixels, size_px)
    drawn = []
    found: Bool[np.ndarray, "height width"] | None = None
    for view in views:
        if view.mask is not None:
            mask = load_mask(view.mask)
        elif view.part in _OF_LUNGS:
            from hilum.features.lungs import find_lungs

            found = mask = find_lungs(pixels).mask if found is None else found
        else:
            mask = None
        part = show_part(square, view.part, mask)
        drawn.append(part if view.angle_degrees == 0 else rotate_film(part, view.angle_degrees))
    return drawn

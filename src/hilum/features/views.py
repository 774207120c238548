"""Views: the pictures of one film that a backbone sees.

The upright film, and copies rotated by up to 15 degrees. Training draws among them
in every epoch, so the backbone runs once per view instead of once per epoch.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

VIEWS_VERSION = 1
"""Raised whenever a view's pixels change; part of every feature's address."""

MAX_ANGLE_DEGREES = 15.0


@dataclass(frozen=True)
class View:
    """One way to look at a film; angle 0 is upright, positive turns counter-clockwise."""

    angle_degrees: float

    @property
    def key(self) -> str:
        """Name of the view in the store."""
        return "upright" if self.angle_degrees == 0 else f"rotated{self.angle_degrees:+.2f}"


UPRIGHT = View(0.0)


def film_views(sha256: str, n_rotated: int, seed: int) -> tuple[View, ...]:
    """List the views of a film: upright first, then the rotated ones.

    Angles come from the film's own hash and the seed, uniform within 15 degrees, so
    they depend neither on the order of films nor on how many views are asked for.

    Args:
        sha256: Hash of the film's bytes.
        n_rotated: Rotated views, 0 or more.
        seed: Where every draw of the study begins.
    """
    return (UPRIGHT, *(View(_angle(sha256, k, seed)) for k in range(n_rotated)))


def _angle(sha256: str, position: int, seed: int) -> float:
    digest = hashlib.sha256(f"{sha256}:{seed}:{position}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    angle = round((2 * fraction - 1) * MAX_ANGLE_DEGREES, 2)
    return angle or 0.01  # exactly upright would be the upright view twice


def resize_film(
    pixels: UInt8[np.ndarray, "height width"], size_px: int
) -> UInt8[np.ndarray, "size size"]:
    """Bring a film to the backbone's square, antialiased; the aspect ratio is given up."""
    if pixels.shape == (size_px, size_px):
        return pixels
    resized = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def rotate_film(
    square: UInt8[np.ndarray, "size size"], angle_degrees: float
) -> UInt8[np.ndarray, "size size"]:
    """Turn a square film about its centre; what comes in from outside repeats the edge.

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
    # Maps a pixel of the result to the place in `padded` that it is taken from.
    coefficients = (
        cosine, -sine, centre - cosine * centre + sine * centre + margin,
        sine, cosine, centre - sine * centre - cosine * centre + margin,
    )  # fmt: skip
    turned = padded.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(turned)


def render_views(
    pixels: UInt8[np.ndarray, "height width"], views: tuple[View, ...], size_px: int
) -> list[UInt8[np.ndarray, "size size"]]:
    """Draw the views of a film at a backbone's size, in the order of `views`."""
    square = resize_film(pixels, size_px)
    return [
        square if view == UPRIGHT else rotate_film(square, view.angle_degrees) for view in views
    ]

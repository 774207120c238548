"""What moved inside a film is told from the film having moved."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates
from textured_films import draw_texture, picture_of

from hilum.duplicates.alignment import residual_shifts
from hilum.duplicates.candidates import local_detail

ONE, OTHER = np.array([0]), np.array([1])
AS_IS = np.eye(2, 3, dtype=np.float32)[None]


def shift_between(picture: np.ndarray, other: np.ndarray, affine: np.ndarray = AS_IS) -> float:
    details = local_detail(np.stack([picture, other]), 96)
    return float(residual_shifts(details, ONE, OTHER, affine)[0])


def breathe(picture: np.ndarray, by_px: float) -> np.ndarray:
    """Move the rows of a picture, the lower the further."""
    row, column = np.mgrid[:96, :96].astype(float)
    moved = map_coordinates(picture.astype(float), [row - by_px * (row / 95) ** 2, column], order=1)
    return np.round(moved).astype(np.uint8)


def test_a_film_lies_on_itself() -> None:
    picture = picture_of(draw_texture(0))
    assert shift_between(picture, picture) < 0.01


def test_a_breath_is_measured_in_pixels() -> None:
    picture = picture_of(draw_texture(1))
    # Of a square's rising from 0 to 1, the median is a quarter.
    assert 0.3 < shift_between(picture, breathe(picture, 2.0)) < 0.7
    assert shift_between(picture, breathe(picture, 0.5)) < 0.25


def test_a_map_that_leads_nowhere_is_infinitely_off() -> None:
    picture = picture_of(draw_texture(2))
    away = AS_IS + np.array([[[0, 0, 5], [0, 0, 0]]], np.float32)
    assert shift_between(picture, picture, away) == np.inf

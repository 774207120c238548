"""Alignment finds the map between a film and its copy, how well they agree, and what moved."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates
from textured_films import draw_texture, picture_of

from hilum.duplicates.alignment import (
    align,
    apply_maps,
    inner_points,
    measure,
    residual_shifts,
    sample,
)
from hilum.duplicates.candidates import local_detail

AS_IS = np.eye(2, 3, dtype=np.float32)[None]
ONE, OTHER = np.array([0]), np.array([1])


def details_of(*films: Image.Image, side_px: int = 48) -> np.ndarray:
    return local_detail(np.stack([picture_of(film) for film in films]), side_px)


def moved(film: Image.Image, affine: np.ndarray) -> Image.Image:
    """The film whose place `affine @ p` shows what the film shows at p."""
    half = film.width / 2
    inverse = np.linalg.inv(np.vstack([affine, [0, 0, 1]]))[:2]
    shift = half * (inverse[:, 2] + 1 - inverse[:, :2].sum(axis=1))
    coefficients = np.column_stack([inverse[:, :2], shift]).ravel()
    return film.transform(film.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)


def test_sampling_agrees_with_scipy() -> None:
    (detail,) = details_of(draw_texture(0))
    places = np.random.default_rng(0).uniform(-0.95, 0.95, (1, 2, 200)).astype(np.float32)
    column, row = (places[0] + 1) * 24 - 0.5
    wanted = map_coordinates(detail, [row, column], order=1)
    assert np.allclose(sample(detail[None], ONE, places)[0], wanted, atol=1e-4)


def test_inner_points_are_pixel_centres() -> None:
    points, is_inside = inner_points(24)
    assert is_inside.sum() == len(points) == 18 * 18
    assert np.allclose(points[0], -1 + 2 * 3.5 / 24)
    assert np.allclose(points[1] - points[0], [2 / 24, 0])


@pytest.mark.parametrize(
    "affine",
    [
        [[0.99, 0.05, 0.02], [-0.05, 0.99, -0.03]],
        [[1.04, 0.0, 0.05], [0.0, 0.96, 0.0]],
        [[0.95, 0.03, -0.04], [0.02, 0.97, 0.04]],
    ],
)
def test_a_known_map_is_found(affine: list[list[float]]) -> None:
    wanted = np.array(affine, np.float32)
    film = draw_texture(1)
    found = align(details_of(film, moved(film, wanted)), ONE, OTHER, AS_IS, 12)
    assert np.allclose(found.maps[0], wanted, atol=0.01)
    assert found.correlations[0] > 0.95
    assert measure(details_of(film, film), ONE, OTHER, AS_IS).correlations[0] == pytest.approx(1)


def test_different_films_do_not_agree() -> None:
    details = details_of(draw_texture(2), draw_texture(3), side_px=96)
    assert align(details, ONE, OTHER, AS_IS, 12).correlations[0] < 0.6


def test_overlap_is_the_share_that_both_show() -> None:
    details = details_of(draw_texture(4), draw_texture(4), side_px=96)
    aside = AS_IS + np.array([[[0, 0, 1], [0, 0, 0]]], np.float32)
    assert measure(details, ONE, OTHER, aside).overlaps[0] == pytest.approx(0.5, abs=0.05)


def test_places_move_by_the_map() -> None:
    points = np.array([[0.5, -0.5]], np.float32)
    assert np.allclose(apply_maps(AS_IS * 2 + 0.25, points)[0, :, 0], [1.25, -0.75])


def test_nothing_to_align_is_no_error() -> None:
    none = np.zeros(0, np.int64)
    found = align(details_of(draw_texture(5)), none, none, AS_IS[:0], 3)
    assert found.maps.shape == (0, 2, 3)
    assert found.correlations.shape == found.overlaps.shape == (0,)


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

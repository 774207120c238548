"""Views are drawn from the film and the seed alone, and turn films as they should."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import ndimage

from hilum.features.views import (
    UPRIGHT,
    View,
    film_views,
    render_views,
    resize_film,
    rotate_film,
    show_part,
)

hashes = st.binary(max_size=8).map(lambda data: hashlib.sha256(data).hexdigest())


@given(hashes, st.integers(0, 8), st.integers(0, 2**31))
def test_views_begin_upright_and_stay_within_fifteen_degrees(
    sha256: str, n_rotated: int, seed: int
) -> None:
    views = film_views(sha256, n_rotated, seed)
    assert views[0] == UPRIGHT
    assert len(views) == n_rotated + 1
    assert all(0 < abs(view.angle_degrees) <= 15 for view in views[1:])
    assert views == film_views(sha256, n_rotated, seed)
    assert views[:-1] == film_views(sha256, n_rotated - 1, seed) or n_rotated == 0


def test_angles_differ_between_films_seeds_and_positions() -> None:
    first, second = (hashlib.sha256(text).hexdigest() for text in (b"one", b"two"))
    angles = {
        view.angle_degrees
        for sha256 in (first, second)
        for seed in (0, 1)
        for view in film_views(sha256, 4, seed)[1:]
    }
    assert len(angles) == 16


def test_angles_fill_the_range_evenly() -> None:
    angles = [
        film_views(hashlib.sha256(str(k).encode()).hexdigest(), 1, 0)[1].angle_degrees
        for k in range(4000)
    ]
    counts, _ = np.histogram(angles, bins=6, range=(-15, 15))
    assert counts.min() > 560
    assert counts.max() < 780


@pytest.mark.parametrize("angle", [-15.0, -7.31, 4.2, 15.0])
def test_rotation_equals_an_independent_one(angle: float) -> None:
    rng = np.random.default_rng(3)
    film = ndimage.gaussian_filter(rng.uniform(0, 255, (224, 224)), 6)
    film = ((film - film.min()) / np.ptp(film) * 255).astype(np.uint8)
    expected = ndimage.rotate(film.astype(float), angle, reshape=False, order=1, mode="nearest")
    difference = rotate_film(film, angle).astype(float) - expected
    assert np.abs(difference).max() < 2.0


def test_rotation_repeats_the_edge_and_invents_no_black() -> None:
    assert (rotate_film(np.full((224, 224), 200, np.uint8), 15.0) == 200).all()


def test_a_film_of_the_right_size_is_left_alone() -> None:
    film = np.arange(224 * 224, dtype=np.uint32).astype(np.uint8).reshape(224, 224)
    assert (resize_film(film, 224) == film).all()


def test_views_come_in_order_and_at_the_size() -> None:
    film = np.random.default_rng(0).integers(0, 256, (300, 400), dtype=np.uint8)
    upright, turned = render_views(film, (UPRIGHT, View(10.0)), 240)
    assert upright.shape == turned.shape == (240, 240)
    assert (turned == rotate_film(upright, 10.0)).all()
    assert (upright != turned).any()


def test_frame_and_centre_share_the_film_between_them() -> None:
    square = np.random.default_rng(0).integers(1, 256, (100, 100), dtype=np.uint8)
    frame, centre = show_part(square, "frame"), show_part(square, "centre")
    np.testing.assert_array_equal(frame + centre, square)
    assert not frame[10:90, 10:90].any()
    assert (frame == 0).sum() == 80 * 80
    assert not (frame & centre).any()


def test_a_blurred_film_keeps_its_light_and_loses_its_detail() -> None:
    square = np.random.default_rng(0).integers(0, 256, (140, 140), dtype=np.uint8)
    blurred = show_part(square, "blur")
    assert blurred.shape == square.shape
    assert abs(float(blurred.mean()) - float(square.mean())) < 2
    assert blurred.std() < square.std() / 5


def test_lungs_and_the_rest_share_the_film_between_them() -> None:
    square = np.full((64, 64), 200, np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[8:24, 8:24] = True
    lungs, lungless = show_part(square, "lungs", mask), show_part(square, "lungless", mask)
    np.testing.assert_array_equal(lungs + lungless, square)
    assert 0.2 < (lungs > 0).mean() < 0.3
    with pytest.raises(ValueError, match="needs a lung mask"):
        show_part(square, "lungs")

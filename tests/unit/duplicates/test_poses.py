"""Poses: what they say about places agrees with what Pillow does to pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps
from textured_films import draw_texture, picture_of

from hilum.duplicates.alignment import apply_maps, sample
from hilum.duplicates.candidates import mirror_first, read_pose, rough_poses

SHAPE = (300, 210)
POSES_TURNED, POSES_GROWN = slice(0, 7), slice(7, 13)
ANGLES = (-15, -10, -5, 0, 5, 10, 15)
CENTRE = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 21, dtype=np.float32)] * 2), -1).reshape(
    -1, 2
)


def poses_of(film: Image.Image) -> np.ndarray:
    return rough_poses(np.array([film.size], np.float32))[0]


def best_pose(film: Image.Image, became: Image.Image, poses: np.ndarray) -> int:
    """Which pose shows in `became` what the film shows at its centre."""
    both = np.stack([picture_of(film), picture_of(became)]).astype(np.float32)
    shown = sample(both, np.ones(len(poses), np.int64), apply_maps(poses, CENTRE))
    as_is = sample(both, np.array([0]), CENTRE.T[None])
    return int(np.abs(shown - as_is).mean(axis=1).argmin())


@pytest.mark.parametrize("k", range(7))
def test_a_turned_film_is_found_in_its_pose(k: int) -> None:
    film = draw_texture(0, SHAPE)
    became = film.rotate(ANGLES[k], Image.Resampling.BILINEAR)
    assert best_pose(film, became, poses_of(became)[POSES_TURNED]) == k


@pytest.mark.parametrize("k", range(6))
def test_a_film_turned_on_a_grown_canvas_is_found_in_its_pose(k: int) -> None:
    angle = [angle for angle in ANGLES if angle][k]
    film = draw_texture(1, SHAPE)
    became = film.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    assert best_pose(film, became, poses_of(became)[POSES_GROWN]) == k


def test_a_mirrored_film_is_found_in_the_mirrored_pose() -> None:
    film = draw_texture(2, SHAPE)
    became = ImageOps.mirror(film).rotate(10, Image.Resampling.BILINEAR)
    assert best_pose(film, became, mirror_first(poses_of(became))[POSES_TURNED]) == 5


def test_a_crop_keeps_nine_tenths_of_each_side() -> None:
    cropped = rough_poses(np.array([[100, 100]], np.float32))[0, 13:]
    assert len(cropped) == 9
    assert np.allclose(cropped[:, :, :2], 0.9 * np.eye(2))
    assert np.abs(cropped[:, :, 2]).max() <= 0.1


@pytest.mark.parametrize("angle", [-12.5, 0.0, 3.0, 15.0])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_a_pose_is_read_back_in_degrees_of_the_film(angle: float, is_mirrored: bool) -> None:
    width, height = SHAPE
    turn = np.radians(angle)
    of_film = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    if is_mirrored:
        of_film = of_film @ np.diag([-1, 1])
    linear = np.diag([1 / width, 1 / height]) @ of_film @ np.diag([width, height])
    shape = np.array(SHAPE, np.float32)
    told, degrees = read_pose(linear.astype(np.float32), shape, shape)
    assert told is is_mirrored
    assert degrees == pytest.approx(angle, abs=1e-3)

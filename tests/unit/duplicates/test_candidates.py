"""Candidates hold the copies, each pair once; poses agree with Pillow, detail outlives contrast."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.ndimage import gaussian_filter
from textured_films import draw_texture, picture_of

from hilum.duplicates.alignment import apply_maps, sample
from hilum.duplicates.candidates import (
    BROAD,
    NARROW,
    Band,
    FilmPairs,
    find_candidates,
    local_detail,
    mirror_first,
    read_pose,
    rough_poses,
)

N_FILMS = 300


def propose(pictures: np.ndarray, features: np.ndarray | None = None) -> FilmPairs:
    shapes = np.full((len(pictures), 2), 240, np.float32)
    if features is None:
        features = np.zeros((len(pictures), 4), np.float32)
    return find_candidates(pictures, shapes, features)


def pairs_of(candidates: FilmPairs) -> list[tuple[int, int]]:
    pairs = np.sort(np.stack([candidates.first, candidates.second], axis=1), axis=1)
    return [(int(low), int(high)) for low, high in pairs]


def test_a_turned_copy_is_proposed_among_many_films() -> None:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (N_FILMS, 12, 12), dtype=np.uint8)
    many = np.stack([np.asarray(Image.fromarray(c).resize((96, 96))) for c in coarse])
    film = draw_texture(0)
    turned = [picture_of(film.rotate(angle, Image.Resampling.BILINEAR)) for angle in (0, 13, -8)]
    candidates = propose(np.concatenate([many, turned]))
    pairs = pairs_of(candidates)
    assert {(N_FILMS, N_FILMS + 1), (N_FILMS, N_FILMS + 2)} <= set(pairs)
    assert len(pairs) == len(set(pairs)) <= 5 * (N_FILMS + 3)
    assert (candidates.first != candidates.second).all()


def test_what_features_hold_for_alike_is_proposed_too() -> None:
    pictures = np.stack([picture_of(draw_texture(seed)) for seed in range(40)])
    features = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
    features[31] = 2 * features[3]
    assert (3, 31) in pairs_of(propose(pictures, features))


def test_all_pairs_of_few_films_are_proposed() -> None:
    pictures = np.stack([picture_of(draw_texture(seed)) for seed in range(3)])
    assert pairs_of(propose(pictures)) == [(0, 1), (0, 2), (1, 2)]


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


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize("band", [BROAD, NARROW])
def test_contrast_and_shading_change_little(band: Band) -> None:
    picture = picture_of(draw_texture(0))
    shading = np.linspace(0.5, 1.0, 96)[:, None]
    other = np.round(40 + 0.5 * shading * picture).astype(np.uint8)
    details = local_detail(np.stack([picture, other]), 96, band)
    assert correlation(*details) > 0.97


def test_a_blank_picture_has_none() -> None:
    blank = np.full((1, 96, 96), 200, np.uint8)
    assert np.abs(local_detail(blank, 48)).max() < 1e-3


def test_smoothing_agrees_with_scipy_away_from_the_edges() -> None:
    picture = picture_of(draw_texture(1)).astype(float)
    edges = gaussian_filter(picture, BROAD.fine_px) - gaussian_filter(picture, BROAD.coarse_px)
    wanted = edges / (np.sqrt(gaussian_filter(edges**2, 4.0)) + 1.0)
    (detail,) = local_detail(picture.astype(np.uint8)[None], 96)
    middle = (slice(20, -20), slice(20, -20))
    # At 0.7 pixels a Gaussian sampled at pixel centres is not quite scipy's cut-off one.
    assert np.allclose(detail[middle], wanted[middle], atol=0.02)


def test_detail_of_any_size_shows_the_same() -> None:
    picture = picture_of(draw_texture(2))[None]
    large, small = local_detail(picture, 96)[0], local_detail(picture, 48)[0]
    assert small.shape == (48, 48)
    halved = large.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert correlation(halved, small) > 0.6

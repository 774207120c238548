"""Proposals hold the copies, each pair once, and few others."""

from __future__ import annotations

import numpy as np
from PIL import Image
from textured_films import draw_texture, picture_of

from hilum.duplicates.candidates import FilmPairs, find_candidates

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

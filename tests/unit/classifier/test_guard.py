"""The guard keeps what is like the training films, and refuses what is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from hilum.classifier.guard import fit_guard


def draw_films(n: int, seed: int, width: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centre = np.random.default_rng(99).uniform(0.5, 1.5, width)
    return (centre + rng.normal(0, 0.3, (n, width))).astype(np.float32)


def test_distances_are_those_to_the_nearest_neighbours() -> None:
    films, new = draw_films(80, 0), draw_films(9, 1)
    guard = fit_guard(films, np.arange(80), rng=np.random.default_rng(0), neighbours=5)
    oracle = NearestNeighbors(n_neighbors=5, metric="cosine").fit(films)
    np.testing.assert_allclose(guard.distances(new), oracle.kneighbors(new)[0][:, -1], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_only_the_direction_of_features_counts(scale: float) -> None:
    films, new = draw_films(80, 0), draw_films(9, 1)
    guard = fit_guard(films, np.arange(80), rng=np.random.default_rng(0))
    scaled = fit_guard(scale * films, np.arange(80), rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(scaled.features, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(guard.distances(scale * new), guard.distances(new), atol=1e-6)
    np.testing.assert_allclose(scaled.distances(new), guard.distances(new), atol=1e-6)
    assert scaled.threshold == pytest.approx(guard.threshold, abs=1e-6)


def test_most_new_films_of_the_same_kind_are_kept_and_others_refused() -> None:
    kept = []
    for seed in range(20):
        films = draw_films(300, 2 * seed)
        guard = fit_guard(films, np.arange(300), rng=np.random.default_rng(0))
        kept.append((guard.distances(draw_films(300, 2 * seed + 1)) <= guard.threshold).mean())
    assert np.mean(kept) == pytest.approx(0.99, abs=0.01)
    others = np.random.default_rng(5).uniform(0, 2, (50, 40))
    assert (guard.distances(others) > guard.threshold).all()


def test_a_patients_other_films_do_not_make_the_domain_narrow() -> None:
    patients = np.repeat(np.arange(50), 6)
    films = draw_films(50, 3)[patients] + np.random.default_rng(4).normal(0, 0.01, (300, 40))
    by_film = fit_guard(films, np.arange(300), rng=np.random.default_rng(0))
    by_patient = fit_guard(films, patients, rng=np.random.default_rng(0))
    new = draw_films(200, 5)
    assert (by_film.distances(new) > by_film.threshold).mean() > 0.9
    assert (by_patient.distances(new) <= by_patient.threshold).mean() > 0.95


def test_few_films_have_fewer_neighbours_and_none_is_its_own() -> None:
    films = draw_films(4, 0)
    guard = fit_guard(films, np.array([0, 0, 1, 2]), rng=np.random.default_rng(0))
    assert guard.neighbours == 2  # a film of the group of two has two others
    assert guard.threshold > 0


def test_films_that_all_look_alike_are_no_strangers_to_each_other() -> None:
    films = np.full((40, 1280), 0.37, np.float32)
    guard = fit_guard(films, np.arange(40), rng=np.random.default_rng(0))
    for n_films in (1, 7, 40):  # products of other shapes are rounded otherwise
        distances = guard.distances(films[:n_films])
        assert (distances >= 0).all()
        assert (distances <= guard.threshold).all()


def test_of_very_many_films_some_are_kept_by_the_seed() -> None:
    films = np.random.default_rng(0).normal(1, 0.2, (4196, 8))
    groups = np.arange(len(films))
    one, same, other = (
        fit_guard(films, groups, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one.features.shape == (4096, 8)
    np.testing.assert_array_equal(one.features, same.features)
    assert not np.array_equal(one.features, other.features)
    oracle = NearestNeighbors(n_neighbors=5, metric="cosine").fit(one.features)
    own = np.sort(oracle.kneighbors()[0][:, -1])
    # 99 % of 4,097 are 4,056.03: the 4,057th distance, whichever block its film stands in.
    assert one.threshold == pytest.approx(own[4056], abs=1e-6)
    assert own[4057] - own[4055] > 1e-5


def test_features_of_nothing_are_far_from_everything() -> None:
    guard = fit_guard(draw_films(30, 0), np.arange(30), rng=np.random.default_rng(0))
    assert guard.distances(np.zeros((1, 40)))[0] == 1.0


@pytest.mark.parametrize(("n_films", "rank"), [(300, 298), (200, 199), (99, 99), (20, 20)])
def test_the_limit_is_one_of_the_films_own_distances(n_films: int, rank: int) -> None:
    """Of 300 films, 99 % of 301 are 297.99: the 298th distance; of 20, no more than all of them."""
    films = draw_films(n_films, 7)
    guard = fit_guard(films, np.arange(n_films), rng=np.random.default_rng(0))
    oracle = NearestNeighbors(n_neighbors=5, metric="cosine").fit(films)
    own = np.sort(oracle.kneighbors()[0][:, -1])  # without a query, no film is its own neighbour
    assert guard.threshold == pytest.approx(own[rank - 1], abs=1e-6)
    assert own[rank - 1] - own[rank - 2] > 1e-5


def test_the_smallest_limit_is_what_rounding_takes() -> None:
    films = np.full((40, 1280), 0.37, np.float32)
    guard = fit_guard(films, np.arange(40), rng=np.random.default_rng(0))
    assert guard.threshold == 1e-5


def test_the_first_film_counts_for_the_limit_as_any_other() -> None:
    films = draw_films(20, 8)
    films[0, ::2] = 0.0  # by far the farthest of all
    guard = fit_guard(films, np.arange(20), rng=np.random.default_rng(0))
    own = NearestNeighbors(n_neighbors=5, metric="cosine").fit(films).kneighbors()[0][:, -1]
    assert own.argmax() == 0
    assert own[0] > 2 * np.sort(own)[-2]
    assert guard.threshold == pytest.approx(own[0], abs=1e-6)


def test_films_of_one_group_have_no_others_to_be_far_from() -> None:
    films = draw_films(12, 9)
    guard = fit_guard(films, np.zeros(12, int), rng=np.random.default_rng(0))
    assert guard.neighbours == 1
    assert guard.threshold == 2.0  # the largest distance there is: nothing is refused
    np.testing.assert_allclose(guard.distances(films), 0, atol=1e-6)

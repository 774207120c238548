from __future__ import annotations

import numpy as np
import pytest

from hilum.backbones.records import Pooling
from hilum.classifier.explain.cells import (
    fits_pooling,
    free_log_odds,
    log_odds_slopes,
    map_cells,
    pool_map,
    share_out,
)
from unit.classifier.test_slopes import WIDTH, some_heads

SHAPES: dict[Pooling, tuple[int, int, int]] = {
    "average": (7, 8, WIDTH),
    "average-4x4": (7, 11, WIDTH // 2),  # one row of two whole blocks; the rest is not read
}


def some_map(pooling: Pooling, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(size=SHAPES[pooling]), 0).astype(np.float32)


@pytest.mark.parametrize("pooling", SHAPES)
def test_cells_without_a_reference_sum_to_gradient_times_features(pooling: Pooling) -> None:
    heads, feature_map = some_heads(3), some_map(pooling)
    features = pool_map(feature_map, pooling)
    cells = map_cells(heads, feature_map, 1, pooling=pooling)
    gradient = log_odds_slopes(heads, features[np.newaxis], 1)[0]
    assert cells.contributions.shape == feature_map.shape[:2]
    assert cells.contributions.sum() == pytest.approx(gradient @ features, abs=1e-5)
    assert cells.baseline == pytest.approx(cells.log_odds - gradient @ features, abs=1e-5)
    assert not cells.has_reference


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("pooling", SHAPES)
def test_cells_sum_to_what_the_film_has_more_than_its_reference(
    pooling: Pooling, n_classes: int
) -> None:
    heads, film, reference = some_heads(n_classes), some_map(pooling), some_map(pooling, seed=1)
    cells = map_cells(heads, film, 0, pooling=pooling, reference=reference)
    ends = np.stack([pool_map(film, pooling), pool_map(reference, pooling)])
    here, there = free_log_odds(heads, ends, 0)
    assert cells.contributions.sum() == pytest.approx(here - there, abs=1e-5)
    assert (cells.log_odds, cells.baseline) == pytest.approx((here, there), abs=1e-5)


def test_a_cell_as_the_reference_shows_it_adds_nothing() -> None:
    heads, film, reference = some_heads(2), some_map("average"), some_map("average", seed=1)
    film[3, 4] = reference[3, 4]
    cells = map_cells(heads, film, 0, pooling="average", reference=reference).contributions
    assert cells[3, 4] == 0
    assert np.count_nonzero(cells) == cells.size - 1


def test_blocks_are_read_row_by_row_and_the_rest_not_at_all() -> None:
    feature_map = some_map("average-4x4")
    pooled = pool_map(feature_map, "average-4x4")
    np.testing.assert_allclose(
        pooled[: WIDTH // 2], feature_map[:4, :4].mean(axis=(0, 1)), rtol=1e-5
    )
    np.testing.assert_allclose(
        pooled[WIDTH // 2 :], feature_map[:4, 4:8].mean(axis=(0, 1)), rtol=1e-5
    )
    shared = share_out(np.ones(WIDTH), feature_map.shape, "average-4x4")
    assert np.all(shared[:4, :8] == 1 / 16)
    assert shared.sum() == WIDTH


def test_a_map_that_does_not_pool_to_the_features_is_seen() -> None:
    feature_map = some_map("average")
    features = feature_map.mean(axis=(0, 1))
    assert fits_pooling("average", feature_map, features)
    assert not fits_pooling("average", feature_map, features * 1.1)
    assert not fits_pooling("average", feature_map, features[:-1])
    assert not fits_pooling("largest", feature_map, features)

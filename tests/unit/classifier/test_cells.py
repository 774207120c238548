from __future__ import annotations

import jax
import jax.numpy as jnp
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
from hilum.classifier.heads import HeadStack

WIDTH, HIDDEN = 20, 6
SHAPES: dict[Pooling, tuple[int, int, int]] = {
    "average": (7, 8, WIDTH),
    "average-4x4": (7, 11, WIDTH // 2),  # one row of two whole blocks; the rest is not read
}


def some_heads(n_classes: int, n_heads: int = 4, sharpness: float = 1.0) -> HeadStack:
    rng = np.random.default_rng(n_classes)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return HeadStack(
        hidden_kernel=draw(n_heads, WIDTH, HIDDEN),
        hidden_bias=draw(n_heads, HIDDEN),
        output_kernel=sharpness * draw(n_heads, HIDDEN, n_classes),
        output_bias=draw(n_heads, n_classes),
        temperatures=np.float32(rng.uniform(0.5, 3, n_heads)),
        log_prior_ratios=0.3 * draw(n_heads, n_classes),
        positive=0,
        threshold=0.5,
    )


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


def some_features(n_films: int = 5) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(n_films, WIDTH))


def log_odds_in_jax(heads: HeadStack, features: jax.Array, label: int) -> jax.Array:
    hidden = jax.nn.relu(jnp.einsum("d,hdu->hu", features, heads.hidden_kernel) + heads.hidden_bias)
    logits = jnp.einsum("hu,huk->hk", hidden, heads.output_kernel) + heads.output_bias
    calibrated = jax.nn.log_softmax(logits) / heads.temperatures[:, None] + heads.log_prior_ratios
    log_p = jax.nn.log_softmax(calibrated)[:, label]
    return jnp.mean(log_p - jnp.log(-jnp.expm1(log_p)))


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_gradients_equal_finite_differences(n_classes: int) -> None:
    heads, features, step = some_heads(n_classes), some_features(), 1e-5
    for label in range(n_classes):
        slopes = log_odds_slopes(heads, features, label)
        for k in range(WIDTH):
            nudge = step * np.eye(WIDTH)[k]
            rise = free_log_odds(heads, features + nudge, label) - free_log_odds(
                heads, features - nudge, label
            )
            np.testing.assert_allclose(slopes[:, k], rise / (2 * step), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_equal_those_of_jax(n_classes: int) -> None:
    heads, features = some_heads(n_classes, sharpness=0.3), some_features()
    slopes = log_odds_slopes(heads, features, 1)
    for row, film in zip(slopes, features.astype(np.float32), strict=True):
        expected = jax.grad(lambda x: log_odds_in_jax(heads, x, 1))(jnp.asarray(film))
        np.testing.assert_allclose(row, expected, rtol=2e-3, atol=2e-4)


def test_log_odds_are_those_of_the_predictions() -> None:
    heads, features = some_heads(3, sharpness=0.3), some_features()
    for label in range(3):
        np.testing.assert_allclose(
            free_log_odds(heads, features, label), heads.log_odds(features, label), atol=1e-4
        )


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_slopes_from_a_reference_sum_to_the_difference(n_classes: int) -> None:
    heads, features = some_heads(n_classes), some_features()
    reference = np.random.default_rng(8).normal(size=WIDTH)
    for label in range(n_classes):
        slopes = log_odds_slopes(heads, features, label, reference)
        told = (slopes * (features - reference)).sum(axis=1)
        expected = free_log_odds(heads, features, label) - free_log_odds(
            heads, reference[np.newaxis], label
        )
        np.testing.assert_allclose(told, expected, atol=1e-5)


def test_slopes_from_the_film_itself_are_its_gradient() -> None:
    heads, features = some_heads(3), some_features(1)
    np.testing.assert_allclose(
        log_odds_slopes(heads, features, 2, features[0]),
        log_odds_slopes(heads, features, 2),
        atol=1e-9,
    )


def test_the_surest_films_have_slopes_too() -> None:
    heads, features = some_heads(2, sharpness=40.0), some_features()
    held = heads.log_odds(features, 0)
    free = free_log_odds(heads, features, 0)
    assert np.abs(free).max() > np.abs(held).max() + 10  # far beyond where predictions are held
    assert np.abs(log_odds_slopes(heads, features, 0)).max(axis=1).min() > 0.1

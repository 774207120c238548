from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from hilum.classifier.explain.cells import free_log_odds, log_odds_slopes
from hilum.classifier.heads import HeadStack

WIDTH, HIDDEN = 20, 6


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

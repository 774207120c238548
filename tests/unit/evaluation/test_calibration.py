"""Temperature scaling: known temperatures come back, few films stay finite, mixtures are mended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import softmax

from hilum.evaluation.calibration import (
    calibrate,
    calibrate_heads,
    fit_calibrator,
    log_loss,
    log_prior_ratio,
    pool_calibrated,
)
from hilum.evaluation.results import Calibrator
from hilum.folds.folds import Split
from scored import score_heads


def draw(n, n_classes, *, sharpness, seed):
    """Draw films whose true log probabilities the head overstates by the sharpness."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(n, n_classes))
    shares = softmax(logits, axis=1)
    y = (rng.random((n, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    return softmax(sharpness * logits, axis=1), y


def no_prior(n_classes=2):
    return np.zeros(n_classes)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_finds_a_known_temperature(n_classes, sharpness):
    scores, y = draw(20_000, n_classes, sharpness=sharpness, seed=1)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior(n_classes))
    assert calibrator.temperature == pytest.approx(sharpness, rel=0.05)


def test_agrees_with_a_general_optimiser():
    scores, y = draw(40, 3, sharpness=2.0, seed=4)
    prior = np.array([0.4, -0.1, -0.5])

    def loss(log_sharpness):
        p = softmax(np.log(scores) * np.exp(log_sharpness[0]) + prior, axis=1)
        return (log_sharpness[0] / 0.5) ** 2 / 2 - np.sum(np.log(p[np.arange(40), y]))

    expected = minimize(loss, [0.0], method="BFGS", options={"gtol": 1e-9})
    calibrator = fit_calibrator(scores, y, log_prior_ratio=prior)
    assert calibrator.temperature == pytest.approx(np.exp(-expected.x[0]), rel=1e-4)


@pytest.mark.parametrize("per_class", [1, 3, 30])
def test_films_ranked_without_fault_leave_the_temperature_finite(per_class):
    y = np.repeat([0, 1], per_class)
    p_ill = np.where(y == 1, 0.9, 0.1)
    scores = np.stack([1 - p_ill, p_ill], axis=1)
    temperature = fit_calibrator(scores, y, log_prior_ratio=no_prior()).temperature
    # The pull towards surer scores and the doubt that heads are so far off are in balance.
    p_right = 1 / (1 + 9 ** (-1 / temperature))
    pull = 2 * per_class * (1 - p_right) * np.log(9) / temperature
    assert pull == pytest.approx(-np.log(temperature) / 0.5**2, rel=1e-3)
    assert 0.2 < temperature < 1


def test_scores_of_exactly_0_and_1_are_no_certainty():
    y = np.array([0, 0, 1, 1, 1])
    p_ill = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    scores = np.stack([1 - p_ill, p_ill], axis=1).astype(np.float32)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
    calibrated = calibrate(calibrator, scores)
    assert np.all((calibrated > 0) & (calibrated < 1))
    assert 1 < calibrator.temperature < 100


def test_a_head_that_scores_all_films_alike_keeps_its_temperature():
    scores = np.full((6, 2), 0.5)
    calibrator = fit_calibrator(scores, np.array([0, 0, 0, 0, 1, 1]), log_prior_ratio=no_prior())
    assert calibrator.temperature == 1


def test_a_head_that_is_wrong_throughout_nears_a_coin_the_more_films_say_so():
    temperatures = []
    for per_class in (5, 20, 5_000):
        y = np.repeat([0, 1], per_class)
        p_ill = np.where(y == 1, 0.2, 0.8)
        scores = np.stack([1 - p_ill, p_ill], axis=1)
        calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
        temperatures.append(calibrator.temperature)
    assert 1 < temperatures[0] < temperatures[1] < temperatures[2]
    np.testing.assert_allclose(calibrate(calibrator, scores), 0.5, atol=0.03)


@given(sharpness=st.floats(0.2, 5), seed=st.integers(0, 2**32 - 1))
def test_large_validation_sets_never_raise_the_loss(sharpness, seed):
    scores, y = draw(2_000, 2, sharpness=sharpness, seed=seed)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
    before = log_loss(y == 1, scores[:, 1])
    # What is believed beforehand may cost as little.
    assert log_loss(y == 1, calibrate(calibrator, scores)[:, 1]) <= before + 1e-4


@given(
    temperature=st.floats(0.05, 20),
    prior=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_probabilities_sum_to_1_and_two_classes_keep_their_order(temperature, prior, seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(3), size=20)
    calibrated = calibrate(Calibrator(temperature, np.array(prior)), p)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    two = calibrate(
        Calibrator(temperature, np.array(prior[:2])), np.stack([1 - p[:, 0], p[:, 0]], 1)
    )
    assert np.all(np.diff(two[np.argsort(p[:, 0]), 1]) >= 0)


def test_heads_that_balance_classes_get_the_true_mixture_back():
    rng = np.random.default_rng(7)
    y = (rng.random(40_000) < 0.1).astype(np.int64)
    # Gaussian scores one apart: with equal shares, the log odds of a film at x are x - 1/2.
    log_odds = rng.normal(size=len(y)) + y - 0.5
    p_ill = 1 / (1 + np.exp(-log_odds))
    prior = log_prior_ratio(y, 2)
    calibrator = fit_calibrator(np.stack([1 - p_ill, p_ill], 1), y, log_prior_ratio=prior)
    calibrated = calibrate(calibrator, np.stack([1 - p_ill, p_ill], 1))[:, 1]
    assert calibrator.temperature == pytest.approx(1, abs=0.05)
    assert calibrated.mean() == pytest.approx(y.mean(), abs=0.003)
    truth = 1 / (1 + np.exp(-(log_odds + np.log(y.mean() / (1 - y.mean())))))
    np.testing.assert_allclose(calibrated, truth, atol=0.02)


def test_a_class_without_films_stays_possible():
    ratio = log_prior_ratio(np.array([0, 0, 1, 1]), 3)
    assert np.all(np.isfinite(ratio))
    np.testing.assert_allclose(np.exp(ratio), np.array([2, 2, 0.5]) * 3 / 4.5)
    np.testing.assert_array_equal(log_prior_ratio(np.array([0, 1, 1, 0]), 2), [0, 0])


def split(train, validation, test):
    train, validation, test = (np.array(part, np.int64) for part in (train, validation, test))
    return Split(0, 0, train, validation, test)


def test_each_head_is_calibrated_by_its_own_films_alone():
    scores, y = draw(60, 2, sharpness=3.0, seed=9)
    rng = np.random.default_rng(3)
    films = [rng.permutation(60) for _ in range(2)]
    splits = [split(order[:20], order[20:40], order[40:]) for order in films]
    both = np.stack([scores, scores[:, ::-1]])
    heads = score_heads(both, y, splits)
    calibrators, probabilities = calibrate_heads(heads, balances_classes=True)
    for head, part in enumerate(splits):
        seen = np.concatenate([part.train, part.validation])
        alone = fit_calibrator(
            both[head, part.validation],
            y[part.validation],
            log_prior_ratio=log_prior_ratio(y[seen], 2),
        )
        assert calibrators[head].temperature == alone.temperature
        np.testing.assert_array_equal(calibrators[head].log_prior_ratio, alone.log_prior_ratio)
        np.testing.assert_array_equal(probabilities.scores[head], calibrate(alone, both[head]))


def test_tested_films_are_pooled_as_logarithms_over_their_heads():
    probabilities = np.array([[[0.1, 0.9], [0.5, 0.5]], [[0.5, 0.5], [0.3, 0.7]]])
    splits = [split([], [], [0, 1]), split([], [], [0])]
    pooled = pool_calibrated(score_heads(probabilities, np.array([0, 1]), splits))
    np.testing.assert_array_equal(pooled.films, [0, 1])
    # Odds of 9 and of 1 make odds of 3.
    np.testing.assert_allclose(pooled.scores, [[0.25, 0.75], [0.5, 0.5]])


def test_a_probability_that_rounding_has_made_0_is_pooled_all_the_same():
    probabilities = np.array([[[0.0, 1.0]], [[0.5, 0.5]]])
    splits = [split([], [], [0]), split([], [], [0])]
    pooled = pool_calibrated(score_heads(probabilities, np.array([0]), splits))
    assert pooled.scores[0, 1] == pytest.approx(1)


def test_heads_that_do_not_balance_classes_keep_their_mixture():
    scores, y = draw(30, 2, sharpness=1.0, seed=2)
    splits = [split(range(10), range(10, 20), range(20, 30))]
    heads = score_heads(scores[np.newaxis], y, splits)
    calibrators, _ = calibrate_heads(heads, balances_classes=False)
    np.testing.assert_array_equal(calibrators[0].log_prior_ratio, [0, 0])


def test_refuses_what_would_flatter_or_mislead():
    scores, y = draw(30, 2, sharpness=1.0, seed=2)
    heads = scores[np.newaxis]
    with pytest.raises(ValueError, match="one split per head"):
        calibrate_heads(score_heads(heads, y, []), balances_classes=True)
    flattering = [split(range(10), range(10, 20), range(19, 30))]
    with pytest.raises(ValueError, match="must not be tested"):
        calibrate_heads(score_heads(heads, y, flattering), balances_classes=True)
    with pytest.raises(ValueError, match="at least one validation film"):
        fit_calibrator(scores[:0], y[:0], log_prior_ratio=no_prior())
    with pytest.raises(ValueError, match="finite"):
        fit_calibrator(scores * np.nan, y, log_prior_ratio=no_prior())

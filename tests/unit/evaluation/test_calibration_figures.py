"""All calibration figures at once: their values, and whether the intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import sem, t

from hilum.errors import NoTrialsError
from hilum.evaluation.calibration import (
    brier_score,
    calibration_error,
    estimate_losses,
    log_loss,
    measure_calibration,
)
from scored import score_films


def draw(n, rng, *, sharpness):
    """Draw films whose true log odds are overstated by the sharpness."""
    log_odds = rng.normal(0, 1.5, size=n) + np.where(rng.random(n) < 0.5, 1.2, -1.2)
    truth = expit(log_odds)
    return rng.random(n) < truth, expit(sharpness * log_odds), truth


def test_values_are_those_of_the_single_functions():
    rng = np.random.default_rng(1)
    is_positive, p, _ = draw(150, rng, sharpness=2.0)
    figures = measure_calibration(score_films(is_positive, p), rng=rng, n_bootstraps=200)
    assert figures.brier_score.value == pytest.approx(brier_score(is_positive, p))
    assert figures.log_loss.value == pytest.approx(log_loss(is_positive, p))
    assert figures.calibration_error.value == pytest.approx(calibration_error(is_positive, p))
    for estimate in (figures.brier_score, figures.log_loss, figures.calibration_error):
        assert estimate.low <= estimate.value <= estimate.high
        assert "over 150 groups" in estimate.method
    assert "200 resamples" in figures.calibration_error.method


def test_the_same_generator_gives_the_same_figures():
    is_positive, p, _ = draw(80, np.random.default_rng(1), sharpness=2.0)
    first, second = (
        measure_calibration(
            score_films(is_positive, p), rng=np.random.default_rng(8), n_bootstraps=100
        )
        for _ in range(2)
    )
    assert first.calibration_error == second.calibration_error
    assert first.log_loss == second.log_loss
    assert first.error_by_chance == second.error_by_chance


def test_films_of_one_patient_widen_the_intervals():
    rng = np.random.default_rng(2)
    is_positive, p, _ = draw(60, rng, sharpness=2.0)
    alone = measure_calibration(score_films(is_positive, p), rng=rng)
    four_each = np.repeat(is_positive, 4), np.repeat(p, 4), np.repeat(np.arange(60), 4)
    fourfold = measure_calibration(score_films(*four_each), rng=rng)
    for name in ("brier_score", "log_loss"):
        one, four = getattr(alone, name), getattr(fourfold, name)
        assert (four.low, four.high) == pytest.approx((one.low, one.high))
    one, four = alone.calibration_error, fourfold.calibration_error
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.25)


def test_many_films_have_the_interval_of_a_plain_mean():
    rng = np.random.default_rng(3)
    is_positive, p, _ = draw(20_000, rng, sharpness=1.0)
    brier = estimate_losses(score_films(is_positive, p))["brier_score"]
    squared = (p - is_positive) ** 2
    bounds = t.interval(0.95, 19_999, loc=squared.mean(), scale=sem(squared))
    assert (brier.low, brier.high) == pytest.approx(bounds, abs=1e-4)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=30)
)
def test_intervals_of_losses_have_width_and_hold_the_value(films):
    is_positive, p, groups = (np.array(column) for column in zip(*films, strict=True))
    losses = estimate_losses(score_films(is_positive, p, groups))
    for estimate, largest in ((losses["brier_score"], 1.0), (losses["log_loss"], 16.2)):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= largest
        assert estimate.high - estimate.low > 0.01


def test_probabilities_nearly_certain_have_the_intervals_of_certain_ones():
    is_positive = np.arange(40) < 20
    certain, nearly = (
        estimate_losses(score_films(is_positive, np.where(is_positive, 1 - rest, rest)))
        for rest in (0.0, 1e-6)
    )
    assert nearly["brier_score"].high == pytest.approx(certain["brier_score"].high, rel=0.05)
    # A wrong film would have lost a little less.
    assert 0.8 < nearly["log_loss"].high / certain["log_loss"].high < 1


@pytest.mark.parametrize("is_right", [True, False])
def test_no_interval_claims_certainty(is_right):
    is_positive = np.arange(40) < 20
    p = np.where(is_positive == is_right, 1.0, 0.0)
    figures = measure_calibration(
        score_films(is_positive, p), rng=np.random.default_rng(0), n_bootstraps=100
    )
    for estimate in (figures.brier_score, figures.log_loss, figures.calibration_error):
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.high - estimate.low > 0.05
    assert "all 100 resamples agree" in figures.calibration_error.method


def test_a_single_positive_film_is_enough_and_none_is_not():
    p = np.linspace(0.1, 0.9, 12)
    figures = measure_calibration(
        score_films(np.arange(12) == 11, p), rng=np.random.default_rng(0), n_bootstraps=100
    )
    assert 0 < figures.calibration_error.low <= figures.calibration_error.value
    with pytest.raises(NoTrialsError):
        measure_calibration(score_films(np.zeros(12, dtype=bool), p), rng=np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_films", "sharpness"), [(32, 1.0), (32, 2.5), (160, 1.3), (600, 1.0), (600, 2.5)]
)
def test_intervals_hold_the_truth(n_films, sharpness):
    """The error in the population, over bins as many as the films allow; at least 90 in 100."""
    rng = np.random.default_rng(11)
    _, p, truth = draw(400_000, rng, sharpness=sharpness)
    n_bins = min(10, n_films // 10)
    bin_of = np.searchsorted(np.quantile(p, np.arange(1, n_bins) / n_bins), p)
    error = np.abs(np.bincount(bin_of, truth - p)).sum() / len(p)
    brier = np.mean(truth * (1 - p) ** 2 + (1 - truth) * p**2)
    n_simulations = 300
    held = np.zeros(2)
    for _ in range(n_simulations):
        is_positive, p, _ = draw(n_films, rng, sharpness=sharpness)
        figures = measure_calibration(score_films(is_positive, p), rng=rng, n_bootstraps=300)
        for place, (estimate, value) in enumerate(
            ((figures.calibration_error, error), (figures.brier_score, brier))
        ):
            held[place] += estimate.low <= value <= estimate.high
    # Two standard errors of the simulation are 0.035 at 0.9.
    assert np.all(held / n_simulations >= 0.9 - 0.035)

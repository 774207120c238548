"""Bins of like probability, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from hilum.errors import NoTrialsError
from hilum.evaluation.calibration import (
    bin_films,
    calibration_error,
    error_by_chance,
    trace_reliability,
)
from hilum.evaluation.proportions import clopper_pearson
from scored import score_films


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(100, 400), digits=st.integers(1, 6))
def test_bins_are_those_of_scikit_learn(seed, n, digits):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, size=n).round(digits)
    is_positive = rng.random(n) < p
    reliability = trace_reliability(score_films(is_positive, p))
    shares, means = calibration_curve(
        is_positive, p, n_bins=10, strategy="quantile", pos_label=True
    )
    np.testing.assert_allclose(reliability.share_positive, shares)
    np.testing.assert_allclose(reliability.probability, means)
    error = np.average(np.abs(shares - means), weights=reliability.n_films)
    assert calibration_error(is_positive, p) == pytest.approx(error)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 130), digits=st.integers(0, 3))
def test_every_film_stands_in_one_bin_with_its_equals(seed, n, digits):
    p = np.random.default_rng(seed).random(n).round(digits)
    bins = bin_films(p)
    assert np.all(bins.sum(axis=0) == 1)
    assert np.all(bins.sum(axis=1) > 0)
    assert 1 <= len(bins) <= max(1, n // 10)
    for value in np.unique(p):
        assert np.ptp(bins[:, p == value], axis=1).max() == 0


def test_distinct_probabilities_fill_bins_evenly():
    p = np.random.default_rng(0).permutation(np.linspace(0, 1, 157))
    films = bin_films(p).sum(axis=1)
    assert len(films) == 10
    assert films.max() - films.min() <= 1


def test_bounds_are_those_of_the_share():
    p = np.repeat([0.1, 0.9], 20)
    is_positive = np.concatenate([np.arange(20) < 3, np.arange(20) < 17])
    reliability = trace_reliability(score_films(is_positive, p))
    np.testing.assert_array_equal(reliability.n_films, [20, 20])
    np.testing.assert_allclose(reliability.share_positive, [0.15, 0.85])
    assert reliability.low[0] == clopper_pearson(3, 20).low
    assert reliability.high[1] == clopper_pearson(17, 20).high
    assert calibration_error(is_positive, p) == pytest.approx(0.05)
    of_patients = trace_reliability(score_films(is_positive, p, np.arange(40) // 4))
    assert np.all(of_patients.high - of_patients.low > reliability.high - reliability.low)


def test_right_probabilities_stay_below_the_error_by_chance_in_95_of_100_cohorts():
    rng = np.random.default_rng(5)
    p = rng.beta(0.6, 0.6, size=120)
    limit = error_by_chance(p, np.arange(120), rng=rng, n_draws=4_000)
    errors = [calibration_error(rng.random(120) < p, p) for _ in range(2_000)]
    # Both the limit and the share are drawn: twice the standard error of either, and more.
    assert np.mean(np.array(errors) < limit) == pytest.approx(0.95, abs=0.02)


def test_films_of_one_patient_allow_more_by_chance():
    rng = np.random.default_rng(6)
    p = rng.random(200)
    alone = error_by_chance(p, np.arange(200), rng=rng)
    assert error_by_chance(p, np.arange(200) // 10, rng=rng) > alone


def test_certainty_leaves_nothing_to_chance():
    p = np.repeat([0.0, 1.0], 30)
    assert error_by_chance(p, np.arange(60), rng=np.random.default_rng(0)) == 0
    assert calibration_error(p == 1, p) == 0
    assert calibration_error(p == 0, p) == 1


def test_refuses_no_films():
    with pytest.raises(NoTrialsError):
        calibration_error(np.zeros(0, dtype=bool), np.zeros(0))

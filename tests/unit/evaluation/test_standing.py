"""A baseline beside a model: shares, paired tests and gains, against oracles and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from hilum.evaluation.added_value import measure_gain, stand_beside
from hilum.evaluation.comparison import delong_test
from hilum.evaluation.discrimination import delong_aurocs
from scored import score_films

SEEDS = st.integers(0, 2**32 - 1)


def stand(is_positive, baseline, model, groups=None, seed=0, n_bootstraps=200, **options):
    return stand_beside(
        score_films(is_positive, baseline, groups),
        score_films(is_positive, model, groups),
        rng=np.random.default_rng(seed),
        n_bootstraps=n_bootstraps,
        **options,
    )


def gain(is_positive, before, after, seed=0):
    films = score_films(is_positive, before), score_films(is_positive, after)
    return measure_gain(*films, rng=np.random.default_rng(seed), n_bootstraps=200)


def drawn(seed, n_films=80, baseline=0.5, model=1.5):
    rng = np.random.default_rng(seed)
    is_positive = rng.permutation(np.arange(n_films) % 2 == 0)
    noise = rng.normal(size=(2, n_films))
    return is_positive, noise[0] + baseline * is_positive, noise[1] + model * is_positive


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_agrees_with_scikit_learn_and_with_the_normal_distribution(seed):
    is_positive, baseline, model = drawn(seed)
    standing = stand(is_positive, baseline, model, n_bootstraps=20)
    b, m = roc_auc_score(is_positive, baseline), roc_auc_score(is_positive, model)
    assert standing.baseline.value == pytest.approx(b)
    assert standing.model.value == pytest.approx(m)
    assert standing.share.value == pytest.approx(max(0, (b - 0.5) / (m - 0.5)))
    aurocs = delong_aurocs(is_positive, np.stack([baseline, model]), np.arange(len(model)))
    (v_b, v_bm), (_, v_m) = aurocs.covariance
    assert standing.p_below == pytest.approx(norm.sf((m - b) / np.sqrt(v_b + v_m - 2 * v_bm)))
    assert standing.p_chance == pytest.approx(norm.sf((b - 0.5) / np.sqrt(v_b)))


def test_share_s_bounds_come_from_paired_resamples():
    """A model that moves with its baseline: both AUROCs are vague, the share is not."""
    is_positive, baseline, _ = drawn(1, baseline=1.0)
    duplicate = baseline + 0.01 * np.random.default_rng(0).normal(size=len(baseline))
    standing = stand(is_positive, baseline, duplicate)
    assert standing.share.value == pytest.approx(1, abs=0.02)
    assert 0 < standing.share.high - standing.share.low < 0.05
    assert standing.baseline.high - standing.baseline.low > 0.1


def test_bounds_are_in_order_and_hold_the_value():
    for seed in range(20):
        standing = stand(*drawn(seed, n_films=30, model=0.8))
        for estimate in (standing.baseline, standing.model, standing.share):
            if not math.isnan(estimate.value):
                assert estimate.low <= estimate.value <= estimate.high
                assert estimate.low < estimate.high


def test_a_baseline_below_chance_has_no_share_of_the_model():
    is_positive, baseline, model = drawn(3, baseline=-2.0)
    standing = stand(is_positive, baseline, model)
    assert standing.share.value == 0
    assert standing.share.low == 0 < standing.share.high
    assert standing.p_chance > 0.99
    assert standing.p_below < 0.001


@pytest.mark.parametrize("model", [np.zeros(40), -np.arange(40.0)])
def test_a_model_at_chance_or_below_leaves_no_share(model):
    is_positive = np.arange(40) >= 20
    standing = stand(is_positive, np.arange(40.0), model)
    assert math.isnan(standing.share.value)
    assert math.isnan(standing.share.low)
    assert "not above chance" in standing.share.method
    assert standing.p_below > 0.99


def test_resamples_in_which_the_model_is_at_chance_are_told():
    is_positive, baseline, model = drawn(2, n_films=20, model=0.3)
    standing = stand(is_positive, baseline, model)
    assert standing.model.low < 0.5 < standing.model.value
    assert "without a share" in standing.share.method
    assert np.isfinite([standing.share.low, standing.share.high]).all()


def test_two_perfect_scores_cannot_be_told_apart():
    is_positive = np.arange(60) >= 30
    standing = stand(is_positive, np.arange(60.0), np.arange(60.0) ** 2)
    assert standing.baseline.value == standing.model.value == 1
    assert standing.p_below >= 0.5
    assert standing.p_chance < 1e-6
    assert standing.share.value == 1
    assert standing.share.low == pytest.approx(0.8843, abs=1e-4)
    assert "Clopper-Pearson on the 30 groups" in standing.share.method


def test_a_constant_baseline_is_at_chance_and_below_a_perfect_model():
    is_positive = np.arange(60) >= 30
    standing = stand(is_positive, np.zeros(60), np.arange(60.0))
    assert standing.baseline.value == 0.5
    assert standing.baseline.low < 0.4
    assert standing.baseline.high > 0.6
    assert standing.share.value == 0 < standing.share.high
    assert standing.p_chance == 0.5
    assert standing.p_below == pytest.approx(0.5**30)


def test_a_share_may_exceed_one():
    standing = stand(*drawn(5, n_films=200, baseline=2.0, model=0.7))
    assert standing.share.value > 1
    assert standing.p_below > 0.99


def test_one_patient_on_a_side_proves_nothing():
    is_positive = np.arange(40) >= 20
    groups = np.where(is_positive, 99, np.arange(40))
    standing = stand(is_positive, np.zeros(40), np.arange(40.0), groups)
    assert standing.p_below == 0.5
    assert standing.share.high == pytest.approx(0.975)


def test_films_of_one_patient_widen_the_bounds_and_weaken_the_test():
    is_positive, baseline, model = drawn(7, n_films=30)
    six = [np.repeat(values, 6) for values in (is_positive, baseline, model)]
    as_patients = stand(*six, groups=np.repeat(np.arange(30), 6))
    as_films = stand(*six)
    assert as_patients.p_below > as_films.p_below
    assert as_patients.baseline.low < as_films.baseline.low


def test_inflation_weakens_both_tests_and_leaves_the_figures():
    films = drawn(9)
    plain, inflated = stand(*films), stand(*films, inflation=4.0)
    assert norm.isf(plain.p_chance) == pytest.approx(2 * norm.isf(inflated.p_chance))
    assert norm.isf(plain.p_below) == pytest.approx(2 * norm.isf(inflated.p_below))
    assert plain.baseline == inflated.baseline
    assert plain.share == inflated.share


def test_a_gain_is_the_paired_difference():
    is_positive, before, after = drawn(2, n_films=120)
    measured = gain(is_positive, before, after)
    value = roc_auc_score(is_positive, after) - roc_auc_score(is_positive, before)
    assert measured.difference.value == pytest.approx(value)
    assert measured.difference.low > 0
    assert measured.before.value + measured.difference.value == pytest.approx(measured.after.value)
    back = gain(is_positive, after, before).difference
    assert back.low == pytest.approx(-measured.difference.high)
    assert back.high == pytest.approx(-measured.difference.low)


def test_a_gain_s_bounds_cover_delong_s():
    is_positive, before, after = drawn(4, n_films=400)
    measured = gain(is_positive, before, after).difference
    covariance = delong_aurocs(is_positive, np.stack([before, after]), np.arange(400)).covariance
    sd = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert (measured.high - measured.low) / 2 == pytest.approx(1.96 * sd, rel=0.2)


def test_perfect_before_and_after_is_no_certainty():
    is_positive = np.arange(60) >= 30
    measured = gain(is_positive, np.arange(60.0), np.arange(60.0) ** 3).difference
    assert measured.value == 0
    # Each side's interval reaches down to about 0.95.
    assert -0.1 < measured.low < -0.02 < 0.02 < measured.high < 0.1
    assert "all 200 resamples agree" in measured.method


@pytest.mark.slow
@pytest.mark.parametrize("n_films", [60, 400])
@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_tests_seldom_err_where_nothing_is_there(n_films, strength):
    """One-sided 5 % tests: equal scores look different, and noise better than chance."""
    n_trials = 4000
    is_positive = np.arange(n_films) % 2 == 0
    groups = np.arange(n_films)
    rng = np.random.default_rng(8)
    false_alarms = np.zeros(2)
    for _ in range(n_trials):
        scores = rng.normal(size=(3, n_films))
        scores[:2] += strength * is_positive
        aurocs = delong_aurocs(is_positive, np.vstack([scores, np.zeros(n_films)]), groups)
        for test, (a, b) in enumerate(((1, 0), (2, 3))):
            is_above = aurocs.values[a] > aurocs.values[b]
            false_alarms[test] += is_above and delong_test(aurocs, a, b) / 2 < 0.05
    assert np.all(false_alarms / n_trials <= 0.065)

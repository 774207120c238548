"""The group bootstrap, against a plain loop over the same draws."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.errors import NoTrialsError
from hilum.evaluation.metrics import weighted_metrics
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.resampling import bootstrap_groups, bound_by_resampling, has_no_width
from scored import score_films


def unscored(y_true, groups=None):
    return score_films(y_true == 1, np.zeros(len(y_true)), groups)


def test_agrees_with_a_loop_over_the_same_draws():
    rng = np.random.default_rng(1)
    groups = rng.integers(30, size=80) * 7
    y_true = rng.integers(2, size=80)
    p_ill = rng.random(80).round(1)
    films = score_films(y_true == 1, p_ill, groups)
    seen = []

    def statistics(weights):
        seen.append(weights)
        return weighted_metrics(films, weights)

    figures = bootstrap_groups(
        statistics, films, n_bootstraps=50, rng=np.random.default_rng(2), needs_every_class=True
    )
    weights = np.concatenate(seen, axis=1)
    assert weights.shape == (80, 50)
    for column in range(50):
        rows = np.repeat(np.arange(80), weights[:, column].astype(int))
        wins = [
            (p_ill[i] > p_ill[j]) + 0.5 * (p_ill[i] == p_ill[j])
            for i in rows[y_true[rows] == 1]
            for j in rows[y_true[rows] == 0]
        ]
        assert figures["auroc"][column] == pytest.approx(np.mean(wins))
        accuracy = np.mean((p_ill[rows] > 0.5) == y_true[rows])
        assert figures["accuracy"][column] == pytest.approx(accuracy)


def test_draws_whole_groups_as_many_as_there_are():
    groups = np.array([5, 5, 9, 9, 9, 2])
    drawn = bootstrap_groups(
        lambda weights: {
            "split": np.ptp(weights[groups == 9], axis=0) + np.ptp(weights[groups == 5], axis=0),
            "groups": weights[[0, 2, 5]].sum(axis=0),
        },
        unscored(np.array([0, 1, 0, 1, 0, 1]), groups),
        n_bootstraps=300,
        rng=np.random.default_rng(0),
    )
    assert set(drawn["split"]) == {0}
    assert set(drawn["groups"]) == {3}


def test_each_group_is_drawn_once_on_average():
    drawn = bootstrap_groups(
        lambda weights: {"first": weights[0], "last": weights[-1]},
        unscored(np.arange(10) % 2),
        n_bootstraps=20_000,
        rng=np.random.default_rng(3),
    )
    # The count of one group is binomial with mean 1 and variance 0.9.
    for name in ("first", "last"):
        assert drawn[name].mean() == pytest.approx(1, abs=0.03)
        assert drawn[name].var() == pytest.approx(0.9, abs=0.05)


def test_resamples_without_a_class_are_drawn_again():
    y_true = np.array([1, 0, 0, 0])
    drawn = bootstrap_groups(
        lambda weights: {"positives": weights[0], "others": weights[1:].sum(axis=0)},
        unscored(y_true),
        n_bootstraps=500,
        rng=np.random.default_rng(0),
    )
    assert len(drawn["positives"]) == 500
    assert drawn["positives"].min() >= 1
    assert drawn["others"].min() >= 1


def test_a_class_that_can_never_be_drawn_is_refused():
    with pytest.raises(NoTrialsError):
        bootstrap_groups(
            lambda weights: {"n": weights.sum(axis=0)},
            unscored(np.array([0, 0])),
            n_bootstraps=10,
            rng=np.random.default_rng(0),
        )


def test_folds_move_the_bounds_away_by_the_root_of_their_factor():
    resampled = np.random.default_rng(0).normal(0.7, 0.05, size=4000)
    plain, widened = (
        bound_by_resampling(0.7, resampled, n_groups=50, n_scarcest=20, inflation=factor)
        for factor in (1.0, 2.25)
    )
    assert 0.7 - widened.low == pytest.approx(1.5 * (0.7 - plain.low))
    assert widened.high - 0.7 == pytest.approx(1.5 * (plain.high - 0.7))
    far = bound_by_resampling(0.7, resampled, n_groups=50, n_scarcest=20, inflation=100.0)
    assert (far.low, far.high) == (0, 1)
    agreed = bound_by_resampling(1.0, np.ones(99), n_groups=50, n_scarcest=20, inflation=2.0)
    assert agreed.low == clopper_pearson(10, 10).low


def bound(value, resampled):
    return bound_by_resampling(value, np.asarray(resampled), n_groups=60, n_scarcest=10)


def test_bounds_are_the_middle_95_percent_of_the_resamples():
    estimate = bound(0.5, np.random.default_rng(4).permutation(np.linspace(0.2, 0.8, 601)))
    assert estimate.value == 0.5
    # Of 600 steps of a thousandth each, 15 lie below and 15 above.
    assert (estimate.low, estimate.high) == pytest.approx((0.215, 0.785))
    assert estimate.method == "bootstrap over 60 groups, 601 resamples, percentile"


@pytest.mark.parametrize(
    ("value", "low", "high"), [(0.1, 0.1, 0.785), (0.9, 0.215, 0.9), (0.785, 0.215, 0.785)]
)
def test_bounds_of_skewed_resamples_are_widened_to_the_value(value, low, high):
    estimate = bound(value, np.linspace(0.2, 0.8, 601))
    assert (estimate.low, estimate.high) == pytest.approx((low, high))


@pytest.mark.parametrize("value", [1.0, 0.9])
def test_where_all_resamples_agree_the_scarcest_groups_are_the_trials(value):
    estimate = bound(value, np.full(40, value))
    exact = clopper_pearson(10 * value, 10)
    assert (estimate.value, estimate.low, estimate.high) == (value, exact.low, exact.high)
    assert estimate.method == (
        "Clopper-Pearson on the 10 groups of the smallest class, as all 40 resamples agree"
    )


def test_resamples_agree_where_rounding_or_a_few_alone_differ():
    assert has_no_width(np.array([0.7, 0.7 + 5e-13] * 20))
    assert not has_no_width(np.array([0.7, 0.7 + 5e-12] * 20))
    # Of 401 in a row, ten stand on either side of the middle 95 %.
    assert has_no_width(np.repeat([0.1, 0.7, 0.9], [10, 381, 10]))
    assert not has_no_width(np.repeat([0.1, 0.7], [11, 390]))
    assert not has_no_width(np.repeat([0.7, 0.9], [390, 11]))

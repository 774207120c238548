"""Thresholds keep their promise on films that they have not seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from hilum.errors import NoTrialsError
from hilum.evaluation.operating_point import choose_threshold, promised_share
from hilum.evaluation.results import OperatingPolicy

SENSITIVITY = OperatingPolicy("sensitivity", 0.95)
YOUDEN = OperatingPolicy("youden", None)
scores_of_films = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda k: k / 12)), min_size=2, max_size=40
).filter(lambda films: len({is_positive for is_positive, _ in films}) == 2)


def columns(films):
    return np.array([f[0] for f in films]), np.array([f[1] for f in films])


@pytest.mark.parametrize("kind", ["sensitivity", "specificity"])
@pytest.mark.parametrize(("target", "n_films"), [(0.95, 8), (0.95, 19), (0.9, 25), (0.8, 60)])
def test_the_promise_holds_on_average_for_new_films(kind, target, n_films):
    rng = np.random.default_rng(n_films)
    policy = OperatingPolicy(kind, target)
    n_draws, n_new = 4_000, 50
    is_side = np.arange(3 * n_films) < n_films
    is_positive = is_side if kind == "sensitivity" else ~is_side
    reached = np.empty(n_draws)
    for draw in range(n_draws):
        y_score = rng.normal(is_positive, 1.0)
        threshold = choose_threshold(is_positive, y_score, policy)
        assert threshold.n_validation == n_films
        new = rng.normal(float(kind == "sensitivity"), 1.0, size=n_new)
        is_called = new >= threshold.value
        reached[draw] = np.mean(is_called if kind == "sensitivity" else ~is_called)
    promised = target if threshold.promised is None else threshold.promised
    standard_error = reached.std() / np.sqrt(n_draws)
    assert reached.mean() >= promised - 3 * standard_error
    # No more is given away than one film of the side allows.
    assert reached.mean() <= promised + 1 / (n_films + 1) + 3 * standard_error


@pytest.mark.parametrize(
    ("n_films", "target", "promised"),
    [(18, 0.95, 18 / 19), (19, 0.95, None), (4, 0.95, 0.8), (9, 0.9, None), (100, 1.0, 100 / 101)],
)
def test_too_few_films_promise_less(n_films, target, promised):
    for kind in ("sensitivity", "specificity"):
        assert promised_share(OperatingPolicy(kind, target), n_films) == (
            promised if promised is None else pytest.approx(promised)
        )
    assert promised_share(YOUDEN, n_films) is None


def test_takes_the_order_statistic():
    y_score = np.arange(1, 61) / 100
    is_positive = np.arange(60) >= 20
    # Of 40 positive films, floor(0.05 * 41) = 2 may be given up but for the second itself.
    threshold = choose_threshold(is_positive, y_score, SENSITIVITY)
    assert threshold.value == y_score[21]
    specificity = choose_threshold(is_positive, y_score, OperatingPolicy("specificity", 0.9))
    # Of 20 others, floor(0.1 * 21) = 2: all but the highest stay below.
    assert np.sum(y_score[:20] >= specificity.value) == 1
    assert specificity.value > y_score[18]


@given(films=scores_of_films, target=st.floats(0.05, 1.0))
def test_the_films_themselves_reach_the_target(films, target):
    is_positive, y_score = columns(films)
    for kind, side in (("sensitivity", is_positive), ("specificity", ~is_positive)):
        threshold = choose_threshold(is_positive, y_score, OperatingPolicy(kind, target))
        is_called = y_score >= threshold.value
        is_right = is_called if kind == "sensitivity" else ~is_called
        # The order statistic of m + 1 gaps leaves out k - 1 of m films at most.
        k = max(1, int((1 - target) * (side.sum() + 1) + 1e-9))
        assert np.sum(~is_right[side]) <= k - 1


def test_a_score_that_ties_with_the_threshold_is_called_for_a_sensitivity_only():
    is_positive = np.array([True, True, False, False])
    y_score = np.full(4, 0.5)
    called = {
        kind: y_score >= choose_threshold(is_positive, y_score, OperatingPolicy(kind, 0.9)).value
        for kind in ("sensitivity", "specificity")
    }
    assert called["sensitivity"].all()
    assert not called["specificity"].any()


@given(films=scores_of_films)
def test_youden_is_the_best_of_all_thresholds(films):
    is_positive, y_score = columns(films)
    threshold = choose_threshold(is_positive, y_score, YOUDEN)
    is_called = y_score >= threshold.value
    reached = is_called[is_positive].mean() - is_called[~is_positive].mean()
    false_rate, true_rate, _ = roc_curve(is_positive, y_score, drop_intermediate=False)
    best = np.max(true_rate - false_rate)
    assert reached == pytest.approx(best)
    # Of equals, the one that finds most.
    is_best = true_rate - false_rate >= best - 1e-12
    assert is_called[is_positive].mean() == pytest.approx(true_rate[is_best].max())
    assert threshold.n_validation == min(is_positive.sum(), (~is_positive).sum())
    assert threshold.promised is None


def test_youden_lies_between_two_scores():
    is_positive = np.array([False, False, True, True])
    assert choose_threshold(
        is_positive, np.array([0.1, 0.2, 0.6, 0.9]), YOUDEN
    ).value == pytest.approx(0.4)
    neighbours = np.array([0.5, 0.5, np.nextafter(0.5, 1), 0.9])
    value = choose_threshold(is_positive, neighbours, YOUDEN).value
    np.testing.assert_array_equal(neighbours >= value, is_positive)


def test_refuses_films_that_cannot_choose():
    only = np.ones(3, dtype=bool), np.array([0.1, 0.2, 0.3])
    with pytest.raises(NoTrialsError, match="no films of other classes"):
        choose_threshold(*only, OperatingPolicy("specificity", 0.9))
    with pytest.raises(NoTrialsError, match="no films of other classes"):
        choose_threshold(*only, YOUDEN)
    with pytest.raises(NoTrialsError, match="no positive films"):
        choose_threshold(~only[0], only[1], SENSITIVITY)
    with pytest.raises(ValueError, match="finite"):
        choose_threshold(only[0], only[1] * np.nan, SENSITIVITY)

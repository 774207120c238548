"""Policies in words, and thresholds that keep their promise on films that did not choose them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sklearn.metrics import roc_curve

from hilum.errors import NoTrialsError, RecipeError
from hilum.evaluation.operating_point import (
    Threshold,
    apply_externally,
    call_tested,
    choose_threshold,
    head_thresholds,
    judge_calls,
    parse_policy,
    promised_share,
)
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.results import Confusion, OperatingPolicy
from hilum.folds.folds import Split
from scored import score_films, score_heads

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
    below = np.append(0.1, neighbours)
    value = choose_threshold(np.append(False, is_positive), below, YOUDEN).value
    np.testing.assert_array_equal(below >= value, np.append(False, is_positive))


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


POLICY = OperatingPolicy("sensitivity", 0.9)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("sensitivity=0.95", OperatingPolicy("sensitivity", 0.95)),
        (" specificity = .9 ", OperatingPolicy("specificity", 0.9)),
        ("sensitivity=1", OperatingPolicy("sensitivity", 1.0)),
        ("youden", OperatingPolicy("youden", None)),
    ],
)
def test_reads_a_policy(text, policy):
    assert parse_policy(text) == policy


def test_by_default_19_of_20_ill_people_are_to_be_found():
    assert OperatingPolicy() == OperatingPolicy("sensitivity", 0.95)


@pytest.mark.parametrize(
    "text",
    ["", "sensitivity", "sensitivity=", "sensitivity=95", "sensitivity=95%", "specificity=0",
     "specificity=-0.5", "specificity=nan", "youden=0.5", "youden=", "f1", "0.5"],
)  # fmt: skip
def test_refuses_what_is_no_policy(text):
    with pytest.raises(RecipeError, match="no rule for an operating point") as refusal:
        parse_policy(text)
    assert f"'{text}'" in refusal.value.message
    assert "sensitivity=0.95" in refusal.value.fix


def split(validation, test, fold=0):
    return Split(0, fold, *(np.array(films, dtype=np.int64) for films in ([], validation, test)))


def heads_of(p_ill, splits, y=None):
    p_ill = np.asarray(p_ill)
    scores = np.stack([1 - p_ill, p_ill], axis=-1)
    return score_heads(scores, np.zeros(p_ill.shape[1], int) if y is None else y, splits)


def judged(is_called, is_positive, thresholds, groups=None):
    films = score_films(is_positive, np.zeros(len(is_positive)), groups)
    return judge_calls(films, is_called, thresholds, POLICY)


def applied(point, p_ill, is_positive):
    return apply_externally(point, score_films(is_positive, p_ill.mean(axis=0)), p_ill)


def test_each_head_has_a_threshold_from_its_validation_films():
    rng = np.random.default_rng(0)
    y, p_ill = rng.integers(2, size=40), rng.random((2, 40))
    splits = [split(range(20), range(20, 40)), split(range(15, 40), range(15), fold=1)]
    thresholds = head_thresholds(heads_of(p_ill, splits, y), POLICY)
    assert thresholds == (
        choose_threshold(y[:20] == 1, p_ill[0, :20], POLICY),
        choose_threshold(y[15:] == 1, p_ill[1, 15:], POLICY),
    )
    with pytest.raises(ValueError, match="one split per head"):
        head_thresholds(heads_of(p_ill, splits[:1], y), POLICY)


def test_a_film_is_held_to_the_heads_that_tested_it():
    splits = [split([], [0, 1]), split([], [2, 3], fold=1), split([], [0, 2])]
    p_ill = np.array([[0.3, 0.3, 1, 1], [1, 1, 0.5, 0.8], [0.7, 1, 0.2, 1]])
    thresholds = [Threshold(0.2, 10, None), Threshold(0.8, 10, None), Threshold(0.9, 10, None)]
    # Film 0: 0.5 against 0.6; film 1: 0.3 against 0.2; 2: 1/3 against 6/7; 3: just met.
    is_called = call_tested(heads_of(p_ill, splits), thresholds)
    np.testing.assert_array_equal(is_called, [False, True, False, True])
    with pytest.raises(ValueError, match="one threshold per head"):
        call_tested(heads_of(p_ill, splits), thresholds[:2])


def test_a_film_that_just_meets_every_threshold_is_called():
    rng = np.random.default_rng(1)
    values = rng.random(7)
    splits = [split([], range(300), fold=fold) for fold in range(7)]
    p_ill = np.repeat(values[:, np.newaxis], 300, axis=1)
    thresholds = [Threshold(float(value), 5, None) for value in values]
    assert call_tested(heads_of(p_ill, splits), thresholds).all()


def test_judges_calls():
    is_positive = np.arange(50) < 20
    is_called = np.isin(np.arange(50), [*range(18), 30, 31, 32])
    thresholds = [Threshold(0.2, 5, 5 / 6), Threshold(0.4, 8, 8 / 9), Threshold(0.3, 30, None)]
    point = judged(is_called, is_positive, thresholds)
    # Odds of 1/4, 2/3 and 3/7: their geometric mean.
    odds = (1 / 4 * 2 / 3 * 3 / 7) ** (1 / 3)
    assert point.threshold == pytest.approx(odds / (1 + odds))
    assert point.threshold_sd == pytest.approx(0.1)
    assert point.n_validation == 8
    assert point.promised == pytest.approx(8 / 9)
    assert point.confusion == Confusion(tp=18, fn=2, tn=27, fp=3)
    assert point.accuracy.value == pytest.approx(0.9)
    assert point.sensitivity.value == pytest.approx(0.9)
    assert (point.specificity.low, point.specificity.high) == (
        clopper_pearson(27, 30).low,
        clopper_pearson(27, 30).high,
    )
    of_pairs = judged(is_called, is_positive, thresholds[:1], np.arange(50) // 2)
    assert of_pairs.sensitivity.low < point.sensitivity.low
    assert math.isnan(of_pairs.threshold_sd)
    of_two = judged(is_called, is_positive, thresholds[:2])
    assert of_two.threshold_sd == pytest.approx(0.02**0.5)  # 0.2 and 0.4


def test_the_same_threshold_elsewhere():
    thresholds = [Threshold(0.3, 12, None)]
    point = judged(np.array([True, False]), np.array([True, False]), thresholds)
    healthy = applied(point, np.array([[0.1, 0.3, 0.29]]), np.zeros(3, dtype=bool))
    assert healthy.threshold == point.threshold == pytest.approx(0.3)
    assert healthy.policy == POLICY
    assert healthy.confusion == Confusion(tp=0, fn=0, tn=2, fp=1)
    assert healthy.specificity.value == pytest.approx(2 / 3)
    assert math.isnan(healthy.sensitivity.value)
    assert math.isnan(healthy.sensitivity.low)
    assert healthy.sensitivity.method == "no films"
    ill = applied(point, np.array([[0.1, 0.3]]), np.ones(2, dtype=bool))
    assert ill.confusion == Confusion(tp=1, fn=1, tn=0, fp=0)
    assert ill.specificity.method == "no films"


def test_heads_that_waver_between_the_others_do_not_raise_the_positive_class():
    """Two heads give 0.5 to class 0, and the rest to opposite others: 0.5 it stays."""
    splits = [split([], [0]), split([], [0])]
    scores = np.array([[[0.5, 0.49, 0.01]], [[0.5, 0.01, 0.49]]])
    heads = score_heads(scores, np.array([0]), splits, positive=0)
    assert not call_tested(heads, [Threshold(0.7, 10, None)] * 2).any()
    assert call_tested(heads, [Threshold(0.5, 10, None)] * 2).all()


def test_films_that_are_all_but_certain_are_not_told_apart_by_rounding():
    splits = [split([], range(3), fold=fold) for fold in range(3)]
    p_ill = np.full((3, 3), 1 - 1e-7) + np.array([[0, 1e-16, -1e-16]] * 3)
    thresholds = [Threshold(1 - 1e-7, 10, None)] * 3
    assert call_tested(heads_of(p_ill, splits), thresholds).all()
    point = judged(np.array([True]), np.array([True]), thresholds)
    elsewhere = applied(point, p_ill, np.ones(3, dtype=bool))
    assert elsewhere.confusion.tp == 3

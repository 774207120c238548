"""Policies in words, and thresholds held to films that did not choose them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hilum.errors import RecipeError
from hilum.evaluation.operating_point import (
    Threshold,
    apply_externally,
    call_tested,
    choose_threshold,
    head_thresholds,
    judge_calls,
    parse_policy,
)
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.results import Confusion, OperatingPolicy
from hilum.folds.folds import Split
from scored import score_films, score_heads

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

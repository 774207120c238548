"""Decisions as a whole: what is chosen never sees what is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from hilum.evaluation.calibration import calibrate_heads
from hilum.evaluation.decisions import decide, decide_as_chosen
from hilum.evaluation.operating_point import head_thresholds
from hilum.evaluation.results import OperatingPolicy
from hilum.folds.folds import Split, repeated_folds
from scored import score_heads

POLICY = OperatingPolicy("sensitivity", 0.9)


def study(n=120, *, seed=0, share=0.4, n_repeats=3, sharpness=3.0):
    """Draw a study whose heads are too sure of themselves and taught by balanced classes."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(np.int64)
    groups = np.arange(n)
    splits = repeated_folds(y, groups, n_repeats=n_repeats, seed=seed).splits
    film = 1.5 * (2 * y - 1) + 1.7 * rng.normal(size=n)
    p_ill = expit(sharpness * (film + 0.2 * rng.normal(size=(len(splits), n))))
    return np.stack([1 - p_ill, p_ill], axis=2), y, splits, groups


def run(scores, y, splits, groups, *, positive=1, **options):
    chosen = {
        "policy": POLICY,
        "prevalences": (0.01, 0.1),
        "balances_classes": True,
        "rng": np.random.default_rng(4),
        "n_bootstraps": 100,
    }
    heads = score_heads(scores, y, splits, groups, positive=positive)
    return decide(heads, **(chosen | options))


def test_everything_speaks_of_the_tested_films():
    scores, y, splits, groups = study()
    decisions = run(scores, y, splits, groups)
    assert len(decisions.calibrators) == len(decisions.thresholds) == len(splits) == 15
    assert decisions.probabilities.shape == (120, 2)
    np.testing.assert_allclose(decisions.probabilities.sum(axis=1), 1)
    confusion = decisions.operating_point.confusion
    assert (confusion.tp + confusion.fn, confusion.tn + confusion.fp) == (48, 72)
    odds = decisions.thresholds / (1 - decisions.thresholds)
    mean_odds = np.exp(np.log(odds).mean())
    assert decisions.operating_point.threshold == pytest.approx(mean_odds / (1 + mean_odds))
    assert decisions.operating_point.promised is None or (
        decisions.operating_point.promised < POLICY.target
    )
    assert [values.prevalence for values in decisions.predictive_values] == [0.01, 0.1]
    assert decisions.decision_curve.prevalence == pytest.approx(0.4)
    for figures in (decisions.calibration.before, decisions.calibration.after):
        assert figures.reliability.n_films.sum() == 120


def test_predictive_values_follow_from_the_calls():
    scores, y, splits, groups = study()
    decisions = run(scores, y, splits, groups)
    point = decisions.operating_point
    odds = 0.1 / 0.9 * point.sensitivity.value / (1 - point.specificity.value)
    assert decisions.predictive_values[1].ppv.value == pytest.approx(odds / (1 + odds))


def test_heads_that_were_too_sure_lose_less_when_calibrated():
    scores, y, splits, groups = study(400, share=0.2)
    decisions = run(scores, y, splits, groups)
    before, after = decisions.calibration.before, decisions.calibration.after
    assert after.log_loss.value < before.log_loss.value
    assert after.calibration_error.value < before.calibration_error.value
    assert decisions.probabilities[:, 1].mean() == pytest.approx(0.2, abs=0.03)
    assert all(calibrator.temperature > 1 for calibrator in decisions.calibrators)


@given(seed=st.integers(0, 2**32 - 1), head=st.integers(0, 4))
def test_a_heads_test_films_choose_neither_its_calibrator_nor_its_threshold(seed, head):
    scores, y, splits, _ = study(60, n_repeats=1)
    rng = np.random.default_rng(seed)
    test = splits[head].test
    other_scores, other_y = scores.copy(), y.copy()
    other_scores[:, test] = rng.dirichlet(np.ones(2), size=(len(splits), len(test)))
    other_y[test] = rng.integers(2, size=len(test))
    chosen = []
    for heads_scores, labels in ((scores, y), (other_scores, other_y)):
        alone = score_heads(heads_scores[[head]], labels, [splits[head]])
        calibrators, probabilities = calibrate_heads(alone, balances_classes=True)
        thresholds = head_thresholds(probabilities, POLICY)
        prior = calibrators[0].log_prior_ratio
        chosen.append((calibrators[0].temperature, tuple(prior), thresholds[0]))
    assert chosen[0] == chosen[1]


def test_decisions_are_chosen_head_by_head_in_this_way():
    scores, y, splits, groups = study(60, n_repeats=1)
    decisions = run(scores, y, splits, groups)
    heads = score_heads(scores, y, splits, groups)
    calibrators, probabilities = calibrate_heads(heads, balances_classes=True)
    thresholds = head_thresholds(probabilities, POLICY)
    assert [c.temperature for c in decisions.calibrators] == [c.temperature for c in calibrators]
    np.testing.assert_array_equal(decisions.thresholds, [t.value for t in thresholds])
    # As they are, test films do matter to what is judged.
    other = run(scores, 1 - y, splits, groups)
    assert other.operating_point != decisions.operating_point


def test_scores_that_are_nobodys_business_are_never_read():
    scores, y, splits, groups = study(n_repeats=1)
    unread = scores.copy()
    for of_head, split in zip(unread, splits, strict=True):
        of_head[split.train] = np.nan
    expected, decisions = run(scores, y, splits, groups), run(unread, y, splits, groups)
    np.testing.assert_array_equal(decisions.probabilities, expected.probabilities)
    assert decisions.operating_point == expected.operating_point


def test_the_same_generator_gives_the_same_decisions():
    scores, y, splits, groups = study(60, n_repeats=1)
    first, second = run(scores, y, splits, groups), run(scores, y, splits, groups)
    assert first.calibration.after.calibration_error == second.calibration.after.calibration_error
    np.testing.assert_array_equal(first.decision_curve.low, second.decision_curve.low)


@pytest.mark.parametrize(
    "policy", [OperatingPolicy("specificity", 0.9), OperatingPolicy("youden", None)]
)
def test_more_classes_and_other_policies(policy):
    rng = np.random.default_rng(2)
    y = np.arange(90) % 3
    groups = np.arange(90) // 6
    splits = repeated_folds(y, groups, n_repeats=1, seed=1).splits
    scores = rng.dirichlet(np.ones(3), size=(len(splits), 90))
    scores[:, np.arange(90), y] += 0.6
    scores = (scores / scores.sum(axis=2, keepdims=True)).astype(np.float32)
    decisions = run(scores, y, splits, groups, policy=policy, positive=2, balances_classes=False)
    assert decisions.operating_point.policy == policy
    confusion = decisions.operating_point.confusion
    assert confusion.tp + confusion.fn == 30
    assert "groups" in decisions.operating_point.sensitivity.method
    assert 0 < decisions.operating_point.threshold < 1


def test_validation_films_must_not_be_tested():
    scores, y, splits, groups = study(40, n_repeats=1)
    flattering = [Split(0, s.fold, s.train, s.test, s.test) for s in splits]
    with pytest.raises(ValueError, match="must not be tested"):
        run(scores, y, flattering, groups)


@pytest.mark.slow
def test_the_whole_study_reaches_its_sensitivity():
    """Pooled over repeats, heads and thresholds, the mean over many cohorts keeps the promise."""
    reached = []
    for seed in range(80):
        scores, y, splits, groups = study(160, seed=seed, n_repeats=2)
        point = run(scores, y, splits, groups, n_bootstraps=2).operating_point
        reached.append(point.sensitivity.value)
    standard_error = np.std(reached) / np.sqrt(len(reached))
    promised = POLICY.target if point.promised is None else point.promised
    assert np.mean(reached) >= promised - 2 * standard_error


def test_each_film_is_decided_by_the_backbone_chosen_for_it():
    scores, y, splits, groups = study()
    others, *_ = study(sharpness=1.0)
    both = [run(of_one, y, splits, groups) for of_one in (scores, others)]
    chosen = np.random.default_rng(0).integers(2, size=120)
    films = np.arange(120)
    tested = [score_heads(of_one, y, splits, groups).tested() for of_one in (scores, others)]
    pooled = np.stack([of_one.scores for of_one in tested])
    picked = decide_as_chosen(
        both,
        chosen,
        replace(tested[0], scores=pooled[chosen, films]),
        (0.1,),
        rng=np.random.default_rng(4),
        n_bootstraps=100,
    )
    for film, k in enumerate(chosen):
        np.testing.assert_array_equal(picked.probabilities[film], both[k].probabilities[film])
        assert picked.is_called[film] == both[k].is_called[film]
    confusion = picked.operating_point.confusion
    assert confusion.tp == np.sum(picked.is_called & (y == 1))
    assert confusion.fp == np.sum(picked.is_called & (y == 0))
    assert np.isnan(picked.operating_point.threshold)
    assert picked.operating_point.policy == POLICY
    assert picked.calibrators == ()
    assert len(picked.thresholds) == 0
    before = picked.calibration.before.brier_score.value
    assert before == pytest.approx(np.mean((pooled[chosen, films, 1] - y) ** 2))


def test_choosing_one_backbone_throughout_changes_nothing():
    scores, y, splits, groups = study()
    alone = run(scores, y, splits, groups)
    picked = decide_as_chosen(
        [alone],
        np.zeros(120, np.int64),
        score_heads(scores, y, splits, groups).tested(),
        (0.01, 0.1),
        rng=np.random.default_rng(4),
        n_bootstraps=100,
    )
    assert picked.operating_point.sensitivity == alone.operating_point.sensitivity
    assert picked.predictive_values == alone.predictive_values
    assert picked.calibration.after.brier_score == alone.calibration.after.brier_score

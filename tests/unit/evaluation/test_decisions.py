"""Decisions, predictive values and net benefit: what is chosen never sees what is judged."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import expit, logit
from scipy.stats import binom
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.errors import NoTrialsError
from hilum.evaluation.calibration import calibrate_heads
from hilum.evaluation.decisions import (
    decide,
    decide_as_chosen,
    predictive_values,
    trace_net_benefit,
    weigh_calls,
)
from hilum.evaluation.discrimination import measure_inflation
from hilum.evaluation.operating_point import head_thresholds
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.results import OperatingPolicy
from hilum.folds.folds import Split, repeated_folds
from scored import score_films, score_heads

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
        inflation=measure_inflation(score_heads(scores, y, splits, groups)),
    )
    assert picked.net_benefit == alone.net_benefit
    assert picked.operating_point.sensitivity == alone.operating_point.sensitivity
    assert picked.predictive_values == alone.predictive_values
    assert picked.calibration.after.brier_score == alone.calibration.after.brier_score


@given(
    sensitivity=st.floats(0.01, 0.99),
    specificity=st.floats(0.01, 0.99),
    prevalence=st.floats(0.001, 0.999),
)
def test_count_films_in_a_population(sensitivity, specificity, prevalence):
    ill, healthy = 1e6 * prevalence, 1e6 * (1 - prevalence)
    found, alarmed = ill * sensitivity, healthy * (1 - specificity)
    values = predictive_values(
        sensitivity, specificity, n_positives=50, n_others=70, prevalence=prevalence
    )
    assert values.prevalence == prevalence
    assert values.ppv.value == pytest.approx(found / (found + alarmed))
    spared, missed = healthy - alarmed, ill - found
    assert values.npv.value == pytest.approx(spared / (spared + missed))
    for value in (values.ppv, values.npv):
        assert 0 <= value.low <= value.value <= value.high <= 1


@given(
    tp=st.integers(1, 29),
    fp=st.integers(1, 49),
    prevalence=st.floats(0.001, 0.999),
)
def test_intervals_are_those_of_the_likelihood_ratios(tp, fp, prevalence):
    """The odds of a predictive value are a likelihood ratio times the odds of the prevalence."""
    values = predictive_values(
        tp / 30, 1 - fp / 50, n_positives=30, n_others=50, prevalence=prevalence
    )
    for value, counts, odds in (
        (values.ppv, (tp, 30, fp, 50), logit(prevalence)),
        (values.npv, (50 - fp, 50, 30 - tp, 30), -logit(prevalence)),
    ):
        bounds = confint_proportions_2indep(*counts, compare="ratio", method="log")
        expected = expit(np.log(bounds) + odds)
        np.testing.assert_allclose([value.low, value.high], expected, rtol=1e-6)


def test_a_rare_disease_makes_most_calls_false():
    values = predictive_values(0.95, 0.95, n_positives=200, n_others=200, prevalence=0.01)
    assert values.ppv.value == pytest.approx(0.161, abs=5e-4)
    assert values.npv.value == pytest.approx(0.99947, abs=5e-6)


def test_fewer_effective_films_widen_the_interval():
    many, few = (
        predictive_values(0.9, 0.8, n_positives=n, n_others=2 * n, prevalence=0.1).ppv
        for n in (80.0, 33.3)
    )
    assert few.value == many.value
    assert few.low < many.low < many.high < few.high


def test_figures_without_a_miss_are_bounded_all_the_same():
    values = predictive_values(1.0, 1.0, n_positives=30, n_others=40, prevalence=0.05)
    for value in (values.ppv, values.npv):
        assert value.value == value.high == 1
        assert 0 < value.low < 0.999
        assert value.method.startswith("adjusted logit")
    # A sensitivity of 1 does not disturb the ppv, whose logit exists.
    assert predictive_values(
        1.0, 0.9, n_positives=30, n_others=40, prevalence=0.05
    ).ppv.method.startswith("logit")
    none_found = predictive_values(0.0, 0.9, n_positives=30, n_others=40, prevalence=0.05).ppv
    assert none_found.value == none_found.low == 0 < none_found.high


def test_calls_that_were_never_made_mean_nothing():
    silent = predictive_values(0.0, 1.0, n_positives=5, n_others=5, prevalence=0.2)
    assert math.isnan(silent.ppv.value)
    assert math.isnan(silent.ppv.low)
    assert silent.npv.value == pytest.approx(0.8)
    one_sided = predictive_values(math.nan, 0.9, n_positives=0, n_others=5, prevalence=0.2)
    assert math.isnan(one_sided.npv.value)
    assert one_sided.npv.method == "no films"


def test_refuses_what_is_no_share():
    for prevalence in (0, 1, -0.1, math.nan):
        with pytest.raises(ValueError, match="prevalence must lie"):
            predictive_values(0.9, 0.9, n_positives=5, n_others=5, prevalence=prevalence)
    with pytest.raises(ValueError, match="shares must lie"):
        predictive_values(1.1, 0.9, n_positives=5, n_others=5, prevalence=0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("n_positives", "n_others"), [(10, 22), (16, 16), (40, 120), (80, 80)])
@pytest.mark.parametrize(
    ("sensitivity", "specificity"), [(0.95, 0.6), (0.9, 0.9), (0.98, 0.95), (0.8, 0.99)]
)
def test_intervals_hold_the_truth(n_positives, n_others, sensitivity, specificity):
    """Over every outcome there is, each with its chance: no simulation needed."""
    truth = {
        "ppv": logit(0.1) + math.log(sensitivity / (1 - specificity)),
        "npv": -logit(0.1) + math.log(specificity / (1 - sensitivity)),
    }
    held = dict.fromkeys(truth, 0.0)
    chance_found = binom.pmf(np.arange(n_positives + 1), n_positives, sensitivity)
    chance_spared = binom.pmf(np.arange(n_others + 1), n_others, specificity)
    for found in np.flatnonzero(chance_found > 1e-6):
        for spared in np.flatnonzero(chance_spared > 1e-6):
            values = predictive_values(
                found / n_positives,
                spared / n_others,
                n_positives=n_positives,
                n_others=n_others,
                prevalence=0.1,
            )
            for name, logit_of_truth in truth.items():
                value = getattr(values, name)
                if value.low <= expit(logit_of_truth) <= value.high:
                    held[name] += chance_found[found] * chance_spared[spared]
    assert min(held.values()) >= 0.925


def draw(n, seed, share=0.3):
    rng = np.random.default_rng(seed)
    p = rng.beta(share * 2, (1 - share) * 2, size=n)
    is_positive = rng.random(n) < p
    is_positive[:2] = [True, False]
    return is_positive, p


def trace(is_positive, p, **options):
    return trace_net_benefit(
        score_films(is_positive, p), rng=np.random.default_rng(0), n_bootstraps=50, **options
    )


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 60))
def test_counts_films_at_every_threshold(seed, n):
    is_positive, p = draw(n, seed)
    curve = trace(is_positive, p)
    np.testing.assert_allclose(curve.thresholds, np.linspace(0.01, 0.99, 99))
    for threshold, benefit, of_all in zip(
        curve.thresholds, curve.model, curve.act_on_all, strict=True
    ):
        odds = threshold / (1 - threshold)
        tp, fp = np.sum(is_positive & (p >= threshold)), np.sum(~is_positive & (p >= threshold))
        assert benefit == pytest.approx(tp / n - fp / n * odds, abs=1e-12)
        assert of_all == pytest.approx(is_positive.mean() - (~is_positive).mean() * odds, abs=1e-12)
    assert curve.prevalence == is_positive.mean()
    assert np.all((curve.low <= curve.model) & (curve.model <= curve.high))


def test_acting_on_all_breaks_even_at_the_prevalence():
    is_positive, p = draw(100, 3)
    curve = trace(is_positive, p, prevalence=0.25)
    assert curve.act_on_all[24] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(curve.act_on_all) < 0)


def test_right_probabilities_are_worth_acting_on_everywhere():
    is_positive, p = draw(200_000, 5)
    for prevalence in (None, 0.02, 0.7):
        curve = trace_net_benefit(
            score_films(is_positive, p),
            rng=np.random.default_rng(0),
            prevalence=prevalence,
            n_bootstraps=2,
        )
        # At high thresholds few films count much: rounding of a hundredth of the prevalence.
        slack = 0.01 * curve.prevalence
        usable = curve.thresholds < 0.9
        assert np.all((curve.model >= curve.act_on_all - slack)[usable])
        assert np.all((curve.model >= -slack)[usable])


def test_another_prevalence_moves_the_odds_and_the_mixture():
    is_positive, p = draw(400, 8)
    own, there = is_positive.mean(), 0.05
    curve = trace(is_positive, p, prevalence=there)
    log_odds = np.log(p / (1 - p)) + np.log(there / (1 - there)) - np.log(own / (1 - own))
    acts = expit(log_odds) >= 0.1
    expected = there * acts[is_positive].mean() - (1 - there) * acts[~is_positive].mean() / 9
    assert curve.model[9] == pytest.approx(expected)
    assert curve.prevalence == there
    same = trace(is_positive, p, prevalence=own)
    np.testing.assert_allclose(same.model, trace(is_positive, p).model, atol=1e-12)


def test_certain_probabilities_stay_certain_at_another_prevalence():
    is_positive = np.arange(20) < 5
    curve = trace(is_positive, is_positive.astype(float), prevalence=0.01)
    np.testing.assert_allclose(curve.model, 0.01)


def test_the_band_is_that_of_resampled_films():
    is_positive, p = draw(150, 2)
    curve = trace_net_benefit(
        score_films(is_positive, p), rng=np.random.default_rng(1), n_bootstraps=4_000
    )
    worth = np.where(is_positive, 1.0, -0.25) * (p >= 0.2)
    half_width = 1.96 * worth.std() / np.sqrt(150)
    assert curve.model[19] - curve.low[19] == pytest.approx(half_width, rel=0.1)
    assert curve.high[19] - curve.model[19] == pytest.approx(half_width, rel=0.1)


def test_refuses_what_cannot_be_weighed():
    is_positive, p = draw(20, 1)
    for prevalence in (0.0, 1.0, 2.0):
        with pytest.raises(ValueError, match="prevalence must lie"):
            trace(is_positive, p, prevalence=prevalence)
    with pytest.raises(NoTrialsError):
        trace(np.zeros(20, dtype=bool), p)
    with pytest.raises(NoTrialsError):
        trace(np.zeros(20, dtype=bool), p, prevalence=0.1)


def test_net_benefit_at_the_operating_point_is_what_films_count():
    scores, y, splits, groups = study()
    decisions = run(scores, y, splits, groups)
    told, called = decisions.net_benefit, decisions.is_called
    price = told.threshold / (1 - told.threshold)
    assert told.threshold == decisions.operating_point.threshold
    found, alarmed = np.sum(called & (y == 1)), np.sum(called & (y == 0))
    assert told.model.value == pytest.approx((found - price * alarmed) / 120)
    assert told.act_on_all == pytest.approx((np.sum(y == 1) - price * np.sum(y == 0)) / 120)
    for end in ("low", "value", "high"):
        over = getattr(told.model, end) - told.act_on_all
        assert getattr(told.over_all, end) == pytest.approx(over)


def test_net_benefit_is_bounded_as_by_a_paired_bootstrap():
    """Resamples within the classes, 600 films; Clopper-Pearson is a little wider."""
    rng = np.random.default_rng(3)
    y = np.arange(600) < 200
    called = rng.random(600) < np.where(y, 0.85, 0.3)
    told = weigh_calls(
        clustered_proportion(called[y], np.arange(200)),
        clustered_proportion(~called[~y], np.arange(400)),
        1 / 3,
        0.2,
    )
    found = rng.binomial(200, called[y].mean(), size=20_000)
    alarmed = rng.binomial(400, called[~y].mean(), size=20_000)
    low, high = np.quantile((found - alarmed / 4) / 600, [0.025, 0.975])
    assert told.model.low == pytest.approx(low, abs=0.006)
    assert told.model.high == pytest.approx(high, abs=0.006)


def test_right_calls_throughout_are_no_certainty():
    every_film = clustered_proportion(np.ones(30, dtype=bool), np.arange(30))
    told = weigh_calls(every_film, every_film, 0.5, 0.2)
    assert told.model.value == told.model.high == 0.5
    assert told.model.low < 0.45
    for prevalence, threshold in ((0.0, 0.5), (0.5, 1.0)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            weigh_calls(every_film, every_film, prevalence, threshold)

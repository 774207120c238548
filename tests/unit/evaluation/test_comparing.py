"""Paired tests, against scipy, a worked example and the published table."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar

from hilum.evaluation.comparison import adjust_holm, compare_pairs, delong_test, mcnemar_test
from hilum.evaluation.discrimination import delong_aurocs
from hilum.evaluation.metrics import evaluate
from hilum.folds.folds import single_split
from scored import score_films, score_heads


def scored(p_ill, y_true, groups=None):
    """Scores of one head that tested every film."""
    return score_films(y_true == 1, p_ill, groups)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_the_binomial_test(films):
    is_right_a, is_right_b = np.array(films).T
    for_a, for_b = np.sum(is_right_a & ~is_right_b), np.sum(~is_right_a & is_right_b)
    expected = binomtest(for_a, for_a + for_b).pvalue if for_a + for_b else 1
    p = mcnemar_test(is_right_a, is_right_b, np.arange(len(films)))
    assert p == pytest.approx(expected)
    assert p == mcnemar_test(is_right_b, is_right_a, np.arange(len(films)))


def test_mcnemar_agrees_with_statsmodels_on_a_textbook_table():
    """Agresti's approval ratings: 794 of 1600 said yes twice, 150 left, 86 came."""
    first = np.repeat([True, True, False, False], [794, 150, 86, 570])
    second = np.repeat([True, False, True, False], [794, 150, 86, 570])
    p = mcnemar_test(first, second, np.arange(1600))
    assert p == pytest.approx(mcnemar([[794, 150], [86, 570]], exact=True).pvalue, abs=1e-12)


def test_a_group_speaks_once():
    is_right_a = np.array([True] * 10 + [True] * 3)
    is_right_b = np.array([False] * 10 + [True] * 3)
    assert mcnemar_test(is_right_a, is_right_b, np.arange(13)) == pytest.approx(2 / 2**10)
    one_patient_and_three = np.array([0] * 10 + [1, 2, 3])
    assert mcnemar_test(is_right_a, is_right_b, one_patient_and_three) == 1


def test_a_group_that_is_divided_speaks_for_nobody():
    is_right_a, is_right_b = np.array([True, False]), np.array([False, True])
    assert mcnemar_test(is_right_a, is_right_b, np.array([4, 4])) == 1


def test_delong_p_agrees_with_the_normal_distribution():
    rng = np.random.default_rng(0)
    is_positive = np.arange(60) % 2 == 0
    y_scores = rng.normal(size=(2, 60)) + np.array([[1.5], [0.2]]) * is_positive
    aurocs = delong_aurocs(is_positive, y_scores, np.arange(60))
    variance = aurocs.covariance[0, 0] + aurocs.covariance[1, 1] - 2 * aurocs.covariance[0, 1]
    z = (aurocs.values[0] - aurocs.values[1]) / np.sqrt(variance)
    assert delong_test(aurocs, 0, 1) == pytest.approx(2 * norm.sf(abs(z)))


def test_delong_finds_nothing_between_scores_of_one_order():
    is_positive = np.arange(20) % 2 == 0
    y_score = np.random.default_rng(0).random(20)
    aurocs = delong_aurocs(is_positive, np.stack([y_score, np.exp(y_score)]), np.arange(20))
    assert delong_test(aurocs, 0, 1) == 1


def test_delong_is_not_certain_where_it_sees_no_variance():
    is_positive = np.array([True, True, True, False, False, False])
    perfect_and_constant = np.stack([is_positive.astype(float), np.zeros(6)])
    aurocs = delong_aurocs(is_positive, perfect_and_constant, np.arange(6))
    assert delong_test(aurocs, 0, 1) == 0.25


def test_delong_learns_nothing_from_one_patient():
    is_positive = np.array([True, True, False, False, False])
    y_scores = np.array([[0.9, 0.8, 0.1, 0.2, 0.3], [0.1, 0.2, 0.3, 0.15, 0.9]])
    aurocs = delong_aurocs(is_positive, y_scores, np.array([0, 0, 1, 2, 3]))
    assert delong_test(aurocs, 0, 1) == 1


def test_holm_agrees_with_a_worked_example():
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_raises_keeps_order_and_stays_below_bonferroni(p_values):
    adjusted = adjust_holm(p_values)
    for before, after in zip(p_values, adjusted, strict=True):
        assert before <= after <= min(1, before * len(p_values)) + 1e-15
    for i, j in combinations(range(len(p_values)), 2):
        if p_values[i] < p_values[j]:
            assert adjusted[i] <= adjusted[j]


def test_the_six_networks_of_the_paper_are_tied():
    """Its table 1 on 14 + 18 films: even with errors nested, no pair differs."""
    y_true = np.repeat([1, 0], [14, 18])
    wrong = {"VGG16": [31], "ResNet50V2": [0], "InceptionV3": [0, 1, 2], "Xception": [0, 1]}
    backbones = {}
    for name, films in wrong.items():
        p_ill = np.where(y_true == 1, 0.9, 0.1)
        p_ill[films] = 1 - p_ill[films]
        backbones[name] = scored(p_ill, y_true)
    pairs = compare_pairs(backbones)
    assert [(pair.a, pair.b) for pair in pairs] == list(combinations(wrong, 2))
    assert all(pair.mcnemar_p >= 0.5 and pair.tied for pair in pairs)
    assert pairs[1].accuracy_difference == pytest.approx(31 / 32 - 29 / 32)


def test_a_better_ranking_breaks_a_tie_of_calls():
    rng = np.random.default_rng(3)
    y_true = np.arange(300) % 2
    sharp = 0.25 + 0.2 * y_true + 0.02 * rng.random(300)
    blunt = 0.25 + 0.2 * rng.random(300)
    pair, *_ = compare_pairs({"sharp": scored(sharp, y_true), "blunt": scored(blunt, y_true)})
    assert (pair.accuracy_difference, pair.mcnemar_p) == (0, 1)
    assert pair.auroc_difference > 0.3
    assert not pair.tied


def test_ties_are_judged_after_the_correction():
    y_true = np.arange(40) % 2
    good = np.where(y_true == 1, 0.9, 0.1)
    worse = good.copy()
    worse[:7] = 0.5 + (0.5 - worse[:7]) * 0.01
    backbones = {name: scored(good, y_true) for name in "abcd"}
    backbones["worse"] = scored(worse, y_true)
    pairs = compare_pairs(backbones)
    against_worse = [pair for pair in pairs if pair.b == "worse"]
    assert all(pair.mcnemar_p == pytest.approx(2 / 2**7) for pair in against_worse)
    assert all(pair.adjusted_p > 0.05 for pair in against_worse)
    alone = compare_pairs({name: backbones[name] for name in ("a", "worse")})
    # Two tests of one pair: the smaller p counts twice.
    assert alone[0].mcnemar_p < alone[0].delong_p
    assert alone[0].adjusted_p == pytest.approx(2 * 2 / 2**7)
    assert not alone[0].tied


def test_pairs_are_tested_on_the_tested_films_and_their_groups():
    rng = np.random.default_rng(0)
    y_true = np.repeat([0, 1], [90, 70])
    groups = np.arange(160) // 5
    folds = single_split(y_true)
    evaluations = {}
    for name, signal in (("a", 0.3), ("b", 0.0)):
        p_ill = rng.random((1, 160)) * 0.7 + signal * y_true
        heads = score_heads(np.stack([1 - p_ill, p_ill], axis=2), y_true, folds.splits, groups)
        evaluations[name] = evaluate(heads, rng=rng, n_bootstraps=20)
    (pair,) = compare_pairs({name: evaluations[name].tested for name in evaluations})
    (test,) = (split.test for split in folds.splits)
    is_right = [evaluations[name].y_pred == y_true[test] for name in "ab"]
    aurocs = delong_aurocs(
        y_true[test] == 1,
        np.stack([evaluations[name].scores[:, 1] for name in "ab"]),
        groups[test],
    )
    assert pair.mcnemar_p == mcnemar_test(*is_right, groups[test])
    assert pair.delong_p == delong_test(aurocs, 0, 1)
    assert pair.auroc_difference == pytest.approx(
        evaluations["a"].metrics["auroc"].value - evaluations["b"].metrics["auroc"].value
    )


def test_one_backbone_has_nobody_to_be_compared_with():
    y_true = np.arange(20) % 2
    assert compare_pairs({"only": scored(y_true * 0.8, y_true)}) == ()


def test_backbones_on_different_films_cannot_be_paired():
    y_true = np.arange(20) % 2
    everything = scored(y_true * 0.8, y_true)
    with pytest.raises(ValueError, match="same films"):
        compare_pairs({"all": everything, "half": everything.take(np.arange(10))})


def pairs_of(n_films=160, inflation=1.0, strengths=(1.6, 1.2, 0.3), per_group=1):
    rng = np.random.default_rng(8)
    groups = np.arange(n_films) // per_group
    y_true = groups % 2
    noise = rng.normal(size=n_films)
    backbones = {
        name: scored(norm.cdf((2 * y_true - 1) * strength / 2 + mixed), y_true, groups)
        for name, strength in zip("abc", strengths, strict=True)
        for mixed in [0.8 * noise + 0.6 * rng.normal(size=n_films)]
    }
    return compare_pairs(backbones, inflation=inflation), backbones, y_true


def test_inflation_widens_the_test_of_ranking_and_leaves_the_exact_one():
    plain, *_ = pairs_of()
    inflated, *_ = pairs_of(inflation=1.8)
    for before, after in zip(plain, inflated, strict=True):
        z = norm.isf(before.delong_p / 2)
        assert after.delong_p == pytest.approx(2 * norm.sf(z / np.sqrt(1.8)))
        assert after.mcnemar_p == before.mcnemar_p
        assert after.auroc_difference == before.auroc_difference


def p_of(pairs, name):
    return [getattr(pair, name) for pair in pairs]


def test_both_adjusted_p_are_told_and_a_tie_is_both_above_the_level():
    pairs, *_ = pairs_of()
    adjusted = adjust_holm([p for kind in ("mcnemar_p", "delong_p") for p in p_of(pairs, kind)])
    assert [*p_of(pairs, "adjusted_p"), *p_of(pairs, "adjusted_delong_p")] == adjusted
    assert {pair.tied for pair in pairs} == {True, False}
    for pair in pairs:
        assert pair.tied == (min(pair.adjusted_p, pair.adjusted_delong_p) > 0.05)


@pytest.mark.parametrize("inflation", [1.0, 1.8])
@pytest.mark.parametrize("per_group", [1, 2])
def test_a_tie_says_how_many_films_would_end_it(inflation, per_group):
    pairs, backbones, y_true = pairs_of(inflation=inflation, per_group=per_group)
    groups = np.arange(160) // per_group
    for pair in pairs:
        if not pair.tied:
            assert pair.films_needed is None
            continue
        assert pair.films_needed > 160
        aurocs = delong_aurocs(
            y_true == 1,
            np.stack([backbones[name].scores[:, 1] for name in (pair.a, pair.b)]),
            groups,
        )
        covariance = aurocs.covariance
        variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
        z = norm.isf(0.05 / 6 / 2) + norm.isf(0.2)
        by_ranking = np.ceil(160 * inflation * variance * (z / pair.auroc_difference) ** 2)
        assert pair.films_needed <= by_ranking


def test_equal_backbones_need_no_number_of_films():
    pairs, *_ = pairs_of(strengths=(1.0, 1.0, 1.0))
    y_true = np.arange(40) % 2
    duplicate = scored(np.where(y_true == 1, 0.9, 0.1), y_true)
    (pair,) = compare_pairs({"one": duplicate, "two": duplicate})
    assert pair.tied
    assert pair.films_needed is None
    assert all(pair.films_needed is not None for pair in pairs if pair.tied)

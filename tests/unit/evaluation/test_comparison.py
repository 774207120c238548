"""Paired tests, numbers of films and tiers, against scipy, statsmodels and published figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import expit
from scipy.stats import binom, binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.power import NormalIndPower

from hilum.evaluation.comparison import (
    adjust_holm,
    compare_pairs,
    connor_pairs,
    delong_test,
    films_for_delong,
    films_for_mcnemar,
    mcnemar_power,
    mcnemar_test,
    rank_tiers,
)
from hilum.evaluation.discrimination import delong_aurocs
from hilum.evaluation.metrics import evaluate
from hilum.evaluation.results import PairedComparison
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


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 60))
@pytest.mark.slow
def test_power_agrees_with_a_sum_over_all_tables(n_ahead, n_behind, n_groups):
    ahead, behind = n_ahead / 100, n_behind / 100
    expected = 0.0
    for discordant in range(n_groups + 1):
        chance = binom.pmf(discordant, n_groups, ahead + behind)
        for won in range(discordant + 1):
            is_found = 2 * won != discordant and (won > discordant / 2) == (ahead > behind)
            if is_found and binomtest(won, discordant).pvalue <= 0.05:
                expected += chance * binom.pmf(won, discordant, ahead / (ahead + behind))
    if n_ahead != n_behind:
        assert mcnemar_power(ahead, behind, n_groups) == pytest.approx(expected, abs=1e-9)


def test_connor_s_formula_is_a_z_test_of_the_difference():
    """Connor's number makes both errors what they should be, the spread taken as known."""
    ahead, behind = 0.2, 0.1
    pairs = connor_pairs(ahead, behind, significance_level=0.05)
    under_null = np.sqrt((ahead + behind) / pairs)
    under_truth = np.sqrt((ahead + behind - (ahead - behind) ** 2) / pairs)
    threshold = norm.ppf(0.975) * under_null
    assert norm.sf(threshold, loc=ahead - behind, scale=under_truth) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("n_ahead", "n_behind", "n_groups"),
    [(2, 0, 160), (5, 2, 32), (12, 6, 160), (8, 1, 60), (30, 20, 400), (60, 3, 160)],
)
def test_the_exact_test_has_the_promised_power_at_the_number_told(n_ahead, n_behind, n_groups):
    films = films_for_mcnemar(n_ahead, n_behind, n_groups, n_groups)
    rng = np.random.default_rng(0)
    shares = n_ahead / n_groups, n_behind / n_groups
    tables = rng.multinomial(films, [*shares, 1 - sum(shares)], size=4000)[:, :2]
    p = 2 * binom.cdf(tables.min(axis=1), tables.sum(axis=1), 0.5)
    assert 0.77 < np.mean(p <= 0.05) < 0.85


def test_more_films_are_needed_than_the_normal_distribution_says_but_not_many():
    normal = connor_pairs(12 / 160, 6 / 160, significance_level=0.05)
    assert normal < films_for_mcnemar(12, 6, 160, 160) < 1.1 * normal


def test_where_normal_and_exact_meet_they_agree():
    """Just below and just above the number at which the exact sum is given up."""
    close = [films_for_mcnemar(n, 250, 3000, 3000) for n in range(267, 276)]
    falls = np.array(close[1:]) / close[:-1]
    assert np.all((falls > 0.85) & (falls < 1))


def test_groups_keep_their_size():
    assert films_for_mcnemar(12, 6, 160, 320) == pytest.approx(
        2 * films_for_mcnemar(12, 6, 160, 160), abs=1
    )


def test_delong_agrees_with_the_z_test_of_statsmodels():
    """Two groups of n films whose mean differs: variance 2 / n."""
    per_group = NormalIndPower().solve_power(effect_size=0.3, alpha=0.05, power=0.8)
    n_films = 50
    films = films_for_delong(0.3, 2 / n_films, n_films)
    assert films == np.ceil(per_group)


@given(st.floats(0.001, 0.3), st.floats(1e-5, 0.01), st.integers(10, 1000))
def test_delong_has_the_promised_power_at_the_number_told(difference, variance, n_films):
    films = films_for_delong(difference, variance, n_films)
    assert films == films_for_delong(-difference, variance, n_films)
    if films > 50:
        sd = np.sqrt(variance * n_films / films)
        power = norm.sf(norm.ppf(0.975), loc=difference / sd)
        assert power == pytest.approx(0.8, abs=0.01)


def test_a_stricter_level_needs_more_films():
    assert films_for_mcnemar(12, 6, 160, 160, significance_level=0.01) > films_for_mcnemar(
        12, 6, 160, 160
    )
    assert films_for_delong(0.02, 1e-4, 160, significance_level=0.01) > films_for_delong(
        0.02, 1e-4, 160
    )


def test_no_number_of_films_shows_what_is_not_there():
    assert films_for_mcnemar(4, 4, 160, 160) is None
    assert films_for_mcnemar(0, 0, 160, 160) is None
    assert films_for_delong(0.0, 1e-4, 160) is None
    assert films_for_delong(0.1, 0.0, 160) is None
    assert films_for_delong(1e-9, 1e-3, 160) is None


def pair(a, b, tied):
    return PairedComparison(
        a=a, b=b, accuracy_difference=0.1, auroc_difference=0.1, mcnemar_p=0.5, delong_p=0.5,
        adjusted_p=1.0, tied=tied,
    )  # fmt: skip


def pairs(names, apart):
    return [pair(a, b, {a, b} not in apart) for a, b in combinations(names, 2)]


def test_all_tied_are_one_tier():
    assert rank_tiers("abc", pairs("abc", [])) == (("a", "b", "c"),)


def test_all_apart_are_tiers_of_one():
    apart = [set(both) for both in combinations("abc", 2)]
    assert rank_tiers("abc", pairs("abc", apart)) == (("a",), ("b",), ("c",))


def test_a_chain_of_ties_is_cut_where_the_first_is_better():
    """A ties b and b ties c, and a is better than c: c opens the second tier."""
    assert rank_tiers("abc", pairs("abc", [{"a", "c"}])) == (("a", "b"), ("c",))


def test_one_of_the_middle_may_fall_behind_a_worse_one():
    assert rank_tiers("abcd", pairs("abcd", [{"a", "b"}])) == (("a", "c", "d"), ("b",))


def test_pairs_may_be_given_either_way_round():
    turned = [pair("c", "a", False), pair("b", "a", True), pair("c", "b", True)]
    assert rank_tiers("abc", turned) == (("a", "b"), ("c",))


def test_one_backbone_is_one_tier_and_none_is_none():
    assert rank_tiers(["only"], []) == (("only",),)
    assert rank_tiers([], []) == ()


def test_refuses_what_was_not_compared_and_who_is_named_twice():
    with pytest.raises(ValueError, match="a was not compared with c"):
        rank_tiers("abc", pairs("ab", []))
    with pytest.raises(ValueError, match="one place"):
        rank_tiers("aab", pairs("ab", []))


@given(st.sets(st.sampled_from([frozenset(both) for both in combinations("abcdef", 2)])))
def test_everybody_has_one_place_and_is_tied_with_the_first_of_the_tier(apart):
    tiers = rank_tiers("abcdef", pairs("abcdef", apart))
    assert sorted(name for tier in tiers for name in tier) == list("abcdef")
    for index, (first, *others) in enumerate(tiers):
        assert all({first, other} not in apart for other in others)
        later = [name for tier in tiers[index + 1 :] for name in tier]
        assert all({first, name} in apart for name in later)


def test_both_p_values_are_told_where_patients_have_several_films():
    rng = np.random.default_rng(2)
    groups = np.arange(120) // 3
    y = groups % 2
    a, b = (rng.normal(size=40)[groups] + y for _ in range(2))
    ((a_scored, b_scored), (a_alone, b_alone)) = (
        [scored(expit(score), y, of) for score in (a, b)] for of in (groups, np.arange(120))
    )
    (several,) = compare_pairs({"a": a_scored, "b": b_scored}, inflation=1.8)
    (single,) = compare_pairs({"a": a_alone, "b": b_alone}, inflation=1.8)
    assert (several.mcnemar_p_films, several.delong_p_films) == (single.mcnemar_p, single.delong_p)
    assert several.delong_p > several.delong_p_films
    assert (single.mcnemar_p_films, single.delong_p_films) == (None, None)

"""Differences between levels: found where they are, and not oftener than promised elsewhere."""

from __future__ import annotations

from itertools import combinations
from math import comb, isnan

import numpy as np
import pytest
from scipy.stats import fisher_exact

from hilum.evaluation.subgroups import compare_levels
from scored import score_films


def films(n_films=120, seed=0, strength=1.5):
    rng = np.random.default_rng(seed)
    is_positive = np.arange(n_films) % 2 == 0
    y_score = rng.normal(size=n_films) + strength * is_positive
    return is_positive, y_score, np.random.default_rng(seed + 1)


def test_agrees_with_fisher_s_exact_test_on_two_levels():
    """With single films the deals of two equal levels are the tables that Fisher counts."""
    levels = np.repeat([0, 1, 0, 1], [10, 10, 5, 5])
    is_positive = np.repeat([True, False], [20, 10])
    is_called = np.zeros(30, bool)
    is_called[:9] = True  # 9 of 10 on the first level
    is_called[10:13] = True  # 3 of 10 on the second
    tests = compare_levels(
        levels, score_films(is_positive, is_called.astype(float)),
        rng=np.random.default_rng(0), n_permutations=20_000,
    )  # fmt: skip
    assert tests.sensitivity == pytest.approx(fisher_exact([[9, 1], [3, 7]]).pvalue, abs=0.003)
    assert tests.specificity == 1


def test_agrees_with_all_deals_counted_out():
    """AUROC on 4 + 4 films of which 2 + 2 stand on each level: 36 deals are all there are."""
    is_positive = np.repeat([True, False], 4)
    y_score = np.array([0.9, 0.8, 0.3, 0.2, 0.1, 0.15, 0.7, 0.6])
    levels = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    tests = compare_levels(
        levels, score_films(is_positive, y_score),
        rng=np.random.default_rng(0), n_permutations=20_000,
    )  # fmt: skip
    # The true deal has AUROCs of 1 and 0: only it and its mirror image are so far apart.
    wins = y_score[:4, None] > y_score[None, 4:]
    apart = 0
    for of_positives in combinations(range(4), 2):
        for of_others in combinations(range(4), 2):
            here = wins[np.ix_(of_positives, of_others)].mean()
            rest = np.setdiff1d(range(4), of_positives), np.setdiff1d(range(4), of_others)
            apart += abs(here - wins[np.ix_(*rest)].mean()) == 1
    assert tests.auroc == pytest.approx(apart / comb(4, 2) ** 2, abs=0.01)


def test_finds_a_level_on_which_the_score_knows_nothing():
    is_positive, y_score, rng = films()
    levels = np.arange(120) // 2 % 3
    y_score[levels == 2] = rng.normal(size=40) + 0.75
    tests = compare_levels(levels, score_films(is_positive, y_score, threshold=0.75), rng=rng)
    assert tests.auroc < 0.01


def test_another_prevalence_is_no_difference():
    rng = np.random.default_rng(0)
    levels = np.repeat([0, 1], [300, 300])
    is_positive = rng.random(600) < np.where(levels == 0, 0.1, 0.6)
    y_score = rng.normal(size=600) + 1.5 * is_positive
    tests = compare_levels(levels, score_films(is_positive, y_score, threshold=0.75), rng=rng)
    assert min(tests.auroc, tests.sensitivity, tests.specificity) > 0.1


def test_films_of_one_patient_count_once():
    """One patient of 30 films who is missed is no difference between levels."""
    is_positive = np.ones(50, bool)
    groups = np.concatenate([np.arange(20), np.full(30, 20)])
    levels = np.where(groups % 5 == 0, 1, 0)
    is_called = groups < 20
    apart, together = (
        compare_levels(
            levels, score_films(is_positive, is_called.astype(float), unit),
            rng=np.random.default_rng(0),
        ).sensitivity
        for unit in (np.arange(50), groups)
    )  # fmt: skip
    assert apart < 0.001
    assert together > 0.1


def test_what_does_not_exist_has_no_p():
    is_positive, y_score, rng = films(40)
    scored = score_films(is_positive, y_score, threshold=0.0)
    one_level = compare_levels(np.zeros(40, int), scored, rng=rng)
    assert all(map(isnan, (one_level.auroc, one_level.sensitivity, one_level.specificity)))
    # All positive films on one level: no AUROC and no sensitivity on the other.
    levels = np.where(is_positive, 0, np.arange(40) // 2 % 2)
    tests = compare_levels(levels, scored, rng=rng)
    assert isnan(tests.auroc)
    assert isnan(tests.sensitivity)
    assert 0 < tests.specificity <= 1


def test_perfect_scores_do_not_differ():
    is_positive, _, rng = films(40)
    tests = compare_levels(
        np.arange(40) % 4 // 2, score_films(is_positive, is_positive * 1.0), rng=rng
    )
    assert (tests.auroc, tests.sensitivity, tests.specificity) == (1, 1, 1)


def test_same_seed_same_p_and_films_in_any_order():
    is_positive, y_score, _ = films()
    levels, groups = np.arange(120) % 3, np.arange(120) // 2

    def tests(order=slice(None)):
        scored = score_films(is_positive[order], y_score[order], groups[order], threshold=0.75)
        return compare_levels(levels[order], scored, rng=np.random.default_rng(5))

    assert tests() == tests() == tests(np.random.default_rng(0).permutation(120))

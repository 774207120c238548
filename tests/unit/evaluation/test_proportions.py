"""Intervals for proportions, against scipy and against published tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest, t

from hilum.errors import NoTrialsError
from hilum.evaluation.proportions import (
    clopper_pearson,
    clustered_proportion,
    effective_trials,
    wilson,
)

COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# Newcombe (1998), Statistics in Medicine 17:857-872, table I: the exact and the score method.
NEWCOMBE = [
    (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
    (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
    (0, 20, (0.0000, 0.1684), (0.0000, 0.1611)),
    (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
]


@pytest.mark.parametrize(("successes", "trials", "exact", "score"), NEWCOMBE)
def test_agrees_with_the_published_table(successes, trials, exact, score):
    by_clopper, by_wilson = clopper_pearson(successes, trials), wilson(successes, trials)
    assert (by_clopper.low, by_clopper.high) == pytest.approx(exact, abs=5e-5)
    assert (by_wilson.low, by_wilson.high) == pytest.approx(score, abs=5e-5)


def test_a_perfect_score_on_fourteen_films_is_far_from_certain():
    interval = clopper_pearson(14, 14)
    assert interval.low == pytest.approx(0.768, abs=5e-4)
    assert interval.high == 1


@given(COUNTS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_agrees_with_scipy(counts, level):
    successes, trials = counts
    test = binomtest(successes, trials)
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        theirs = test.proportion_ci(confidence_level=level, method=method)
        interval = ours(successes, trials, confidence_level=level)
        assert (interval.low, interval.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("bound", [clopper_pearson, wilson])
@given(counts=COUNTS)
def test_holds_the_proportion_and_never_has_zero_width(bound, counts):
    successes, trials = counts
    interval = bound(successes, trials)
    assert 0 <= interval.low <= successes / trials <= interval.high <= 1
    assert interval.high - interval.low > 0


@pytest.mark.parametrize("bound", [clopper_pearson, wilson])
@given(counts=COUNTS)
def test_one_more_success_raises_both_bounds(bound, counts):
    successes, trials = counts
    fewer, more = bound(max(successes - 1, 0), trials), bound(successes, trials)
    assert fewer.low <= more.low
    assert fewer.high <= more.high


@pytest.mark.parametrize("bound", [clopper_pearson, wilson])
@given(counts=COUNTS)
def test_counting_failures_mirrors_the_interval(bound, counts):
    successes, trials = counts
    interval, mirrored = bound(successes, trials), bound(trials - successes, trials)
    assert (interval.low, interval.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


def test_admits_a_fraction_of_a_success():
    between = clopper_pearson(7.5, 10)
    assert clopper_pearson(7, 10).low < between.low < clopper_pearson(8, 10).low


@pytest.mark.parametrize("bound", [clopper_pearson, wilson])
def test_refuses_a_proportion_of_nothing(bound):
    with pytest.raises(NoTrialsError, match="no films"):
        bound(0, 0)


@pytest.mark.parametrize("bound", [clopper_pearson, wilson])
@pytest.mark.parametrize(
    ("successes", "trials", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)]
)
def test_refuses_counts_and_levels_that_cannot_be(bound, successes, trials, level):
    with pytest.raises(ValueError, match=r"must lie between"):
        bound(successes, trials, confidence_level=level)


def test_films_of_different_groups_are_independent_trials():
    is_right = np.arange(20) < 13
    estimate = clustered_proportion(is_right, np.random.default_rng(0).permutation(20))
    exact = clopper_pearson(13, 20)
    assert (estimate.value, estimate.low, estimate.high) == (0.65, exact.low, exact.high)
    assert estimate.also == {"wilson": wilson(13, 20)}
    assert estimate.method == "Clopper-Pearson, 20 films"


def test_copies_within_a_group_are_hardly_more_than_one_film():
    of_group = np.random.default_rng(1).random(50) < 0.7
    trials = effective_trials(np.repeat(of_group, 4), np.repeat(np.arange(50), 4))
    assert 47 < trials <= 50


def test_independent_films_in_groups_are_nearly_as_many_trials():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(300), 2)
    trials = np.mean([effective_trials(rng.random(600) < 0.7, groups) for _ in range(50)])
    assert 540 < trials <= 600


def test_effective_trials_agree_with_a_design_effect_by_hand():
    """Forty groups of two, each all right or all wrong but for four: the ratio's variance."""
    right = np.array([2] * 24 + [0] * 12 + [1] * 4)
    is_right = np.concatenate([np.arange(2) < r for r in right])
    share = is_right.mean()
    variance = np.sum((right - 2 * share) ** 2) * 40 / 39 / 80**2
    design_effect = variance / (share * (1 - share) / 80)
    # 15 groups hold a wrong film beyond the first such group; being all alike would be 2.
    drawn = (15 * design_effect + 4 * max(2, design_effect)) / 19
    student = (15 * (t.ppf(0.975, 79) / t.ppf(0.975, 39)) ** 2 + 4) / 19
    trials = effective_trials(is_right, np.repeat(np.arange(40), 2))
    assert trials == pytest.approx(80 / drawn * student, rel=1e-12)


@pytest.mark.parametrize("is_all_right", [True, False])
def test_where_all_films_are_called_alike_only_groups_count(is_all_right):
    estimate = clustered_proportion(np.full(90, is_all_right), np.arange(90) // 3)
    exact = clopper_pearson(30 * is_all_right, 30)
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high))
    naive = clopper_pearson(90 * is_all_right, 90)
    assert estimate.also["films_as_independent"] == naive
    assert "90 films of 30 groups tell as much as 30 independent films" in estimate.method


@given(st.integers(0, 2**16), st.integers(1, 12), st.floats(0, 1))
def test_clustered_bounds_hold_the_share_and_are_no_surer_than_films(seed, n_groups, share):
    rng = np.random.default_rng(seed)
    groups = rng.integers(n_groups, size=30)
    is_right = rng.random(30) < share
    estimate = clustered_proportion(is_right, groups)
    naive = clopper_pearson(int(is_right.sum()), 30)
    assert 1 <= effective_trials(is_right, groups) <= 30
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.low <= naive.low + 1e-12
    assert estimate.high >= naive.high - 1e-12


def test_one_more_right_group_does_not_make_bounds_jump():
    groups = np.repeat(np.arange(40), 3)
    lows = [clustered_proportion(np.arange(120) >= 3 * wrong, groups).low for wrong in (3, 2, 1, 0)]
    assert np.all(np.diff(lows) > 0)
    assert np.diff(lows).max() < 0.06


@pytest.mark.parametrize(
    ("n_groups", "n_each", "largest_step"),
    [(2, 20, 0.02), (3, 20, 0.02), (4, 10, 0.03), (8, 4, 0.05)],
)
def test_one_wrong_film_of_few_groups_does_not_make_bounds_jump(n_groups, n_each, largest_step):
    n_films = n_groups * n_each
    groups = np.repeat(np.arange(n_groups), n_each)
    all_right = clustered_proportion(np.ones(n_films, dtype=bool), groups)
    one_wrong = clustered_proportion(np.arange(n_films) > 0, groups)
    assert all_right.low - largest_step < one_wrong.low < all_right.low
    assert one_wrong.value < one_wrong.high <= 1
    all_wrong = clustered_proportion(np.zeros(n_films, dtype=bool), groups)
    one_right = clustered_proportion(np.arange(n_films) == 0, groups)
    assert all_wrong.high < one_right.high < all_wrong.high + largest_step


@given(st.integers(2, 40), st.integers(2, 20))
def test_one_wrong_film_never_raises_the_lower_bound(n_groups, n_each):
    is_right = np.arange(n_groups * n_each) > 0
    groups = np.repeat(np.arange(n_groups), n_each)
    low = clustered_proportion(is_right, groups).low
    assert low < clopper_pearson(n_groups, n_groups).low


def test_no_film_is_no_share():
    with pytest.raises(NoTrialsError, match="no films"):
        clustered_proportion(np.array([], dtype=bool), np.array([], dtype=np.int64))


def test_heads_of_folds_make_films_worth_fewer():
    is_right = np.arange(80) < 60
    told = clustered_proportion(is_right, np.arange(80), inflation=1.6)
    exact, score = clopper_pearson(37.5, 50), wilson(37.5, 50)
    assert (told.low, told.high) == (exact.low, exact.high)
    assert told.also["wilson"] == score
    assert told.also["heads_as_given"] == clopper_pearson(60, 80)
    assert told.method == "Clopper-Pearson, 80 films; variance x 1.60 for heads trained on folds"
    groups = np.arange(80) // 2
    trials = effective_trials(is_right, groups) / 1.6
    exact = clopper_pearson(0.75 * trials, trials)
    clustered = clustered_proportion(is_right, groups, inflation=1.6)
    assert (clustered.low, clustered.high) == (exact.low, exact.high)
    assert clustered.also["films_as_independent"] == clopper_pearson(37.5, 50)

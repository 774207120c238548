"""Intervals for proportions, against scipy and against published tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hilum.errors import NoTrialsError
from hilum.evaluation.proportions import clopper_pearson, wilson

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

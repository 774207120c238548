"""The difference of two figures is bounded as published examples and statsmodels bound it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.evaluation.external import bound_difference, measure_drop
from hilum.evaluation.proportions import clopper_pearson, wilson
from hilum.evaluation.results import Estimate

PUBLISHED = {
    (56, 70, 48, 80): (0.0524, 0.3339),
    (9, 10, 3, 10): (0.1705, 0.8090),
    (6, 7, 2, 7): (0.0582, 0.8062),
    (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775),
    (0, 10, 0, 10): (-0.2775, 0.2775),
    (10, 10, 0, 20): (0.6791, 1.0),
    (10, 10, 0, 10): (0.6075, 1.0),
}
"""Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10."""


def by_wilson(successes: int, trials: int) -> Estimate:
    interval = wilson(successes, trials)
    return Estimate(successes / trials, interval.low, interval.high, "wilson")


@pytest.mark.parametrize(("counts", "bounds"), PUBLISHED.items())
def test_published_intervals_of_two_proportions(
    counts: tuple[int, int, int, int], bounds: tuple[float, float]
) -> None:
    a, m, b, n = counts
    drop = measure_drop(by_wilson(a, m), by_wilson(b, n))
    assert drop.value == pytest.approx(a / m - b / n)
    assert (round(drop.low, 4), round(drop.high, 4)) == bounds


@given(m=st.integers(1, 400), n=st.integers(1, 400), shares=st.tuples(*2 * [st.floats(0, 1)]))
def test_agrees_with_statsmodels(m: int, n: int, shares: tuple[float, float]) -> None:
    a, b = round(shares[0] * m), round(shares[1] * n)
    expected = confint_proportions_2indep(a, m, b, n, compare="diff", method="newcomb")
    interval = bound_difference(by_wilson(a, m), by_wilson(b, n))
    assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)


@given(m=st.integers(1, 50), n=st.integers(1, 50), shares=st.tuples(*2 * [st.floats(0, 1)]))
def test_bounds_hold_the_difference_and_turn_with_it(
    m: int, n: int, shares: tuple[float, float]
) -> None:
    first, second = (
        Estimate(round(share * k) / k, bounds.low, bounds.high, "exact")
        for share, k in zip(shares, (m, n), strict=True)
        for bounds in [clopper_pearson(round(share * k), k)]
    )
    drop, rise = measure_drop(first, second), measure_drop(second, first)
    assert -1 <= drop.low <= drop.value <= drop.high <= 1
    assert drop.low < drop.high
    assert (rise.low, rise.high) == pytest.approx((-drop.high, -drop.low))
    assert "MOVER" in drop.method


def test_a_figure_that_is_known_leaves_the_others_interval() -> None:
    known = Estimate(0.9, 0.9, 0.9, "known")
    drop = measure_drop(known, Estimate(0.7, 0.5, 0.8, "skewed"))
    assert (drop.value, drop.low, drop.high) == pytest.approx((0.2, 0.1, 0.4))

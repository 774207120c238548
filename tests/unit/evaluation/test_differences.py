"""Differences of figures: on the same films, on overlapping ones, and on others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import confint_proportions_2indep

from hilum.evaluation.comparison import delong_test, mcnemar_test
from hilum.evaluation.differences import (
    bound_difference,
    bound_share_difference,
    compare_baseline,
    compare_overlapping,
    measure_drop,
    measure_gain,
)
from hilum.evaluation.discrimination import delong_aurocs
from hilum.evaluation.proportions import clopper_pearson, wilson
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms
from scored import score_films

SEEDS = st.integers(0, 2**32 - 1)


def stand(is_positive, baseline, model, groups=None, seed=0, n_bootstraps=200, **options):
    return compare_baseline(
        score_films(is_positive, baseline, groups),
        score_films(is_positive, model, groups),
        rng=np.random.default_rng(seed),
        n_bootstraps=n_bootstraps,
        **options,
    )


def gain(is_positive, before, after, seed=0):
    films = score_films(is_positive, before), score_films(is_positive, after)
    return measure_gain(*films, rng=np.random.default_rng(seed), n_bootstraps=200)


def drawn(seed, n_films=80, baseline=0.5, model=1.5):
    rng = np.random.default_rng(seed)
    is_positive = rng.permutation(np.arange(n_films) % 2 == 0)
    noise = rng.normal(size=(2, n_films))
    return is_positive, noise[0] + baseline * is_positive, noise[1] + model * is_positive


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_agrees_with_scikit_learn_and_with_the_normal_distribution(seed):
    is_positive, baseline, model = drawn(seed)
    standing = stand(is_positive, baseline, model, n_bootstraps=20)
    b, m = roc_auc_score(is_positive, baseline), roc_auc_score(is_positive, model)
    assert standing.baseline.value == pytest.approx(b)
    assert standing.model.value == pytest.approx(m)
    assert standing.share.value == pytest.approx(max(0, (b - 0.5) / (m - 0.5)))
    aurocs = delong_aurocs(is_positive, np.stack([baseline, model]), np.arange(len(model)))
    (v_b, v_bm), (_, v_m) = aurocs.covariance
    assert standing.p_below == pytest.approx(norm.sf((m - b) / np.sqrt(v_b + v_m - 2 * v_bm)))
    assert standing.p_chance == pytest.approx(norm.sf((b - 0.5) / np.sqrt(v_b)))


def test_share_s_bounds_come_from_paired_resamples():
    """A model that moves with its baseline: both AUROCs are vague, the share is not."""
    is_positive, baseline, _ = drawn(1, baseline=1.0)
    duplicate = baseline + 0.01 * np.random.default_rng(0).normal(size=len(baseline))
    standing = stand(is_positive, baseline, duplicate)
    assert standing.share.value == pytest.approx(1, abs=0.02)
    assert 0 < standing.share.high - standing.share.low < 0.05
    assert standing.baseline.high - standing.baseline.low > 0.1


def test_bounds_are_in_order_and_hold_the_value():
    for seed in range(20):
        standing = stand(*drawn(seed, n_films=30, model=0.8))
        for estimate in (standing.baseline, standing.model, standing.share):
            if not math.isnan(estimate.value):
                assert estimate.low <= estimate.value <= estimate.high
                assert estimate.low < estimate.high


def test_a_baseline_below_chance_has_no_share_of_the_model():
    is_positive, baseline, model = drawn(3, baseline=-2.0)
    standing = stand(is_positive, baseline, model)
    assert standing.share.value == 0
    assert standing.share.low == 0 < standing.share.high
    assert standing.p_chance > 0.99
    assert standing.p_below < 0.001


@pytest.mark.parametrize("model", [np.zeros(40), -np.arange(40.0)])
def test_a_model_at_chance_or_below_leaves_no_share(model):
    is_positive = np.arange(40) >= 20
    standing = stand(is_positive, np.arange(40.0), model)
    assert math.isnan(standing.share.value)
    assert math.isnan(standing.share.low)
    assert "not above chance" in standing.share.method
    assert standing.p_below > 0.99


def test_resamples_in_which_the_model_is_at_chance_are_told():
    is_positive, baseline, model = drawn(2, n_films=20, model=0.3)
    standing = stand(is_positive, baseline, model)
    assert standing.model.low < 0.5 < standing.model.value
    assert "without a share" in standing.share.method
    assert np.isfinite([standing.share.low, standing.share.high]).all()


def test_two_perfect_scores_cannot_be_told_apart():
    is_positive = np.arange(60) >= 30
    standing = stand(is_positive, np.arange(60.0), np.arange(60.0) ** 2)
    assert standing.baseline.value == standing.model.value == 1
    assert standing.p_below >= 0.5
    assert standing.p_chance < 1e-6
    assert standing.share.value == 1
    assert standing.share.low == pytest.approx(0.8843, abs=1e-4)
    assert "Clopper-Pearson on the 30 groups" in standing.share.method


def test_a_constant_baseline_is_at_chance_and_below_a_perfect_model():
    is_positive = np.arange(60) >= 30
    standing = stand(is_positive, np.zeros(60), np.arange(60.0))
    assert standing.baseline.value == 0.5
    assert standing.baseline.low < 0.4
    assert standing.baseline.high > 0.6
    assert standing.share.value == 0 < standing.share.high
    assert standing.p_chance == 0.5
    assert standing.p_below == pytest.approx(0.5**30)


def test_a_share_may_exceed_one():
    standing = stand(*drawn(5, n_films=200, baseline=2.0, model=0.7))
    assert standing.share.value > 1
    assert standing.p_below > 0.99


def test_a_share_above_one_that_no_resample_moves_is_bounded_like_a_whole():
    """Ten groups of one positive film and two others, all alike: AUROCs of 1 and 0.75."""
    is_positive = np.tile([True, False, False], 10)
    standing = stand(
        is_positive,
        np.tile([0.9, 0.1, 0.1], 10),
        np.tile([0.5, 0.5, 0.1], 10),
        groups=np.repeat(np.arange(10), 3),
    )
    share = standing.share
    assert (share.value, share.high) == (2, 2)
    assert share.low == clopper_pearson(10, 10).low
    assert "Clopper-Pearson on the 10 groups" in share.method


def test_one_patient_on_a_side_proves_nothing():
    is_positive = np.arange(40) >= 20
    groups = np.where(is_positive, 99, np.arange(40))
    standing = stand(is_positive, np.zeros(40), np.arange(40.0), groups)
    assert standing.p_below == 0.5
    assert standing.share.high == pytest.approx(0.975)


def test_films_of_one_patient_widen_the_bounds_and_weaken_the_test():
    is_positive, baseline, model = drawn(7, n_films=30)
    six = [np.repeat(values, 6) for values in (is_positive, baseline, model)]
    as_patients = stand(*six, groups=np.repeat(np.arange(30), 6))
    as_films = stand(*six)
    assert as_patients.p_below > as_films.p_below
    assert as_patients.baseline.low < as_films.baseline.low


def test_inflation_weakens_both_tests_and_widens_the_intervals():
    films = drawn(9)
    plain, inflated = stand(*films), stand(*films, inflation=4.0)
    assert norm.isf(plain.p_chance) == pytest.approx(2 * norm.isf(inflated.p_chance))
    assert norm.isf(plain.p_below) == pytest.approx(2 * norm.isf(inflated.p_below))
    for narrow, wide in ((plain.baseline, inflated.baseline), (plain.share, inflated.share)):
        assert narrow.value == wide.value
        assert wide.low <= narrow.low <= narrow.high < wide.high
    assert inflated.baseline.low < plain.baseline.low


def test_a_gain_is_the_paired_difference():
    is_positive, before, after = drawn(2, n_films=120)
    measured = gain(is_positive, before, after)
    value = roc_auc_score(is_positive, after) - roc_auc_score(is_positive, before)
    assert measured.difference.value == pytest.approx(value)
    assert measured.difference.low > 0
    assert measured.before.value + measured.difference.value == pytest.approx(measured.after.value)
    back = gain(is_positive, after, before).difference
    assert back.low == pytest.approx(-measured.difference.high)
    assert back.high == pytest.approx(-measured.difference.low)


def test_a_gain_s_bounds_cover_delong_s():
    is_positive, before, after = drawn(4, n_films=400)
    measured = gain(is_positive, before, after).difference
    covariance = delong_aurocs(is_positive, np.stack([before, after]), np.arange(400)).covariance
    sd = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert (measured.high - measured.low) / 2 == pytest.approx(1.96 * sd, rel=0.2)


def test_perfect_before_and_after_is_no_certainty():
    is_positive = np.arange(60) >= 30
    measured = gain(is_positive, np.arange(60.0), np.arange(60.0) ** 3).difference
    assert measured.value == 0
    # Each side's interval reaches down to about 0.95.
    assert -0.1 < measured.low < -0.02 < 0.02 < measured.high < 0.1
    assert "all 200 resamples agree" in measured.method


@pytest.mark.slow
@pytest.mark.parametrize("n_films", [60, 400])
@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_tests_seldom_err_where_nothing_is_there(n_films, strength):
    """One-sided 5 % tests: equal scores look different, and noise better than chance."""
    n_trials = 4000
    is_positive = np.arange(n_films) % 2 == 0
    groups = np.arange(n_films)
    rng = np.random.default_rng(8)
    false_alarms = np.zeros(2)
    for _ in range(n_trials):
        scores = rng.normal(size=(3, n_films))
        scores[:2] += strength * is_positive
        aurocs = delong_aurocs(is_positive, np.vstack([scores, np.zeros(n_films)]), groups)
        for test, (a, b) in enumerate(((1, 0), (2, 3))):
            is_above = aurocs.values[a] > aurocs.values[b]
            false_alarms[test] += is_above and delong_test(aurocs, a, b) / 2 < 0.05
    assert np.all(false_alarms / n_trials <= 0.065)


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


def film_calls(films, is_right) -> ScoredFilms:
    """Score films of the positive class so that some are called rightly."""
    is_right = np.array(is_right, dtype=bool)
    return ScoredFilms(
        films=np.array(films),
        y_true=np.ones(len(is_right), dtype=np.int64),
        scores=np.stack([~is_right, is_right], axis=1).astype(float),
        groups=np.array(films),
        positive=1,
    )


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_separate_films_give_newcombes_published_intervals(a, b, low, high) -> None:
    interval = bound_share_difference(a, b)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("both", "only_b", "only_a", "neither", "low", "high"),
    [(36, 12, 2, 0, 0.0569, 0.3404), (0, 0, 0, 50, -0.0714, 0.0714)],
)
def test_the_same_films_give_newcombes_paired_intervals(
    both: int, only_b: int, only_a: int, neither: int, low: float, high: float
) -> None:
    is_right_b = np.repeat([True, True, False, False], [both, only_b, only_a, neither])
    is_right_a = np.repeat([True, False, True, False], [both, only_b, only_a, neither])
    films = np.arange(len(is_right_a))
    found = compare_overlapping(film_calls(films, is_right_a), film_calls(films, is_right_b), films)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


def test_the_same_calls_still_leave_room() -> None:
    films = np.arange(160)
    calls = film_calls(films, films >= 9)
    found = compare_overlapping(calls, calls, films)
    assert found.low < -0.005
    assert found.high > 0.005


def test_perfect_figures_still_leave_room() -> None:
    interval = bound_share_difference((32, 32), (160, 160))
    assert interval.low < -0.02
    assert interval.high > 0.1


def test_the_parts_add_up_and_the_shared_films_speak_for_the_calls() -> None:
    groups = np.arange(10)
    found = compare_overlapping(
        film_calls([1, 4, 6, 8], [1, 1, 1, 0]),
        film_calls(list(range(10)), [0, 1, 1, 1, 0, 1, 1, 0, 1, 0]),
        groups,
    )
    assert (found.right_a, found.tested_a, found.right_b, found.tested_b) == (3, 4, 6, 10)
    assert (found.shared, found.only_a, found.only_b) == (4, 1, 1)
    assert found.difference == pytest.approx(6 / 10 - 3 / 4)
    assert found.calls == 0
    assert found.draw == pytest.approx(found.difference)
    assert found.mcnemar_p == 1.0


def test_no_shared_film_leaves_all_to_the_draw() -> None:
    found = compare_overlapping(
        film_calls([0, 1], [1, 0]), film_calls([2, 3], [1, 1]), np.arange(4)
    )
    assert (found.shared, found.calls, found.draw, found.mcnemar_p) == (0, 0.0, 0.5, 1.0)


@given(
    calls=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=40)
)
def test_properties(calls: list[tuple[bool, bool, bool]]) -> None:
    is_in_a = np.array([call[0] for call in calls])
    is_in_a[0] = True
    right_a, right_b = (np.array([call[k] for call in calls]) for k in (1, 2))
    films = np.arange(len(calls))
    a = film_calls(films[is_in_a], right_a[is_in_a])
    b = film_calls(films, right_b)
    forth, back = compare_overlapping(a, b, films), compare_overlapping(b, a, films)
    assert -1 <= forth.low < forth.high <= 1
    assert forth.low <= forth.difference <= forth.high
    assert forth.calls + forth.draw == pytest.approx(forth.difference)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
    assert forth.mcnemar_p == mcnemar_test(right_a[is_in_a], right_b[is_in_a], films[is_in_a])


@pytest.mark.parametrize("n_shared", [0, 16, 32])
def test_the_interval_covers_about_as_often_as_it_says(n_shared: int) -> None:
    rng = np.random.default_rng(1)
    p_a, p_b, n_a, n_b = 0.94, 0.88, 32, 120
    hits, n_trials = 0, 600
    for _ in range(n_trials):
        # A film's difficulty is common to both: calls agree far more often than by chance.
        difficulty = rng.random(n_a + n_b - n_shared)
        a = film_calls(np.arange(n_a), difficulty[:n_a] < p_a)
        b = film_calls(
            np.arange(n_a - n_shared, len(difficulty)), difficulty[n_a - n_shared :] < p_b
        )
        found = compare_overlapping(a, b, np.arange(len(difficulty)))
        hits += found.low <= p_b - p_a <= found.high
    assert hits / n_trials > 0.93

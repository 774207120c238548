"""Intervals of AUROC and average precision: their equation, their edges, their smoothness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from hilum.errors import NoTrialsError
from hilum.evaluation.discrimination import (
    RankedGroups,
    bound_auroc,
    bound_average_precision,
    bound_ranking,
    count_ranked_groups,
    delong_aurocs,
    delong_interval,
    estimate_ranking,
)
from scored import score_films

SEEDS = st.integers(0, 2**32 - 1)


def drawn_films(seed, n_films=40, strength=1.0):
    rng = np.random.default_rng(seed)
    is_positive = rng.permutation(np.arange(n_films) % 2 == 0)
    return is_positive, (rng.normal(size=n_films) + strength * is_positive).round(2)


def hanley_mcneil(auroc, m, n):
    """The variance as Newcombe's method 5 takes it: both sides at their mean number."""
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    return (auroc * (1 - auroc) + ((m + n) / 2 - 1) * (q1 + q2 - 2 * auroc**2)) / (m * n)


def test_the_shape_is_that_of_hanley_and_mcneil_s_example():
    # Hanley and McNeil (1982), Radiology 143:29-36: AUROC 0.893, standard error 0.032.
    assert np.sqrt(hanley_mcneil(0.893, 51, 58)) == pytest.approx(0.032, abs=5e-4)


@pytest.mark.parametrize("auroc", [0.55, 0.7, 0.9, 0.97])
def test_bounds_lie_where_the_figure_is_just_as_far_as_chance_takes_it(auroc):
    groups = RankedGroups(n_groups=60, n_positive=20, n_other=40, n_overlapping=30)
    variance = 1.5 * hanley_mcneil(auroc, 20, 40)
    interval = bound_ranking(auroc, variance, groups)
    factor = (30 * 1.5 + 4) / 34
    for bound in (interval.low, interval.high):
        reach = 1.959964 * np.sqrt(factor * hanley_mcneil(bound, 20, 40))
        assert abs(auroc - bound) == pytest.approx(reach, abs=1e-6)


@given(SEEDS, st.sampled_from([0, 1, 3, 20]), st.integers(1, 3))
def test_bounds_hold_the_figure_and_have_width(seed, strength, films_per_group):
    is_positive, y_score = drawn_films(seed, strength=strength)
    groups = np.arange(40) // films_per_group
    rng = np.random.default_rng(seed)
    films = score_films(is_positive, y_score, groups)
    estimates = estimate_ranking(films, rng=rng, n_bootstraps=40)
    assert estimates["auroc"].value == pytest.approx(roc_auc_score(is_positive, y_score))
    assert estimates["average_precision"].value == pytest.approx(
        average_precision_score(is_positive, y_score)
    )
    for estimate in estimates.values():
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.high - estimate.low > 0.01


@given(SEEDS)
def test_the_turned_score_mirrors_the_interval(seed):
    is_positive, y_score = drawn_films(seed)
    interval = delong_interval(score_films(is_positive, y_score))
    mirrored = delong_interval(score_films(is_positive, -y_score))
    assert (interval.low, interval.high) == pytest.approx(
        (1 - mirrored.high, 1 - mirrored.low), abs=1e-9
    )


def test_with_many_films_it_is_delong_s_plain_interval():
    is_positive, y_score = drawn_films(3, n_films=4000)
    aurocs = delong_aurocs(is_positive, y_score[np.newaxis], np.arange(4000))
    reach = 1.959964 * np.sqrt(aurocs.covariance[0, 0])
    interval = delong_interval(score_films(is_positive, y_score))
    plain = aurocs.values[0] - reach, aurocs.values[0] + reach
    assert (interval.low, interval.high) == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("n_per_side", [8, 16, 80, 300])
def test_bounds_move_smoothly_up_to_a_perfect_ranking(n_per_side):
    """One film climbs through the other side, place by place, until none stands wrongly."""
    is_positive = np.repeat([True, False], n_per_side)
    lows, widths = [], []
    for outranked in range(n_per_side - 7, n_per_side + 1):
        y_score = np.concatenate(
            [[outranked - 0.5], np.full(n_per_side - 1, n_per_side), np.arange(n_per_side)]
        )
        interval = delong_interval(score_films(is_positive, y_score))
        lows.append(interval.low)
        widths.append(interval.high - interval.low)
    steps = np.diff(lows)
    assert np.all(steps > 0)
    assert steps.max() < 0.4 * widths[-1]
    assert min(widths) > 0


def test_copies_of_a_film_tell_nothing_new():
    is_positive, y_score = drawn_films(5)
    alone = delong_interval(score_films(is_positive, y_score))
    four = score_films(
        np.repeat(is_positive, 4), np.repeat(y_score, 4), np.repeat(np.arange(40), 4)
    )
    copied = delong_interval(four)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))


def test_overlapping_groups_are_those_between_films_of_the_other_side():
    is_positive = np.array([True, True, True, False, False, False])
    y_score = np.array([9.0, 5.0, 4.0, 6.0, 4.0, 1.0])
    counted = count_ranked_groups(score_films(is_positive, y_score))
    # Positive films at 5 and 4 lie between others; of the others only 6 lies between positives.
    assert counted == RankedGroups(n_groups=6, n_positive=3, n_other=3, n_overlapping=2)


def test_one_patient_on_a_side_shows_no_variance():
    is_positive = np.arange(40) >= 20
    y_score = np.random.default_rng(0).normal(size=40) + 2 * is_positive
    one = np.where(is_positive, 99, np.arange(40))
    counted = count_ranked_groups(score_films(is_positive, y_score, one))
    assert (counted.n_positive, counted.n_overlapping) == (1, 0)
    by_patient = delong_interval(score_films(is_positive, y_score, one))
    by_film = delong_interval(score_films(is_positive, y_score))
    assert by_patient.high - by_patient.low > 2 * (by_film.high - by_film.low)


def test_a_precision_that_its_resamples_flatter_is_bounded_lower():
    groups = RankedGroups(n_groups=40, n_positive=20, n_other=20, n_overlapping=20)
    resampled = np.random.default_rng(0).normal(0.8, 0.05, size=500)
    fair = bound_average_precision(float(resampled.mean()), resampled, groups)
    flattered = bound_average_precision(float(resampled.mean()) - 0.03, resampled, groups)
    assert flattered.low < fair.low - 0.03
    assert flattered.value <= flattered.high
    assert bound_auroc(0.8, resampled, groups).low > fair.low


@pytest.mark.parametrize("side", [True, False])
def test_one_side_alone_is_refused(side):
    with pytest.raises(NoTrialsError):
        delong_interval(score_films(np.array([side, side]), np.array([0.1, 0.2])))

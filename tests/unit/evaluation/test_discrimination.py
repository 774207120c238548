"""AUROC and average precision: their values, intervals and covariance.

Against scikit-learn, plain sums over pairs, published equations and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import expit
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from hilum.errors import NoTrialsError
from hilum.evaluation.comparison import delong_test
from hilum.evaluation.discrimination import (
    RankedGroups,
    auroc_score,
    bound_auroc,
    bound_average_precision,
    bound_ranking,
    count_ranked_groups,
    delong_aurocs,
    delong_interval,
    estimate_ranking,
    inflation_of_part,
    measure_inflation,
    place_positives,
    resampled_average_precision,
    trace_roc,
    weighted_auroc_scores,
    weighted_average_precision_scores,
)
from hilum.folds.folds import repeated_folds
from scored import score_films, score_heads

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def ranked_films(draw):
    """Films of both sides, with many tied scores."""
    rest = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=40))
    both = [(True, draw(st.integers(0, 12))), (False, draw(st.integers(0, 12)))]
    is_positive, ranks = zip(*draw(st.permutations(both + rest)), strict=True)
    return np.array(is_positive), np.array(ranks) / 16


@given(ranked_films())
def test_auroc_agrees_with_scikit_learn(films):
    assert auroc_score(*films) == pytest.approx(roc_auc_score(*films), abs=1e-12)


@given(ranked_films())
def test_auroc_sees_only_the_order_of_scores(films):
    is_positive, y_score = films
    assert auroc_score(is_positive, np.exp(5 * y_score) - 3) == auroc_score(is_positive, y_score)


@given(ranked_films())
def test_auroc_of_the_other_side_or_the_turned_score_is_the_rest_to_one(films):
    is_positive, y_score = films
    auroc = auroc_score(is_positive, y_score)
    assert auroc_score(~is_positive, y_score) == pytest.approx(1 - auroc)
    assert auroc_score(is_positive, -y_score) == pytest.approx(1 - auroc)


def test_a_constant_score_is_worth_a_coin():
    assert auroc_score(np.array([True, False, False]), np.full(3, 0.7)) == 0.5


def test_placement_is_the_share_of_other_films_outranked():
    is_positive = np.array([True, False, True, False])
    placements = place_positives(is_positive, np.array([0.9, 0.2, 0.2, 0.4]))
    np.testing.assert_array_equal(placements, [1, 0.25])


@given(ranked_films(), st.integers(0, 2**32 - 1))
def test_weighted_auroc_agrees_with_scikit_learn(films, seed):
    is_positive, y_score = films
    weights = np.random.default_rng(seed).integers(0, 4, size=(len(y_score), 5)).astype(float)
    ours = weighted_auroc_scores(is_positive, y_score, weights)
    for auroc, weight in zip(ours, weights.T, strict=True):
        if weight[is_positive].any() and weight[~is_positive].any():
            theirs = roc_auc_score(is_positive, y_score, sample_weight=weight)
            assert auroc == pytest.approx(theirs, abs=1e-12)
        else:
            assert np.isnan(auroc)


@given(ranked_films(), st.integers(0, 2**32 - 1))
def test_a_film_of_weight_three_counts_as_three_films(films, seed):
    is_positive, y_score = films
    times = np.random.default_rng(seed).integers(1, 4, size=len(y_score))
    (weighted,) = weighted_auroc_scores(is_positive, y_score, times[:, np.newaxis].astype(float))
    repeated = auroc_score(np.repeat(is_positive, times), np.repeat(y_score, times))
    assert weighted == pytest.approx(repeated)


@given(ranked_films())
def test_curve_is_that_of_scikit_learn_less_its_straight_runs(films):
    curve = trace_roc(*films)
    false_positive_rate, true_positive_rate, _ = roc_curve(*films, drop_intermediate=False)
    theirs = set(zip(false_positive_rate, true_positive_rate, strict=True))
    ours = list(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))
    assert set(ours) <= theirs
    assert (ours[0], ours[-1]) == ((0, 0), (1, 1))
    assert np.trapezoid(curve.true_positive_rate, curve.false_positive_rate) == pytest.approx(
        auroc_score(*films)
    )
    assert all(np.diff(curve.false_positive_rate) >= 0)
    assert all(np.diff(curve.true_positive_rate) >= 0)


def test_curve_of_a_perfect_score_has_three_points():
    curve = trace_roc(np.array([True] * 50 + [False] * 50), np.linspace(1, 0, 100))
    np.testing.assert_array_equal(curve.false_positive_rate, [0, 0, 1])
    np.testing.assert_array_equal(curve.true_positive_rate, [0, 1, 1])


@pytest.mark.parametrize("measure", [auroc_score, trace_roc])
@pytest.mark.parametrize("side", [True, False])
def test_one_side_alone_cannot_be_ranked(measure, side):
    with pytest.raises(NoTrialsError, match="compares positive films with others"):
        measure(np.array([side, side]), np.array([0.1, 0.2]))


@pytest.mark.parametrize("measure", [auroc_score, trace_roc])
def test_a_score_that_is_no_number_is_refused(measure):
    with pytest.raises(ValueError, match="finite"):
        measure(np.array([True, False]), np.array([0.1, np.nan]))


def once(films):
    return np.ones((len(films[0]), 1))


@given(ranked_films())
def test_average_precision_agrees_with_scikit_learn(films):
    (ours,) = weighted_average_precision_scores(*films, once(films))
    assert ours == pytest.approx(average_precision_score(*films), abs=1e-12)


@given(ranked_films(), SEEDS)
def test_weighted_agrees_with_scikit_learn(films, seed):
    is_positive, y_score = films
    weights = np.random.default_rng(seed).integers(0, 4, size=(len(y_score), 5)).astype(float)
    ours = weighted_average_precision_scores(is_positive, y_score, weights)
    for precision, weight in zip(ours, weights.T, strict=True):
        if weight[is_positive].any():
            theirs = average_precision_score(is_positive, y_score, sample_weight=weight)
            assert precision == pytest.approx(theirs, abs=1e-12)
        else:
            assert np.isnan(precision)


def test_a_worked_example():
    # Passed from the top: ill, well, ill, well. Precision at the ill: 1 of 1, 2 of 3.
    is_positive = np.array([True, False, True, False])
    y_score = np.array([0.9, 0.8, 0.7, 0.1])
    (precision,) = weighted_average_precision_scores(is_positive, y_score, np.ones((4, 1)))
    assert precision == pytest.approx((1 + 2 / 3) / 2)


@given(ranked_films())
def test_a_resample_that_holds_each_film_once_is_the_cohort(films):
    (plain,) = weighted_average_precision_scores(*films, once(films))
    (resampled,) = resampled_average_precision(*films, once(films))
    assert resampled == pytest.approx(plain)


def test_films_drawn_twice_are_passed_one_after_the_other():
    # One film that knows nothing above both copies of the ill one: 1 of 2, then 2 of 3.
    is_positive = np.array([True, False, True, False])
    y_score = np.array([0.5, 0.9, 0.1, 0.05])
    weights = np.array([[2.0], [1.0], [0.0], [1.0]])
    (precision,) = resampled_average_precision(is_positive, y_score, weights)
    # Two copies share the precision half-way through them: 1.5 of 2.5.
    assert precision == pytest.approx(1.5 / 2.5)
    (tied,) = weighted_average_precision_scores(is_positive, y_score, weights)
    assert precision < tied == pytest.approx(2 / 3)


@given(ranked_films(), st.integers(2, 5))
def test_resamples_keep_the_share_of_positive_films(films, times):
    """Other films drawn more often do not make the positive ones rarer."""
    is_positive, y_score = films
    weights = np.where(is_positive, 1.0, times)[:, np.newaxis]
    (plain,) = weighted_average_precision_scores(*films, once(films))
    assert resampled_average_precision(is_positive, y_score, weights)[0] == pytest.approx(plain)


def test_a_resample_without_one_of_the_sides_has_no_figure():
    is_positive = np.array([True, False])
    weights = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    figures = resampled_average_precision(is_positive, np.array([0.9, 0.1]), weights)
    np.testing.assert_array_equal(np.isnan(figures), [True, True, False])


@pytest.mark.parametrize("side", [True, False])
def test_precision_of_one_side_alone_is_refused(side):
    with pytest.raises(NoTrialsError, match="sets positive films against others"):
        weighted_average_precision_scores(
            np.array([side, side]), np.array([0.1, 0.2]), np.ones((2, 1))
        )


def test_precision_by_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        weighted_average_precision_scores(
            np.array([True, False]), np.array([0.1, np.nan]), np.ones((2, 1))
        )


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
def test_intervals_of_one_side_alone_are_refused(side):
    with pytest.raises(NoTrialsError):
        delong_interval(score_films(np.array([side, side]), np.array([0.1, 0.2])))


def scored_several_times(seed: int, n_films: int = 30, n_scores: int = 3):
    rng = np.random.default_rng(seed)
    is_positive = rng.permutation(np.arange(n_films) % 3 == 0)
    y_scores = (rng.normal(size=(n_scores, n_films)) + is_positive).round(1)
    return is_positive, y_scores


def kernels(is_positive, y_score):
    """Win, tie or loss of every positive film against every other one."""
    positives, others = y_score[is_positive][:, None], y_score[~is_positive][None]
    return (positives > others) + 0.5 * (positives == others)


@given(SEEDS)
def test_covariance_agrees_with_delong_s_definition(seed):
    is_positive, y_scores = scored_several_times(seed)
    wins = np.stack([kernels(is_positive, y_score) for y_score in y_scores])
    _, m, n = wins.shape
    covariance = np.cov(wins.mean(axis=2)) / m + np.cov(wins.mean(axis=1)) / n
    aurocs = delong_aurocs(is_positive, y_scores, np.arange(m + n))
    np.testing.assert_allclose(aurocs.values, wins.mean(axis=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(aurocs.covariance, covariance, atol=1e-12)


@given(SEEDS, st.integers(4, 12))
def test_agrees_with_obuchowski_s_sums_over_clusters(seed, n_groups):
    is_positive, y_scores = scored_several_times(seed, n_scores=1)
    groups = np.random.default_rng(seed).permutation(np.arange(len(is_positive)) % n_groups)
    wins = kernels(is_positive, y_scores[0])
    m, n = wins.shape
    auroc = wins.mean()
    sum_10, sum_01, sum_11 = 0.0, 0.0, 0.0
    for group in range(n_groups):
        positives, others = (groups == group)[is_positive], (groups == group)[~is_positive]
        from_positives = (wins.mean(axis=1)[positives] - auroc).sum()
        from_others = (wins.mean(axis=0)[others] - auroc).sum()
        sum_10 += from_positives**2
        sum_01 += from_others**2
        sum_11 += from_positives * from_others
    with_positives = len(set(groups[is_positive]))
    with_others = len(set(groups[~is_positive]))
    s_10 = with_positives / ((with_positives - 1) * m) * sum_10
    s_01 = with_others / ((with_others - 1) * n) * sum_01
    s_11 = n_groups / (n_groups - 1) * sum_11
    variance = s_10 / m + s_01 / n + 2 * s_11 / (m * n)
    assert delong_aurocs(is_positive, y_scores, groups).covariance[0, 0] == pytest.approx(variance)


def test_says_how_many_groups_the_smaller_side_has():
    aurocs = delong_aurocs(
        np.array([True, True, True, False, False]),
        np.arange(5.0)[np.newaxis],
        np.array([3, 3, 8, 1, 2]),
    )
    assert aurocs.n_scarcest == 2


def test_films_of_one_patient_are_no_separate_witnesses():
    """Two worthless scores differ 'significantly' too often unless films are grouped."""
    rng = np.random.default_rng(5)
    n_patients, n_films = 40, 6
    groups = np.repeat(np.arange(n_patients), n_films)
    is_positive = groups < n_patients // 2
    false_alarms = {"grouped": 0, "single": 0}
    n_trials = 300
    for _ in range(n_trials):
        of_patient = rng.normal(size=(2, n_patients))[:, groups]
        y_scores = of_patient + 0.3 * rng.normal(size=(2, len(groups)))
        for name, unit in (("grouped", groups), ("single", np.arange(len(groups)))):
            aurocs = delong_aurocs(is_positive, y_scores, unit)
            false_alarms[name] += delong_test(aurocs, 0, 1) < 0.05
    assert false_alarms["grouped"] / n_trials < 0.10
    assert false_alarms["single"] / n_trials > 0.25


def heads_of_folds(n_repeats, strength, seed=0, n_films=120):
    """Score films by heads that differ by so much from repeat to repeat."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_films) % 2
    splits = repeated_folds(y, np.arange(n_films), n_repeats=n_repeats, seed=seed).splits
    film = rng.normal(size=n_films) + y
    score = expit(film + strength * rng.normal(size=(len(splits), n_films)))
    return score_heads(np.stack([1 - score, score], axis=2), y, splits)


def test_repeats_tell_how_much_folds_widen():
    """A repeat alone tells nothing; heads that agree widen little, and others twice at most."""
    assert measure_inflation(heads_of_folds(1, 1.0)) == pytest.approx(1.8)
    assert measure_inflation(heads_of_folds(5, 0.0)) == pytest.approx(1 + 0.8 / 5)
    assert measure_inflation(heads_of_folds(5, 20.0)) == pytest.approx(2.6)
    heads = heads_of_folds(5, 0.7)
    aurocs = [auroc_score(r.is_positive, r.y_score) for r in heads.tested_per_repeat()]
    tested = heads.tested()
    variance = delong_aurocs(tested.is_positive, tested.y_score[np.newaxis], tested.groups)
    share = np.mean([len(split.train) for split in heads.splits]) / 120
    ratio = share / (1 - share) * np.var(aurocs, ddof=1) / variance.covariance[0, 0]
    assert measure_inflation(heads) == pytest.approx(1 + (4 * ratio + 0.8) / 5)


def test_the_factor_is_that_of_what_counts_each_pair_twice():
    """Scores that are sums over training films of mere chance, whose variance is known: twice."""
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    found = []
    for seed in range(40):
        x = rng.normal(size=(100, 60))
        splits = repeated_folds(y, np.arange(100), n_repeats=5, seed=seed).splits
        scores = np.stack([x @ x[s.train].T @ (2 * y[s.train] - 1) for s in splits])
        scores = expit(scores / scores.std())
        found.append(measure_inflation(score_heads(np.stack([1 - scores, scores], 2), y, splits)))
    assert 1.6 < np.mean(found) < 2.1


def test_a_part_of_the_films_returns_its_share():
    assert inflation_of_part(1.8, 100, 100) == pytest.approx(1.8)
    assert inflation_of_part(1.8, 25, 100) == pytest.approx(1.2)
    assert inflation_of_part(1.0, 25, 100) == 1

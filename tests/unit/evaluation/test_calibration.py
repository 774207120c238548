"""Temperature scaling, and how far probabilities can be believed.

Known temperatures come back, few films stay finite, mixtures are mended; losses and bins agree
with scikit-learn, and intervals hold the truth.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit, softmax
from scipy.stats import chi2, sem, t
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools import add_constant

from hilum.errors import NoTrialsError
from hilum.evaluation.calibration import (
    LARGEST_LOG_LOSS,
    bin_films,
    calibrate,
    calibrate_heads,
    calibration_error,
    error_by_chance,
    estimate_losses,
    fit_calibrator,
    log_prior_ratio,
    measure_calibration,
    pool_calibrated,
    recalibrate,
    trace_reliability,
)
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.results import Calibrator
from hilum.folds.folds import Split
from scored import score_films, score_heads


def brier_score(is_positive, probability):
    return estimate_losses(score_films(is_positive, probability))["brier_score"].value


def log_loss(is_positive, probability):
    return estimate_losses(score_films(is_positive, probability))["log_loss"].value


def draw(n, n_classes, *, sharpness, seed):
    """Draw films whose true log probabilities the head overstates by the sharpness."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(n, n_classes))
    shares = softmax(logits, axis=1)
    y = (rng.random((n, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    return softmax(sharpness * logits, axis=1), y


def no_prior(n_classes=2):
    return np.zeros(n_classes)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_finds_a_known_temperature(n_classes, sharpness):
    scores, y = draw(20_000, n_classes, sharpness=sharpness, seed=1)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior(n_classes))
    assert calibrator.temperature == pytest.approx(sharpness, rel=0.05)


def test_agrees_with_a_general_optimiser():
    scores, y = draw(40, 3, sharpness=2.0, seed=4)
    prior = np.array([0.4, -0.1, -0.5])

    def loss(log_sharpness):
        p = softmax(np.log(scores) * np.exp(log_sharpness[0]) + prior, axis=1)
        return (log_sharpness[0] / 0.5) ** 2 / 2 - np.sum(np.log(p[np.arange(40), y]))

    expected = minimize(loss, [0.0], method="BFGS", options={"gtol": 1e-9})
    calibrator = fit_calibrator(scores, y, log_prior_ratio=prior)
    assert calibrator.temperature == pytest.approx(np.exp(-expected.x[0]), rel=1e-4)


@pytest.mark.parametrize("per_class", [1, 3, 30])
def test_films_ranked_without_fault_leave_the_temperature_finite(per_class):
    y = np.repeat([0, 1], per_class)
    p_ill = np.where(y == 1, 0.9, 0.1)
    scores = np.stack([1 - p_ill, p_ill], axis=1)
    temperature = fit_calibrator(scores, y, log_prior_ratio=no_prior()).temperature
    # The pull towards surer scores and the doubt that heads are so far off are in balance.
    p_right = 1 / (1 + 9 ** (-1 / temperature))
    pull = 2 * per_class * (1 - p_right) * np.log(9) / temperature
    assert pull == pytest.approx(-np.log(temperature) / 0.5**2, rel=1e-3)
    assert 0.2 < temperature < 1


def test_scores_of_exactly_0_and_1_are_no_certainty():
    y = np.array([0, 0, 1, 1, 1])
    p_ill = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    scores = np.stack([1 - p_ill, p_ill], axis=1).astype(np.float32)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
    calibrated = calibrate(calibrator, scores)
    assert np.all((calibrated > 0) & (calibrated < 1))
    assert 1 < calibrator.temperature < 100


def test_a_head_that_scores_all_films_alike_keeps_its_temperature():
    scores = np.full((6, 2), 0.5)
    calibrator = fit_calibrator(scores, np.array([0, 0, 0, 0, 1, 1]), log_prior_ratio=no_prior())
    assert calibrator.temperature == 1


def test_a_head_that_is_wrong_throughout_nears_a_coin_the_more_films_say_so():
    temperatures = []
    for per_class in (5, 20, 5_000):
        y = np.repeat([0, 1], per_class)
        p_ill = np.where(y == 1, 0.2, 0.8)
        scores = np.stack([1 - p_ill, p_ill], axis=1)
        calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
        temperatures.append(calibrator.temperature)
    assert 1 < temperatures[0] < temperatures[1] < temperatures[2]
    np.testing.assert_allclose(calibrate(calibrator, scores), 0.5, atol=0.03)


@given(sharpness=st.floats(0.2, 5), seed=st.integers(0, 2**32 - 1))
def test_large_validation_sets_never_raise_the_loss(sharpness, seed):
    scores, y = draw(2_000, 2, sharpness=sharpness, seed=seed)
    calibrator = fit_calibrator(scores, y, log_prior_ratio=no_prior())
    before = log_loss(y == 1, scores[:, 1])
    # What is believed beforehand may cost as little.
    assert log_loss(y == 1, calibrate(calibrator, scores)[:, 1]) <= before + 1e-4


@given(
    temperature=st.floats(0.05, 20),
    prior=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_probabilities_sum_to_1_and_two_classes_keep_their_order(temperature, prior, seed):
    p = np.random.default_rng(seed).dirichlet(np.ones(3), size=20)
    calibrated = calibrate(Calibrator(temperature, np.array(prior)), p)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    two = calibrate(
        Calibrator(temperature, np.array(prior[:2])), np.stack([1 - p[:, 0], p[:, 0]], 1)
    )
    assert np.all(np.diff(two[np.argsort(p[:, 0]), 1]) >= 0)


def test_heads_that_balance_classes_get_the_true_mixture_back():
    rng = np.random.default_rng(7)
    y = (rng.random(40_000) < 0.1).astype(np.int64)
    # Gaussian scores one apart: with equal shares, the log odds of a film at x are x - 1/2.
    log_odds = rng.normal(size=len(y)) + y - 0.5
    p_ill = 1 / (1 + np.exp(-log_odds))
    prior = log_prior_ratio(y, 2)
    calibrator = fit_calibrator(np.stack([1 - p_ill, p_ill], 1), y, log_prior_ratio=prior)
    calibrated = calibrate(calibrator, np.stack([1 - p_ill, p_ill], 1))[:, 1]
    assert calibrator.temperature == pytest.approx(1, abs=0.05)
    assert calibrated.mean() == pytest.approx(y.mean(), abs=0.003)
    truth = 1 / (1 + np.exp(-(log_odds + np.log(y.mean() / (1 - y.mean())))))
    np.testing.assert_allclose(calibrated, truth, atol=0.02)


def test_a_class_without_films_stays_possible():
    ratio = log_prior_ratio(np.array([0, 0, 1, 1]), 3)
    assert np.all(np.isfinite(ratio))
    np.testing.assert_allclose(np.exp(ratio), np.array([2, 2, 0.5]) * 3 / 4.5)
    np.testing.assert_array_equal(log_prior_ratio(np.array([0, 1, 1, 0]), 2), [0, 0])


def split(train, validation, test):
    train, validation, test = (np.array(part, np.int64) for part in (train, validation, test))
    return Split(0, 0, train, validation, test)


def test_each_head_is_calibrated_by_its_own_films_alone():
    scores, y = draw(60, 2, sharpness=3.0, seed=9)
    rng = np.random.default_rng(3)
    films = [rng.permutation(60) for _ in range(2)]
    splits = [split(order[:20], order[20:40], order[40:]) for order in films]
    both = np.stack([scores, scores[:, ::-1]])
    heads = score_heads(both, y, splits)
    calibrators, probabilities = calibrate_heads(heads, balances_classes=True)
    for head, part in enumerate(splits):
        seen = np.concatenate([part.train, part.validation])
        alone = fit_calibrator(
            both[head, part.validation],
            y[part.validation],
            log_prior_ratio=log_prior_ratio(y[seen], 2),
        )
        assert calibrators[head].temperature == alone.temperature
        np.testing.assert_array_equal(calibrators[head].log_prior_ratio, alone.log_prior_ratio)
        np.testing.assert_array_equal(probabilities.scores[head], calibrate(alone, both[head]))


def test_tested_films_are_pooled_as_logarithms_over_their_heads():
    probabilities = np.array([[[0.1, 0.9], [0.5, 0.5]], [[0.5, 0.5], [0.3, 0.7]]])
    splits = [split([], [], [0, 1]), split([], [], [0])]
    pooled = pool_calibrated(score_heads(probabilities, np.array([0, 1]), splits))
    np.testing.assert_array_equal(pooled.films, [0, 1])
    # Odds of 9 and of 1 make odds of 3.
    np.testing.assert_allclose(pooled.scores, [[0.25, 0.75], [0.5, 0.5]])


def test_a_probability_that_rounding_has_made_0_is_pooled_all_the_same():
    probabilities = np.array([[[0.0, 1.0]], [[0.5, 0.5]]])
    splits = [split([], [], [0]), split([], [], [0])]
    pooled = pool_calibrated(score_heads(probabilities, np.array([0]), splits))
    assert pooled.scores[0, 1] == pytest.approx(1)


def test_heads_that_do_not_balance_classes_keep_their_mixture():
    scores, y = draw(30, 2, sharpness=1.0, seed=2)
    splits = [split(range(10), range(10, 20), range(20, 30))]
    heads = score_heads(scores[np.newaxis], y, splits)
    calibrators, _ = calibrate_heads(heads, balances_classes=False)
    np.testing.assert_array_equal(calibrators[0].log_prior_ratio, [0, 0])


def test_refuses_what_would_flatter_or_mislead():
    scores, y = draw(30, 2, sharpness=1.0, seed=2)
    heads = scores[np.newaxis]
    with pytest.raises(ValueError, match="one split per head"):
        calibrate_heads(score_heads(heads, y, []), balances_classes=True)
    flattering = [split(range(10), range(10, 20), range(19, 30))]
    with pytest.raises(ValueError, match="must not be tested"):
        calibrate_heads(score_heads(heads, y, flattering), balances_classes=True)
    with pytest.raises(ValueError, match="at least one validation film"):
        fit_calibrator(scores[:0], y[:0], log_prior_ratio=no_prior())
    with pytest.raises(ValueError, match="finite"):
        fit_calibrator(scores * np.nan, y, log_prior_ratio=no_prior())


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 50))
def test_agree_with_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    is_positive, p = rng.random(n) < 0.4, rng.uniform(1e-6, 1 - 1e-6, size=n)
    assert brier_score(is_positive, p) == pytest.approx(
        metrics.brier_score_loss(is_positive, p, pos_label=True), rel=1e-9
    )
    assert log_loss(is_positive, p) == pytest.approx(
        metrics.log_loss(is_positive, p, labels=[False, True]), rel=1e-9
    )


def test_certainty_that_errs_costs_much_but_not_all():
    wrong = np.array([True, False]), np.array([0.0, 1.0])
    assert brier_score(*wrong) == 1
    assert log_loss(*wrong) == LARGEST_LOG_LOSS == pytest.approx(16.1, abs=0.05)
    assert log_loss(np.array([True, False]), np.array([1.0, 0.0])) == pytest.approx(1e-7, rel=1e-3)


@pytest.mark.parametrize("loss", [brier_score, log_loss])
def test_refuse_what_is_no_probability(loss):
    with pytest.raises(NoTrialsError):
        loss(np.zeros(0, dtype=bool), np.zeros(0))
    for p in (1.1, -0.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            loss(np.array([True]), np.array([p]))
    with pytest.raises(ValueError, match="finite"):
        loss(np.array([True]), np.array([np.nan]))


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(100, 400), digits=st.integers(1, 6))
def test_bins_are_those_of_scikit_learn(seed, n, digits):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, size=n).round(digits)
    is_positive = rng.random(n) < p
    reliability = trace_reliability(score_films(is_positive, p))
    shares, means = calibration_curve(
        is_positive, p, n_bins=10, strategy="quantile", pos_label=True
    )
    np.testing.assert_allclose(reliability.share_positive, shares)
    np.testing.assert_allclose(reliability.probability, means)
    error = np.average(np.abs(shares - means), weights=reliability.n_films)
    assert calibration_error(is_positive, p) == pytest.approx(error)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 130), digits=st.integers(0, 3))
def test_every_film_stands_in_one_bin_with_its_equals(seed, n, digits):
    p = np.random.default_rng(seed).random(n).round(digits)
    bins = bin_films(p)
    assert np.all(bins.sum(axis=0) == 1)
    assert np.all(bins.sum(axis=1) > 0)
    assert 1 <= len(bins) <= max(1, n // 10)
    for value in np.unique(p):
        assert np.ptp(bins[:, p == value], axis=1).max() == 0


def test_distinct_probabilities_fill_bins_evenly():
    p = np.random.default_rng(0).permutation(np.linspace(0, 1, 157))
    films = bin_films(p).sum(axis=1)
    assert len(films) == 10
    assert films.max() - films.min() <= 1


def test_bounds_are_those_of_the_share():
    p = np.repeat([0.1, 0.9], 20)
    is_positive = np.concatenate([np.arange(20) < 3, np.arange(20) < 17])
    reliability = trace_reliability(score_films(is_positive, p))
    np.testing.assert_array_equal(reliability.n_films, [20, 20])
    np.testing.assert_allclose(reliability.share_positive, [0.15, 0.85])
    assert reliability.low[0] == clopper_pearson(3, 20).low
    assert reliability.high[1] == clopper_pearson(17, 20).high
    assert calibration_error(is_positive, p) == pytest.approx(0.05)
    of_patients = trace_reliability(score_films(is_positive, p, np.arange(40) // 4))
    assert np.all(of_patients.high - of_patients.low > reliability.high - reliability.low)


def test_right_probabilities_stay_below_the_error_by_chance_in_95_of_100_cohorts():
    rng = np.random.default_rng(5)
    p = rng.beta(0.6, 0.6, size=120)
    limit = error_by_chance(p, np.arange(120), rng=rng, n_draws=4_000)
    errors = [calibration_error(rng.random(120) < p, p) for _ in range(2_000)]
    # Both the limit and the share are drawn: twice the standard error of either, and more.
    assert np.mean(np.array(errors) < limit) == pytest.approx(0.95, abs=0.02)


def test_films_of_one_patient_allow_more_by_chance():
    rng = np.random.default_rng(6)
    p = rng.random(200)
    alone = error_by_chance(p, np.arange(200), rng=rng)
    assert error_by_chance(p, np.arange(200) // 10, rng=rng) > alone


def test_certainty_leaves_nothing_to_chance():
    p = np.repeat([0.0, 1.0], 30)
    assert error_by_chance(p, np.arange(60), rng=np.random.default_rng(0)) == 0
    assert calibration_error(p == 1, p) == 0
    assert calibration_error(p == 0, p) == 1


def test_refuses_no_films():
    with pytest.raises(NoTrialsError):
        calibration_error(np.zeros(0, dtype=bool), np.zeros(0))


def draw_overstated(n, rng, *, sharpness):
    """Draw films whose true log odds are overstated by the sharpness."""
    log_odds = rng.normal(0, 1.5, size=n) + np.where(rng.random(n) < 0.5, 1.2, -1.2)
    truth = expit(log_odds)
    return rng.random(n) < truth, expit(sharpness * log_odds), truth


def test_values_are_those_of_the_single_functions():
    rng = np.random.default_rng(1)
    is_positive, p, _ = draw_overstated(150, rng, sharpness=2.0)
    figures = measure_calibration(score_films(is_positive, p), rng=rng, n_bootstraps=200)
    assert figures.brier_score.value == pytest.approx(
        metrics.brier_score_loss(is_positive, p, pos_label=True)
    )
    assert figures.log_loss.value == pytest.approx(metrics.log_loss(is_positive, p))
    assert figures.calibration_error.value == pytest.approx(calibration_error(is_positive, p))
    for estimate in (figures.brier_score, figures.log_loss, figures.calibration_error):
        assert estimate.low <= estimate.value <= estimate.high
        assert "over 150 groups" in estimate.method
    assert "200 resamples" in figures.calibration_error.method


def test_the_same_generator_gives_the_same_figures():
    is_positive, p, _ = draw_overstated(80, np.random.default_rng(1), sharpness=2.0)
    first, second = (
        measure_calibration(
            score_films(is_positive, p), rng=np.random.default_rng(8), n_bootstraps=100
        )
        for _ in range(2)
    )
    assert first.calibration_error == second.calibration_error
    assert first.log_loss == second.log_loss
    assert first.error_by_chance == second.error_by_chance


def test_films_of_one_patient_widen_the_intervals():
    rng = np.random.default_rng(2)
    is_positive, p, _ = draw_overstated(60, rng, sharpness=2.0)
    alone = measure_calibration(score_films(is_positive, p), rng=rng)
    four_each = np.repeat(is_positive, 4), np.repeat(p, 4), np.repeat(np.arange(60), 4)
    fourfold = measure_calibration(score_films(*four_each), rng=rng)
    for name in ("brier_score", "log_loss"):
        one, four = getattr(alone, name), getattr(fourfold, name)
        assert (four.low, four.high) == pytest.approx((one.low, one.high))
    one, four = alone.calibration_error, fourfold.calibration_error
    assert four.high - four.low == pytest.approx(one.high - one.low, rel=0.25)


def test_many_films_have_the_interval_of_a_plain_mean():
    rng = np.random.default_rng(3)
    is_positive, p, _ = draw_overstated(20_000, rng, sharpness=1.0)
    brier = estimate_losses(score_films(is_positive, p))["brier_score"]
    squared = (p - is_positive) ** 2
    bounds = t.interval(0.95, 19_999, loc=squared.mean(), scale=sem(squared))
    assert (brier.low, brier.high) == pytest.approx(bounds, abs=1e-4)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 9)), min_size=1, max_size=30)
)
def test_intervals_of_losses_have_width_and_hold_the_value(films):
    is_positive, p, groups = (np.array(column) for column in zip(*films, strict=True))
    losses = estimate_losses(score_films(is_positive, p, groups))
    for estimate, largest in ((losses["brier_score"], 1.0), (losses["log_loss"], 16.2)):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= largest
        assert estimate.high - estimate.low > 0.01


def test_probabilities_nearly_certain_have_the_intervals_of_certain_ones():
    is_positive = np.arange(40) < 20
    certain, nearly = (
        estimate_losses(score_films(is_positive, np.where(is_positive, 1 - rest, rest)))
        for rest in (0.0, 1e-6)
    )
    assert nearly["brier_score"].high == pytest.approx(certain["brier_score"].high, rel=0.05)
    # A wrong film would have lost a little less.
    assert 0.8 < nearly["log_loss"].high / certain["log_loss"].high < 1


@pytest.mark.parametrize("is_right", [True, False])
def test_no_interval_claims_certainty(is_right):
    is_positive = np.arange(40) < 20
    p = np.where(is_positive == is_right, 1.0, 0.0)
    figures = measure_calibration(
        score_films(is_positive, p), rng=np.random.default_rng(0), n_bootstraps=100
    )
    for estimate in (figures.brier_score, figures.log_loss, figures.calibration_error):
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.high - estimate.low > 0.05
    assert "all 100 resamples agree" in figures.calibration_error.method


def test_a_single_positive_film_is_enough_and_none_is_not():
    p = np.linspace(0.1, 0.9, 12)
    figures = measure_calibration(
        score_films(np.arange(12) == 11, p), rng=np.random.default_rng(0), n_bootstraps=100
    )
    assert 0 < figures.calibration_error.low <= figures.calibration_error.value
    with pytest.raises(NoTrialsError):
        measure_calibration(score_films(np.zeros(12, dtype=bool), p), rng=np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_films", "sharpness"), [(32, 1.0), (32, 2.5), (160, 1.3), (600, 1.0), (600, 2.5)]
)
def test_intervals_hold_the_truth(n_films, sharpness):
    """The error in the population, over bins as many as the films allow; at least 90 in 100."""
    rng = np.random.default_rng(11)
    _, p, truth = draw_overstated(400_000, rng, sharpness=sharpness)
    n_bins = min(10, n_films // 10)
    bin_of = np.searchsorted(np.quantile(p, np.arange(1, n_bins) / n_bins), p)
    error = np.abs(np.bincount(bin_of, truth - p)).sum() / len(p)
    brier = np.mean(truth * (1 - p) ** 2 + (1 - truth) * p**2)
    n_simulations = 300
    held = np.zeros(2)
    for _ in range(n_simulations):
        is_positive, p, _ = draw_overstated(n_films, rng, sharpness=sharpness)
        figures = measure_calibration(score_films(is_positive, p), rng=rng, n_bootstraps=300)
        for place, (estimate, value) in enumerate(
            ((figures.calibration_error, error), (figures.brier_score, brier))
        ):
            held[place] += estimate.low <= value <= estimate.high
    # Two standard errors of the simulation are 0.035 at 0.9.
    assert np.all(held / n_simulations >= 0.9 - 0.035)


def test_slope_and_intercept_agree_with_statsmodels():
    """Values are those of its logistic models; bounds lie where its likelihood has fallen."""
    rng = np.random.default_rng(5)
    is_positive, p, _ = draw_overstated(140, rng, sharpness=1.8)
    told = recalibrate(score_films(is_positive, p))
    y, x = is_positive.astype(float), logit(p)
    both = GLM(y, add_constant(x), family=Binomial()).fit()
    assert told.slope.value == pytest.approx(both.params[1], rel=1e-5)
    fixed = GLM(y, np.ones((140, 1)), family=Binomial(), offset=x).fit()
    assert told.intercept.value == pytest.approx(fixed.params[0], abs=1e-5)

    sandwich = GLM(y, add_constant(x), family=Binomial()).fit(cov_type="HC0")
    factor = max(1.0, 140 / 139 * (sandwich.bse[1] / both.bse[1]) ** 2)
    for bound in (told.slope.low, told.slope.high):
        held = GLM(y, np.ones((140, 1)), family=Binomial(), offset=bound * x).fit()
        assert 2 * (both.llf - held.llf) == pytest.approx(factor * chi2.ppf(0.95, 1), rel=1e-3)
    sandwich = GLM(y, np.ones((140, 1)), family=Binomial(), offset=x).fit(cov_type="HC0")
    factor = max(1.0, 140 / 139 * (sandwich.bse[0] / fixed.bse[0]) ** 2)
    for bound in (told.intercept.low, told.intercept.high):
        held = np.sum(y * (x + bound) - np.logaddexp(0, x + bound))
        assert 2 * (fixed.llf - held) == pytest.approx(factor * chi2.ppf(0.95, 1), rel=1e-3)


def test_bending_and_shifting_probabilities_bends_and_shifts_the_figures():
    rng = np.random.default_rng(6)
    is_positive, p, _ = draw_overstated(120, rng, sharpness=1.0)
    plain = recalibrate(score_films(is_positive, p))
    bent = recalibrate(score_films(is_positive, expit(2 * logit(p))))
    for end in ("low", "value", "high"):
        assert getattr(bent.slope, end) == pytest.approx(getattr(plain.slope, end) / 2, abs=1e-4)
    shifted = recalibrate(score_films(is_positive, expit(logit(p) + 0.7)))
    for end in ("low", "value", "high"):
        expected = getattr(plain.intercept, end) - 0.7
        assert getattr(shifted.intercept, end) == pytest.approx(expected, abs=1e-4)
        assert getattr(shifted.slope, end) == pytest.approx(getattr(plain.slope, end), abs=1e-4)


def test_no_slope_fits_best_where_scores_part_the_classes():
    is_positive = np.arange(40) % 2 == 0
    parted = recalibrate(score_films(is_positive, np.where(is_positive, 0.8, 0.3)))
    assert parted.slope is None
    assert parted.intercept.low < 0 < parted.intercept.high
    assert recalibrate(score_films(is_positive, np.full(40, 0.3))).slope is None
    assert recalibrate(score_films(np.ones(4, dtype=bool), np.full(4, 0.3))) is None


def test_films_of_a_patient_tell_no_more_than_one_of_them():
    rng = np.random.default_rng(7)
    is_positive, p, _ = draw_overstated(100, rng, sharpness=1.0)
    alone = recalibrate(score_films(is_positive, p))
    thrice = recalibrate(
        score_films(np.repeat(is_positive, 3), np.repeat(p, 3), np.repeat(np.arange(100), 3))
    )
    for one, other in ((alone.slope, thrice.slope), (alone.intercept, thrice.intercept)):
        assert other.value == pytest.approx(one.value)
        # Three times as many films of their own would make it 0.58 times as wide.
        assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.25)


def test_folds_widen_losses_and_slope_by_their_factor():
    rng = np.random.default_rng(8)
    is_positive, p, _ = draw_overstated(120, rng, sharpness=1.5)
    films = score_films(is_positive, p)
    plain, widened = (
        measure_calibration(films, rng=np.random.default_rng(0), n_bootstraps=200, inflation=f)
        for f in (1.0, 2.0)
    )
    for name in ("brier_score", "log_loss"):
        one, two = getattr(plain, name), getattr(widened, name)
        assert two.value == one.value
        # (value - bound)^2 is in proportion to the bound and to the factor.
        spread_one, spread_two = ((e.high - e.value) ** 2 / e.high for e in (one, two))
        assert spread_two == pytest.approx(2 * spread_one)
    assert widened.calibration_error.high > plain.calibration_error.high
    slope = widened.recalibration.slope
    given = slope.also["heads_as_given"]
    assert (given.low, given.high) == pytest.approx(
        (plain.recalibration.slope.low, plain.recalibration.slope.high)
    )
    assert slope.low < given.low < given.high < slope.high
    assert widened.recalibration.intercept == plain.recalibration.intercept


@pytest.mark.slow
@pytest.mark.parametrize(("n_films", "sharpness"), [(80, 1.0), (80, 2.0), (236, 1.0), (600, 2.0)])
def test_slope_and_intercept_hold_the_truth(n_films, sharpness):
    """Overstated log odds have a slope of 1 / sharpness; drawn evenly, an intercept of 0."""
    rng = np.random.default_rng(9)
    held = np.zeros(2)
    for _ in range(1000):
        is_positive, p, _ = draw_overstated(n_films, rng, sharpness=sharpness)
        told = recalibrate(score_films(is_positive, p))
        estimates = (told.slope, told.intercept)
        truths = (1 / sharpness, 0.0)
        held += [e.low <= t <= e.high for e, t in zip(estimates, truths, strict=True)]
    assert np.all(held / 1000 >= 0.93), held
    assert np.all(held / 1000 <= 0.985), held

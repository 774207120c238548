"""Probabilities that mean what they say: temperature scaling, and how far they can be believed.

A head that was trained on few films is often too sure of itself, and one that balances the
classes answers for a cohort with equally many films of each. Both are corrected here: the
second from how the classes are mixed, the first by a single number, fitted on the head's
validation films.

The Brier score and the log-loss are smallest for probabilities that are right, and reward
telling the classes apart as well. The calibration error and the bins beneath it measure
honesty alone: a score that gives every film the share of positive films is as honest as it is
useless.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, log_expit, log_softmax, logit, ndtri, softmax, stdtrit

from hilum.errors import NoTrialsError
from hilum.evaluation.proportions import (
    clopper_pearson,
    clustered_proportion,
    describe_inflation,
)
from hilum.evaluation.resampling import bootstrap_groups, has_no_width
from hilum.evaluation.results import (
    SMALLEST_PROBABILITY,
    CalibrationFigures,
    Calibrator,
    Estimate,
    Interval,
    Recalibration,
    Reliability,
)
from hilum.evaluation.scored_films import HeadScores, ScoredFilms

# Beyond these ends, scores say almost nothing, or are almost certain.
_LOG_TEMPERATURES = (math.log(0.01), math.log(100.0))

# The standard deviation of log T that is believed beforehand.
_PRIOR_SD = 0.5

# A temperature that lowers the loss by less than this (nats per film) is rounding.
_NO_GAIN = 1e-12


def calibrate_heads(
    heads: HeadScores, *, balances_classes: bool
) -> tuple[tuple[Calibrator, ...], HeadScores]:
    """Calibrate every head on its own validation films.

    Neither a head's test films nor their labels change its calibrator.

    Args:
        heads: Their scores.
        balances_classes: Whether the heads were trained as if all classes had equally many
            films. If so, the true mixture is put back: that of the films on which head h was
            trained and validated.

    Returns:
        One calibrator per head, and the heads' calibrated probabilities of all films.

    Raises:
        ValueError: A split has no validation films or tests some of them, or a validation
            film's score is not finite.
    """
    y_true, n_classes = heads.y_true, heads.scores.shape[2]
    calibrators = []
    for of_head, split in zip(heads.scores, heads.splits, strict=True):
        if np.isin(split.validation, split.test).any():
            raise ValueError("validation films must not be tested: they choose the calibrator")
        seen = np.concatenate([split.train, split.validation])
        calibrators.append(
            fit_calibrator(
                of_head[split.validation],
                y_true[split.validation],
                log_prior_ratio=log_prior_ratio(y_true[seen], n_classes)
                if balances_classes
                else np.zeros(n_classes),
            )
        )
    pairs = zip(calibrators, heads.scores, strict=True)
    calibrated = np.stack([calibrate(c, of_head) for c, of_head in pairs])
    return tuple(calibrators), replace(heads, scores=calibrated)


def log_prior_ratio(
    y_true: Int[np.ndarray, " films"], n_classes: int
) -> Float[np.ndarray, " classes"]:
    """Compare the classes' shares of some films with equal shares.

    Args:
        y_true: Class index of each film.
        n_classes: Classes of the study. One without a film counts as half a film, so that
            it stays possible.

    Returns:
        Logarithm of share times classes: 0 for a class that has its equal share.

    Source: Saerens, Latinne and Decaestecker (2002), Neural Computation 14:21-41.
    """
    counts = np.maximum(np.bincount(y_true, minlength=n_classes), 0.5)
    return np.asarray(np.log(counts * n_classes / counts.sum()), dtype=np.float64)


def fit_calibrator(
    scores: Float[np.ndarray, "films classes"],
    y_true: Int[np.ndarray, " films"],
    *,
    log_prior_ratio: Float[np.ndarray, " classes"],
) -> Calibrator:
    """Find the temperature at which a head's scores say best what came.

    It is the most probable one after these films, between 0.01 and 100, if beforehand its
    logarithm is taken to lie around 0 with a standard deviation of 0.5: most heads are near
    right, and few are off by a factor of 3. So few films that happen to be ranked without
    fault do not make a head infinitely sure, and with many films the difference is gone.

    Args:
        scores: Probability of each class for each validation film, as the head gives it.
            Where it is 0 or 1, it is taken as 1e-7 away from that.
        y_true: Class index of each film.
        log_prior_ratio: Added to the logarithms after the temperature; see `Calibrator`.

    Returns:
        The calibrator. Its temperature is 1 where no other is better, as for a head that
        scores all films alike.

    Raises:
        ValueError: There is no film, or a score is not finite.

    Source: Guo, Pleiss, Sun and Weinberger (2017), Proceedings of the 34th International
    Conference on Machine Learning, 1321-1330.
    """
    if len(y_true) == 0:
        raise ValueError("a calibrator needs at least one validation film")
    if not np.all(np.isfinite(scores)):
        raise ValueError("scores of validation films must be finite")
    log_scores = _log_scores(scores)
    own = np.arange(len(y_true)), y_true

    def loss(log_temperature: float) -> float:
        scaled = log_scores / math.exp(log_temperature) + log_prior_ratio
        doubt = (log_temperature / _PRIOR_SD) ** 2 / 2
        return float((doubt - np.sum(log_softmax(scaled, axis=1)[own])) / len(y_true))

    # In 1 / T the films' part is convex; both parts together have one valley in practice.
    best = minimize_scalar(
        loss, bounds=_LOG_TEMPERATURES, method="bounded", options={"xatol": 1e-6}
    )
    is_better = best.fun < loss(0.0) - _NO_GAIN
    return Calibrator(
        temperature=math.exp(best.x) if is_better else 1.0, log_prior_ratio=log_prior_ratio
    )


def calibrate(
    calibrator: Calibrator, scores: Float[np.ndarray, "*films classes"]
) -> Float[np.ndarray, "*films classes"]:
    """Turn one head's scores into probabilities.

    Args:
        calibrator: The head's own.
        scores: Probability of each class as the head gives it, for any films.

    Returns:
        Probabilities in the same order, summing to 1 for each film; NaN where a film's
        scores are.
    """
    scaled = _log_scores(scores) / calibrator.temperature + calibrator.log_prior_ratio
    return np.asarray(softmax(scaled, axis=-1), dtype=np.float64)


def _log_scores(
    scores: Float[np.ndarray, "*films classes"],
) -> Float[np.ndarray, "*films classes"]:
    return np.log(
        np.clip(scores.astype(np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    )


# The logarithm of a probability that rounding has made 0 must stay finite.
_TINY = 1e-300


def pool_calibrated(probabilities: HeadScores) -> ScoredFilms:
    """Average calibrated probabilities over the heads that tested each film.

    The logarithms are averaged. The plain mean of probabilities that are each right is more
    timid than they are, since heads that err in different directions pull it to the middle
    (Ranjan and Gneiting); means of logarithms suffer less from that.

    Args:
        probabilities: The heads' calibrated probabilities.

    Returns:
        One row per film that was tested, summing to 1.

    Raises:
        ValueError: A tested film's is not finite.

    Source: Genest and Zidek (1986), Statistical Science 1:114-135; Ranjan and Gneiting
    (2010), Journal of the Royal Statistical Society B 72:71-91.
    """
    pooled = replace(probabilities, scores=np.log(np.maximum(probabilities.scores, _TINY))).tested()
    return replace(pooled, scores=np.asarray(softmax(pooled.scores, axis=1)))


def pool_externally(
    probabilities: Float[np.ndarray, "heads films classes"],
) -> Float[np.ndarray, "films classes"]:
    """Do as `pool_calibrated` for films that all heads score."""
    logarithms = np.log(np.maximum(probabilities, _TINY))
    return np.asarray(softmax(logarithms.mean(axis=0), axis=1))


_TAILS = (0.025, 0.975)

# A loss worth as many groups that lose all they can, or that much short of all groups, weighs
# as much as the caution that each group may lose all or nothing: how a loss nearer to none or
# to all varies is hardly known. Chosen by simulation.
_GROUPS_OF_CAUTION = 0.2

# No film can lose more than this: the probability of what came is never taken as smaller.
LARGEST_LOG_LOSS = -math.log(SMALLEST_PROBABILITY)


def measure_calibration(
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
) -> CalibrationFigures:
    """Judge probabilities by all figures at once, with intervals over groups.

    Brier score and log loss are those of `estimate_losses`. The calibration error is a sum of
    distances, so that chance only adds to it, to each resample once more than to the films
    themselves: the middle of the resamples lies too high, and may not hold the truth even
    once. The bins stay the same in all resamples, and its interval is that of the true errors
    under which the figure would be no surprise, the bins' errors being in proportion to those
    found and varying as in the resamples. It begins at 0 where chance alone explains the
    figure, and does not end below what chance alone would reach.

    Args:
        films: With their probabilities, between 0 and 1.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the interval of the calibration error.
        inflation: Factor on the variance for heads that were trained on folds
            (`measure_inflation`). The bins, of few films each, are bounded without it.

    Returns:
        The figures and the bins.

    Raises:
        NoTrialsError: One of the two sides has no film.
        ValueError: A probability is not between 0 and 1.

    Source: Carpenter (1999), Journal of the Royal Statistical Society B 61:159-172, for the
    bootstrap by test inversion.
    """
    is_positive, probability, groups = films.is_positive, films.y_score, films.groups
    check_probabilities(probability)
    bins = bin_films(probability)
    # One row per bin, so that all resamples take a single product of matrices.
    names = [f"bin {number}" for number in range(len(bins))]
    rows = bins * (is_positive - probability)
    resampled = bootstrap_groups(
        lambda weights: dict(zip(names, rows @ weights / weights.sum(axis=0), strict=True)),
        films,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    losses = estimate_losses(films, inflation=inflation)
    return CalibrationFigures(
        brier_score=losses["brier_score"],
        log_loss=losses["log_loss"],
        calibration_error=_bound_error(
            rows.mean(axis=1),
            np.stack([resampled[name] for name in names]),
            len(np.unique(groups)),
            inflation,
        ),
        error_by_chance=error_by_chance(probability, groups, rng=rng),
        reliability=trace_reliability(films),
        recalibration=recalibrate(films, inflation=inflation),
    )


def estimate_losses(films: ScoredFilms, *, inflation: float = 1.0) -> dict[str, Estimate]:
    """Say what the probabilities lose by what came, and how surely.

    Means of losses that few films make up are too narrow by their resamples. Here the bounds
    are the two true means from which the observed one would be just as far as chance takes
    it, with a variance that grows with the mean. How fast comes from the groups; where nearly
    nothing is lost, or nearly all, it is drawn towards that of groups that lose all they can
    or nothing. So the interval has width always, also where all films agree.

    Args:
        films: With their probabilities, between 0 and 1.
        inflation: Factor on the variance for heads that were trained on folds.

    Returns:
        `brier_score`, the mean squared distance of the probability from what came: 0 is
        perfect, 0.25 is what a constant one half gets. `log_loss`, the mean negative logarithm
        of the probability of what came, in nats; probabilities count as 1e-7 away from 0 and 1
        at least, so that a single film cannot make it infinite.

    Raises:
        NoTrialsError: There is no film.
        ValueError: A probability is not between 0 and 1.

    Source: Brier (1950), Monthly Weather Review 78:1-3, for two classes; Good (1952), Journal
    of the Royal Statistical Society B 14:107-114; Cochran (1977), Sampling Techniques, third
    edition, chapter 6, for the variance of a ratio; Newcombe (2006), Statistics in Medicine
    25:559-573, method 5, for such bounds. The variance in proportion to the mean, and the pull,
    are our own: see docs/statistics.md.
    """
    is_positive, probability, groups = films.is_positive, films.y_score, films.groups
    check_probabilities(probability)
    is_less_likely = probability < 0.5
    return {
        "brier_score": _bound_mean(
            _squared_distances(is_positive, probability),
            _squared_distances(is_less_likely, probability),
            groups,
            largest=1.0,
            inflation=inflation,
        ),
        "log_loss": _bound_mean(
            _log_losses(is_positive, probability),
            _log_losses(is_less_likely, probability),
            groups,
            largest=LARGEST_LOG_LOSS,
            inflation=inflation,
        ),
    }


def _bound_mean(
    losses: Float[np.ndarray, " films"],
    at_worst: Float[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    largest: float,
    inflation: float,
) -> Estimate:
    """Bound a mean loss, knowing what each film would have lost had the less likely come."""
    names, rows = np.unique(groups, return_inverse=True)
    n_films, n_groups = len(losses), len(names)
    sizes, of_group = np.bincount(rows), np.bincount(rows, weights=losses)
    value = float(losses.mean())
    all_lost = float(at_worst.mean())
    # The variance for each unit of the mean: of groups that lose all or nothing, then as found.
    growth = all_lost * float(sizes @ sizes) / n_films**2
    if n_groups > 1 and value > 0:
        deviations = of_group - value * sizes
        variance = n_groups / (n_groups - 1) * float(deviations @ deviations) / n_films**2
        n_telling = n_groups * min(value, all_lost - value) / all_lost
        growth = (n_telling * variance / value + _GROUPS_OF_CAUTION * growth) / (
            n_telling + _GROUPS_OF_CAUTION
        )
    # Solved for the mean: (value - mean)^2 = spread * mean.
    spread = float(stdtrit(max(1, n_groups - 1), _TAILS[1])) ** 2 * growth * inflation
    high = value + spread / 2 + math.sqrt(value * spread + spread**2 / 4)
    method = f"score interval, variance over {n_groups} groups, Student's t"
    method += describe_inflation(inflation)
    return Estimate(value, min(value, value**2 / high), max(value, min(high, largest)), method)


def _bound_error(
    gaps: Float[np.ndarray, " bins"],
    resampled: Float[np.ndarray, "bins bootstraps"],
    n_groups: int,
    inflation: float,
) -> Estimate:
    """Bound the sum of the bins' absolute gaps by the true sums that would explain it."""
    value = float(np.abs(gaps).sum())
    errors = np.abs(resampled).sum(axis=0)
    if has_no_width(errors):
        trials = max(1.0, n_groups / inflation)
        share = clopper_pearson(min(1.0, value) * trials, trials)
        method = f"Clopper-Pearson on {n_groups} groups, as all {len(errors)} resamples agree"
        method += describe_inflation(inflation)
        return Estimate(value, min(share.low, value), max(share.high, value), method)
    noise = math.sqrt(inflation) * (resampled - gaps[:, np.newaxis])

    def excess(scale: float, tail: float) -> float:
        drawn = np.abs(scale * gaps[:, np.newaxis] + noise).sum(axis=0)
        return float(np.quantile(drawn, tail)) - value

    def scale_at(tail: float) -> float:
        """Find how large the true gaps are, in terms of those found, that put it at the tail."""
        if value == 0 or excess(0.0, tail) >= 0:
            return 0.0
        largest = 1.0
        while excess(largest, tail) < 0:
            largest *= 2
        return float(brentq(excess, 0.0, largest, args=(tail,), xtol=1e-4))

    lower_tail, upper_tail = _TAILS
    by_chance = excess(0.0, upper_tail) + value
    low = min(1.0, scale_at(upper_tail)) * value
    high = max(1.0, scale_at(lower_tail)) * value
    method = f"bootstrap over {n_groups} groups, {resampled.shape[1]} resamples, test inversion"
    method += describe_inflation(inflation)
    return Estimate(value, low, min(1.0, max(high, by_chance)), method)


def _squared_distances(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> Float[np.ndarray, " films"]:
    """Give each film's part of the Brier score."""
    return np.asarray((probability - is_positive) ** 2, dtype=np.float64)


def _log_losses(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> Float[np.ndarray, " films"]:
    """Give each film's part of the log-loss, in nats."""
    of_what_came = np.where(is_positive, probability, 1 - probability)
    return np.asarray(
        -np.log(np.clip(of_what_came, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))
    )


def recalibrate(films: ScoredFilms, *, inflation: float = 1.0) -> Recalibration | None:
    """Find the calibration slope and the calibration intercept, and how surely.

    The bounds are those of the profile likelihood: the values under which what came is not
    much less likely than under the best one. They are skewed as they should be, and finite
    wherever a best value is. Where the films' scores vary more over groups than the
    likelihood takes them to, the bounds lie apart by as much more.

    Args:
        films: With their probabilities, between 0 and 1.
        inflation: Factor on the variance of the slope for heads that were trained on folds.
            `also` then holds `heads_as_given`, without it. The intercept takes none: folds
            share out the classes evenly, so heads expect as many positive films as there are.

    Returns:
        Slope and intercept; None where one of the two sides has no film.

    Raises:
        NoTrialsError: There is no film.
        ValueError: A probability is not between 0 and 1.

    Source: Cox (1958), Biometrika 45:562-565; Miller, Hui and Tierney (1991), Statistics in
    Medicine 10:1213-1226, for the two figures; Van Calster, McLernon, van Smeden, Wynants and
    Steyerberg (2019), BMC Medicine 17:230, for their names; Liang and Zeger (1986), Biometrika
    73:13-22, for the variance over groups.
    """
    check_probabilities(films.y_score)
    y = films.is_positive.astype(np.float64)
    if y.min() == y.max():
        return None
    probability = np.clip(films.y_score, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    log_odds = np.asarray(logit(probability), dtype=np.float64)
    _, rows = np.unique(films.groups, return_inverse=True)
    n_groups = int(rows.max()) + 1
    method = f"profile likelihood, variance over {n_groups} groups"

    def likelihood(offset: Float[np.ndarray, " films"], shift: float) -> float:
        return float(np.sum(log_expit((2 * y - 1) * (offset + shift))))

    def widening(offset: Float[np.ndarray, " films"], column: Float[np.ndarray, " films"]) -> float:
        """Say by how much the variance over groups exceeds that of the likelihood."""
        p = expit(offset)
        of_groups = np.bincount(rows, weights=(y - p) * column)
        expected = float(np.sum(p * (1 - p) * column**2))
        unbiased = n_groups / (n_groups - 1) if n_groups > 1 else 1.0
        return max(1.0, unbiased * float(of_groups @ of_groups) / expected)

    shift = _fit_shift(log_odds, y)
    factor = widening(log_odds + shift, np.ones(len(y)))
    low, high = _profile_bounds(lambda a: likelihood(log_odds, a), shift, factor)
    intercept = Estimate(shift, low, high, method)
    negatives, positives = log_odds[y == 0], log_odds[y == 1]
    if negatives.max() <= positives.min() or positives.max() <= negatives.min():
        return Recalibration(slope=None, intercept=intercept)

    def profile(b: float) -> float:
        return likelihood(b * log_odds, _fit_shift(b * log_odds, y))

    slope = _fit_slope(log_odds, y)
    fitted = slope * log_odds + _fit_shift(slope * log_odds, y)
    p = expit(fitted)
    weights = p * (1 - p)
    column = log_odds - float(weights @ log_odds / weights.sum())
    factor = widening(fitted, column)
    low, high = _profile_bounds(profile, slope, inflation * factor)
    also = {}
    if inflation > 1:
        method += describe_inflation(inflation)
        also = {"heads_as_given": Interval(*_profile_bounds(profile, slope, factor))}
    return Recalibration(slope=Estimate(slope, low, high, method, also), intercept=intercept)


def _fit_shift(offset: Float[np.ndarray, " films"], y: Float[np.ndarray, " films"]) -> float:
    """Find what added to log-odds makes them expect as many positive films as came."""
    came = float(y.sum())
    middle = float(logit(came / len(y)))
    return float(
        brentq(
            lambda a: float(expit(offset + a).sum()) - came,
            middle - float(offset.max()) - 1,
            middle - float(offset.min()) + 1,
            xtol=1e-10,
        )
    )


def _fit_slope(log_odds: Float[np.ndarray, " films"], y: Float[np.ndarray, " films"]) -> float:
    """Find the slope of the likeliest logistic curve; both sides overlap, so there is one."""

    def steepness(b: float) -> float:
        return float((y - expit(b * log_odds + _fit_shift(b * log_odds, y))) @ log_odds)

    low, high = -1.0, 1.0
    while steepness(high) > 0:
        low, high = high, 2 * high
    while steepness(low) < 0:
        low, high = 2 * low, low
    return float(brentq(steepness, low, high, xtol=1e-10))


# Twice the logarithm of the likelihood may fall by this within the middle 95 %.
_DEVIANCE = float(ndtri(0.975)) ** 2


def _profile_bounds(
    likelihood: Callable[[float], float], best: float, factor: float
) -> tuple[float, float]:
    """Find where the likelihood has fallen from its best by what a 95 % interval allows."""
    highest = likelihood(best)

    def excess(value: float) -> float:
        return 2 * (highest - likelihood(value)) - factor * _DEVIANCE

    def bound(direction: int) -> float:
        step = 0.5
        while excess(best + direction * step) < 0:
            step *= 2
        return float(brentq(excess, best, best + direction * step, xtol=1e-6))

    return bound(-1), bound(1)


# A bin's share is worth little with fewer films than this.
_FILMS_PER_BIN = 10


def trace_reliability(films: ScoredFilms, *, n_bins: int = 10) -> Reliability:
    """Set what was said beside what came, in bins of like probability.

    Args:
        films: With their probabilities.
        n_bins: As for `calibration_error`.

    Returns:
        The bins, by ascending probability.

    Raises:
        NoTrialsError: There is no film.
    """
    is_positive, probability, groups = films.is_positive, films.y_score, films.groups
    check_probabilities(probability)
    bins = bin_films(probability, n_bins=n_bins)
    n_films = bins.sum(axis=1)
    bounds = [clustered_proportion(is_positive[row > 0], groups[row > 0]) for row in bins]
    return Reliability(
        probability=bins @ probability / n_films,
        share_positive=bins @ is_positive / n_films,
        low=np.array([bound.low for bound in bounds]),
        high=np.array([bound.high for bound in bounds]),
        n_films=n_films.astype(np.int64),
    )


def calibration_error(
    is_positive: Bool[np.ndarray, " films"],
    probability: Float[np.ndarray, " films"],
    *,
    n_bins: int = 10,
) -> float:
    """Say how far probabilities and shares of positive films lie apart.

    Args:
        is_positive: Which films are of the positive class.
        probability: Of the positive class, for each film.
        n_bins: Bins of equally many films; fewer where there are not 10 films for each.
            Films of equal probability stand in one bin.

    Returns:
        The mean distance, weighted by the bins' films; 0 is perfect, and even right
        probabilities do not reach it by chance (`error_by_chance`).

    Raises:
        NoTrialsError: There is no film.

    Source: Nixon, Dusenberry, Zhang, Jerfel and Tran (2019), CVPR Workshops, 38-41, after
    Naeini, Cooper and Hauskrecht (2015), AAAI 29:2901-2907.
    """
    check_probabilities(probability)
    bins = bin_films(probability, n_bins=n_bins)
    return float(np.abs(bins @ (is_positive - probability)).sum() / len(probability))


def error_by_chance(
    probability: Float[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    rng: np.random.Generator,
    n_bins: int = 10,
    n_draws: int = 1000,
) -> float:
    """Say which calibration error even probabilities that are exactly right may show.

    Labels are drawn from the probabilities many times. The films of one group share each
    draw's luck, as if they were the same film: that makes the figure larger rather than
    smaller where films of one patient are less alike.

    Args:
        probability: Of the positive class, for each film.
        groups: Group of each film, any integers.
        rng: Where the draws come from.
        n_bins: As for `calibration_error`.
        n_draws: How often labels are drawn.

    Returns:
        The error that 95 of 100 draws stay below.

    Raises:
        NoTrialsError: There is no film.

    Source: Bröcker and Smith (2007), Weather and Forecasting 22:651-661.
    """
    check_probabilities(probability)
    names, rows = np.unique(groups, return_inverse=True)
    luck = rng.random((len(names), n_draws))[rows]
    came = luck < probability[:, np.newaxis]
    bins = bin_films(probability, n_bins=n_bins)
    errors = np.abs(bins @ (came - probability[:, np.newaxis])).sum(axis=0) / len(probability)
    return float(np.quantile(errors, 0.95))


def bin_films(
    probability: Float[np.ndarray, " films"], *, n_bins: int = 10
) -> Float[np.ndarray, "bins films"]:
    """Put films of like probability together, about equally many in each bin.

    Args:
        probability: For each film; equal ones stand in one bin.
        n_bins: At most so many bins, and no more than there are 10 films for each.

    Returns:
        1 where a film stands in a bin, 0 elsewhere; every film stands in one, and no bin is
        empty.
    """
    n_bins = max(1, min(n_bins, len(probability) // _FILMS_PER_BIN))
    edges = np.quantile(probability, np.arange(1, n_bins) / n_bins)
    _, bin_of = np.unique(np.searchsorted(edges, probability), return_inverse=True)
    return np.asarray(np.eye(bin_of.max() + 1)[:, bin_of])


# A mean of probabilities may miss 1 by this.
_ROUNDING = 1e-9


def check_probabilities(probability: Float[np.ndarray, " films"]) -> None:
    """Refuse numbers that are not probabilities, and an empty array.

    Raises:
        NoTrialsError: There is no film.
        ValueError: One is not between 0 and 1, by more than rounding.
    """
    if len(probability) == 0:
        raise NoTrialsError(
            "The calibration of no films was asked for.",
            fix="Make sure that every class has at least one tested film.",
        )
    if not np.all((probability >= -_ROUNDING) & (probability <= 1 + _ROUNDING)):
        raise ValueError("probabilities must lie between 0 and 1")

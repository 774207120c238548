"""Whether probabilities can be taken at their word: all figures, with their intervals."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import brentq
from scipy.special import stdtrit

from hilum.evaluation.decisions import CalibrationFigures
from hilum.evaluation.losses import (
    LARGEST_LOG_LOSS,
    check_probabilities,
    log_losses,
    squared_distances,
)
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.reliability import bin_films, error_by_chance, trace_reliability
from hilum.evaluation.resampling import bootstrap_groups, has_no_width
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms

_TAILS = (0.025, 0.975)

# A loss worth as many groups that lose all they can, or that much short of all groups, weighs
# as much as the caution that each group may lose all or nothing: how a loss nearer to none or
# to all varies is hardly known. Chosen by simulation.
_GROUPS_OF_CAUTION = 0.2


def measure_calibration(
    films: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int = 2000
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
    losses = estimate_losses(films)
    return CalibrationFigures(
        brier_score=losses["brier_score"],
        log_loss=losses["log_loss"],
        calibration_error=_bound_error(
            rows.mean(axis=1),
            np.stack([resampled[name] for name in names]),
            len(np.unique(groups)),
        ),
        error_by_chance=error_by_chance(probability, groups, rng=rng),
        reliability=trace_reliability(films),
    )


def estimate_losses(films: ScoredFilms) -> dict[str, Estimate]:
    """Say what the probabilities lose by what came, and how surely.

    Means of losses that few films make up are too narrow by their resamples. Here the bounds
    are the two true means from which the observed one would be just as far as chance takes
    it, with a variance that grows with the mean. How fast comes from the groups; where nearly
    nothing is lost, or nearly all, it is drawn towards that of groups that lose all they can
    or nothing. So the interval has width always, also where all films agree.

    Args:
        films: With their probabilities, between 0 and 1.

    Returns:
        `brier_score` and `log_loss`.

    Raises:
        NoTrialsError: There is no film.
        ValueError: A probability is not between 0 and 1.

    Source: Cochran (1977), Sampling Techniques, third edition, chapter 6, for the variance of
    a ratio; Newcombe (2006), Statistics in Medicine 25:559-573, method 5, for such bounds.
    The variance in proportion to the mean, and the pull, are our own: see docs/statistics.md.
    """
    is_positive, probability, groups = films.is_positive, films.y_score, films.groups
    check_probabilities(probability)
    is_less_likely = probability < 0.5
    return {
        "brier_score": _bound_mean(
            squared_distances(is_positive, probability),
            squared_distances(is_less_likely, probability),
            groups,
            largest=1.0,
        ),
        "log_loss": _bound_mean(
            log_losses(is_positive, probability),
            log_losses(is_less_likely, probability),
            groups,
            largest=LARGEST_LOG_LOSS,
        ),
    }


def _bound_mean(
    losses: Float[np.ndarray, " films"],
    at_worst: Float[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    largest: float,
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
    spread = float(stdtrit(max(1, n_groups - 1), _TAILS[1])) ** 2 * growth
    high = value + spread / 2 + math.sqrt(value * spread + spread**2 / 4)
    method = f"score interval, variance over {n_groups} groups, Student's t"
    return Estimate(value, min(value, value**2 / high), max(value, min(high, largest)), method)


def _bound_error(
    gaps: Float[np.ndarray, " bins"],
    resampled: Float[np.ndarray, "bins bootstraps"],
    n_groups: int,
) -> Estimate:
    """Bound the sum of the bins' absolute gaps by the true sums that would explain it."""
    value = float(np.abs(gaps).sum())
    errors = np.abs(resampled).sum(axis=0)
    if has_no_width(errors):
        share = clopper_pearson(min(1.0, value) * n_groups, n_groups)
        method = f"Clopper-Pearson on {n_groups} groups, as all {len(errors)} resamples agree"
        return Estimate(value, min(share.low, value), max(share.high, value), method)
    noise = resampled - gaps[:, np.newaxis]

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
    return Estimate(value, low, min(1.0, max(high, by_chance)), method)

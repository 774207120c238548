"""Whether probabilities can be taken at their word: all figures, with their intervals."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.optimize import brentq

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

_TAILS = (0.025, 0.975)


def measure_calibration(
    is_positive: Bool[np.ndarray, " films"],
    probability: Float[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> CalibrationFigures:
    """Judge probabilities by all figures at once, with intervals over groups.

    The bins stay the same in all resamples. The calibration error is a sum of distances, so
    that chance only adds to it, to each resample once more than to the films themselves: the
    middle of the resamples lies too high, and may not hold the truth even once. Its interval
    is therefore that of the true errors under which the figure would be no surprise, the
    bins' errors being in proportion to those found and varying as in the resamples. It begins
    at 0 where chance alone explains the figure, and does not end below what chance alone
    would reach.

    Args:
        is_positive: Which films are of the positive class.
        probability: Of the positive class, for each film, between 0 and 1.
        groups: Group of each film, any integers.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.

    Returns:
        The figures and the bins.

    Raises:
        NoTrialsError: One of the two sides has no film.
        ValueError: A probability is not between 0 and 1.

    Source: Carpenter (1999), Journal of the Royal Statistical Society B 61:159-172, for the
    bootstrap by test inversion.
    """
    check_probabilities(probability)
    squared = squared_distances(is_positive, probability)
    losses = log_losses(is_positive, probability)
    bins = bin_films(probability)
    # One row per figure and bin, so that all resamples take a single product of matrices.
    names = ["brier_score", "log_loss", *(f"bin {number}" for number in range(len(bins)))]
    rows = np.vstack([squared, losses, bins * (is_positive - probability)])
    resampled = bootstrap_groups(
        lambda weights: dict(zip(names, rows @ weights / weights.sum(axis=0), strict=True)),
        is_positive.astype(np.int64),
        groups,
        n_classes=2,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    brier, loss, *gaps = rows.mean(axis=1)
    n_groups = len(np.unique(groups))
    return CalibrationFigures(
        brier_score=_bound_mean(float(brier), resampled["brier_score"], n_groups),
        log_loss=_bound_mean(
            float(loss), resampled["log_loss"], n_groups, largest=LARGEST_LOG_LOSS
        ),
        calibration_error=_bound_error(
            np.array(gaps), np.stack([resampled[name] for name in names[2:]]), n_groups
        ),
        error_by_chance=error_by_chance(probability, groups, rng=rng),
        reliability=trace_reliability(is_positive, probability, groups),
    )


def _bound_mean(
    value: float,
    resampled: Float[np.ndarray, " bootstraps"],
    n_groups: int,
    *,
    largest: float = 1.0,
) -> Estimate:
    """Bound a mean loss by its resamples; where they agree, by groups that lose all or nothing."""
    if has_no_width(resampled):
        share = clopper_pearson(min(1.0, value / largest) * n_groups, n_groups)
        method = (
            f"Clopper-Pearson on {n_groups} groups, as a share of the largest loss, "
            f"as all {len(resampled)} resamples agree"
        )
        low, high = share.low * largest, share.high * largest
        return Estimate(value, min(low, value), max(high, value), method)
    low, high = (float(bound) for bound in np.quantile(resampled, _TAILS))
    method = f"bootstrap over {n_groups} groups, {len(resampled)} resamples, percentile"
    return Estimate(value, min(low, value), max(high, value), method)


def _bound_error(
    gaps: Float[np.ndarray, " bins"],
    resampled: Float[np.ndarray, "bins bootstraps"],
    n_groups: int,
) -> Estimate:
    """Bound the sum of the bins' absolute gaps by the true sums that would explain it."""
    value = float(np.abs(gaps).sum())
    errors = np.abs(resampled).sum(axis=0)
    if has_no_width(errors):
        return _bound_mean(value, errors, n_groups)
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

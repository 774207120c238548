"""Intervals for a proportion: how many films of a class were called rightly.

Both treat films as independent trials. Where a patient has several films, that
makes them too narrow; whoever reports them has to say so.
"""

from __future__ import annotations

import math

from scipy.special import betaincinv, ndtri

from hilum.errors import NoTrialsError
from hilum.evaluation.results import Interval


def clopper_pearson(
    successes: int | float, trials: int, *, confidence_level: float = 0.95
) -> Interval:
    """Bound a proportion exactly, however few trials there are.

    The interval covers the true proportion at least as often as it promises, and
    stays open towards the other films even when all of them were called rightly.

    Args:
        successes: Films called rightly, 0 <= successes <= trials. A fraction of a
            film is admitted, for figures that are averages.
        trials: Films in the class; at least 1.
        confidence_level: Coverage, between 0 and 1.

    Returns:
        Lower and upper bound, as fractions.

    Raises:
        NoTrialsError: `trials` is 0, so the proportion does not exist.

    Source: Clopper and Pearson (1934), Biometrika 26:404-413.
    """
    _check_counts(successes, trials, confidence_level)
    tail = (1 - confidence_level) / 2
    misses = trials - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, misses + 1, tail))
    high = 1.0 if misses == 0 else float(betaincinv(successes + 1, misses, 1 - tail))
    return Interval(low=low, high=high)


def wilson(successes: int | float, trials: int, *, confidence_level: float = 0.95) -> Interval:
    """Bound a proportion closely: right on average, not in every single case.

    Narrower than `clopper_pearson`. Good for drawing; for a headline take the
    exact one.

    Args:
        successes: Films called rightly, 0 <= successes <= trials.
        trials: Films in the class; at least 1.
        confidence_level: Coverage, between 0 and 1.

    Returns:
        Lower and upper bound, as fractions.

    Raises:
        NoTrialsError: `trials` is 0, so the proportion does not exist.

    Source: Wilson (1927), Journal of the American Statistical Association 22:209-212.
    """
    _check_counts(successes, trials, confidence_level)
    z_squared = float(ndtri((1 + confidence_level) / 2)) ** 2
    proportion = successes / trials
    centre = proportion + z_squared / (2 * trials)
    reach = math.sqrt(
        z_squared * (proportion * (1 - proportion) + z_squared / (4 * trials)) / trials
    )
    scale = 1 + z_squared / trials
    # At 0 and 1 the bound is exact on paper; rounding must not push it past the value.
    low = 0.0 if successes == 0 else (centre - reach) / scale
    high = 1.0 if successes == trials else (centre + reach) / scale
    return Interval(low=low, high=high)


def _check_counts(successes: int | float, trials: int, confidence_level: float) -> None:
    if trials == 0:
        raise NoTrialsError(
            "A proportion of no films was asked for.",
            fix="Make sure that every class has at least one tested film.",
        )
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie between 0 and trials={trials}; got {successes}")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must lie between 0 and 1; got {confidence_level}")

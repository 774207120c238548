"""Intervals for a proportion: how many films of a class were called rightly.

`clopper_pearson` and `wilson` treat films as independent trials. Where a patient has
several films, that makes them too narrow: `clustered_proportion` then asks how many
independent films would tell as much, and takes these as the trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int
from scipy.special import betaincinv, ndtri, stdtrit

from hilum.errors import NoTrialsError
from hilum.evaluation.results import Estimate, Interval

# As many groups with a film of the rarer kind, right or wrong, beyond the first of them weigh
# as much as the caution that films of one group are all alike: a design effect from fewer
# groups is hardly known, and a single one does not show any.
_GROUPS_OF_CAUTION = 4


def clopper_pearson(
    successes: int | float, trials: int | float, *, confidence_level: float = 0.95
) -> Interval:
    """Bound a proportion exactly, however few trials there are.

    The interval covers the true proportion at least as often as it promises, and
    stays open towards the other films even when all of them were called rightly.

    Args:
        successes: Films called rightly, 0 <= successes <= trials. A fraction of a
            film is admitted, for figures that are averages.
        trials: Films in the class; at least 1. Need not be whole: see `effective_trials`.
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


def wilson(
    successes: int | float, trials: int | float, *, confidence_level: float = 0.95
) -> Interval:
    """Bound a proportion closely: right on average, not in every single case.

    Narrower than `clopper_pearson`. Good for drawing; for a headline take the
    exact one.

    Args:
        successes: Films called rightly, 0 <= successes <= trials.
        trials: Films in the class; at least 1. Need not be whole: see `effective_trials`.
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


def clustered_proportion(
    is_right: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    inflation: float = 1.0,
) -> Estimate:
    """Bound the share of films called rightly where films of one group may be alike.

    Where each film is a group of its own, this is Clopper and Pearson's interval.

    Args:
        is_right: Which films were called rightly.
        groups: Group of each film, any integers.
        inflation: Factor on the variance for heads that were trained on folds of the same
            films (`measure_inflation`): so many films tell as much as one whose head was
            given in advance.

    Returns:
        The share with its 95 % interval. `also` holds `wilson`; where a group has several
        films, `films_as_independent`: what ignoring that would have claimed; and where
        `inflation` is above 1, `heads_as_given`: likewise.

    Raises:
        NoTrialsError: There is no film.

    Source: Korn and Graubard (1998), Survey Methodology 24:193-201.
    """
    n_films, n_groups = len(is_right), len(np.unique(groups))
    successes = int(is_right.sum())
    _check_counts(successes, n_films, 0.95)
    given = effective_trials(is_right, groups)
    share = successes / n_films

    def bound(trials: float, bounded_by: Callable[[float, float], Interval]) -> Interval:
        # All right stays all right: a rounded product must not fall short of its trials.
        return bounded_by(trials if successes == n_films else share * trials, trials)

    trials = max(1.0, given / inflation)
    interval = bound(trials, clopper_pearson)
    also = {"wilson": bound(trials, wilson)}
    if n_groups == n_films:
        method = f"Clopper-Pearson, {n_films} films"
    else:
        method = (
            f"Clopper-Pearson for clustered data (Korn-Graubard): {n_films} films of {n_groups} "
            f"group{'s' * (n_groups > 1)} tell as much as {given:.0f} independent "
            f"film{'s' * (given >= 1.5)}"
        )
        also["films_as_independent"] = bound(max(1.0, n_films / inflation), clopper_pearson)
    if inflation > 1:
        method += describe_inflation(inflation)
        also["heads_as_given"] = bound(given, clopper_pearson)
    return Estimate(share, interval.low, interval.high, method, also)


def describe_inflation(inflation: float) -> str:
    """Say by how much folds widened an interval, to end its method; nothing if they did not."""
    return f"; variance x {inflation:.2f} for heads trained on folds" if inflation > 1 else ""


def effective_trials(
    is_right: Bool[np.ndarray, " films"], groups: Int[np.ndarray, " films"]
) -> float:
    """Say how many independent films would tell as much as these.

    Films over the design effect, the factor by which the variance of their share exceeds
    that of independent films; it is never taken to be below 1. Few groups that hold a film
    of the rarer kind, right or wrong, can hardly show that factor, and one does not. It is
    then drawn towards the one for films that are all alike within their group; where all
    films are right, or all are wrong, nothing but that is left. The degrees of freedom pay
    for a factor that was measured, and so count as much as the measured one does.

    Args:
        is_right: Which films were called rightly; at least one film.
        groups: Group of each film, any integers.

    Returns:
        From 1 to the number of films; the number of groups where all films are right, or
        all are wrong.

    Source: Korn and Graubard (1998), Survey Methodology 24:193-201, with the variance of a
    ratio and the degrees of freedom given there; the pull towards likeness, of both, is our
    own. Without it on the degrees of freedom the lower bound of three patients with 20 films
    each would fall from 0.29 to 0.02 when a single film turns out wrong.
    """
    n_films = len(is_right)
    _, rows = np.unique(groups, return_inverse=True)
    sizes = np.bincount(rows)
    n_groups = len(sizes)
    if n_groups == n_films or n_groups == 1:
        return float(n_groups)
    right = np.bincount(rows, weights=is_right)
    share = float(is_right.mean())
    of_rarer = right if share <= 0.5 else sizes - right
    n_telling = int(np.sum(of_rarer > 0))
    if n_telling == 0:
        return float(n_groups)
    deviations = right - share * sizes
    variance = n_groups / (n_groups - 1) * float(deviations @ deviations) / n_films**2
    measured = max(1.0, variance * n_films / (share * (1 - share)))
    alike = n_films / n_groups
    trust = (n_telling - 1) / (n_telling - 1 + _GROUPS_OF_CAUTION)
    design_effect = trust * measured + (1 - trust) * max(alike, measured)
    freedom = float(stdtrit(n_films - 1, 0.975) / stdtrit(n_groups - 1, 0.975)) ** 2
    return max(1.0, n_films / design_effect * (trust * freedom + 1 - trust))


def _check_counts(successes: int | float, trials: int | float, confidence_level: float) -> None:
    if trials == 0:
        raise NoTrialsError(
            "A proportion of no films was asked for.",
            fix="Make sure that every class has at least one tested film.",
        )
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie between 0 and trials={trials}; got {successes}")
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence_level must lie between 0 and 1; got {confidence_level}")

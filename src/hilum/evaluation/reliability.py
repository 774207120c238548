"""Of the films said to be positive with 0.8, are 0.8 positive?

The calibration error and the bins beneath it ask for honesty alone: a score that gives
every film the share of positive films is as honest as it is useless.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.decisions import Reliability
from hilum.evaluation.losses import check_probabilities
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.scored_films import ScoredFilms

# A bin's share is worth little with fewer films than this.
_FILMS_PER_BIN = 10


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

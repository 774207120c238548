"""How well a score ranks films, and how surely: AUROC and average precision.

The variance comes from a bootstrap over groups or, for the AUROC, from DeLong; the way from
there to an interval is that of `score_interval`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from hilum.evaluation.delong import delong_aurocs
from hilum.evaluation.discrimination import auroc_score, weighted_auroc_scores
from hilum.evaluation.precision_recall import (
    resampled_average_precision,
    weighted_average_precision_scores,
)
from hilum.evaluation.resampling import bootstrap_groups
from hilum.evaluation.results import Estimate, Interval
from hilum.evaluation.score_interval import (
    NORMAL_REACH,
    RankedGroups,
    bound_ranking,
    count_ranked_groups,
)
from hilum.evaluation.scored_films import ScoredFilms

# Resamples of the average precision vary less than cohorts do: by 4 to 13 % in simulations.
_MORE_VARIANCE = 1.125


def delong_interval(films: ScoredFilms) -> Interval:
    """Bound the AUROC by DeLong's variance, that of clustered data where groups repeat.

    Returns:
        The 95 % interval.

    Raises:
        NoTrialsError: One of the two sides has no film.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, and Obuchowski
    (1997), Biometrics 53:567-578, for the variance; see `bound_ranking` for the bounds.
    """
    aurocs = delong_aurocs(films.is_positive, films.y_score[np.newaxis], films.groups)
    return bound_ranking(
        float(aurocs.values[0]),
        float(aurocs.covariance[0, 0]),
        count_ranked_groups(films),
    )


def bound_auroc(
    value: float, resampled: Float[np.ndarray, " bootstraps"], groups: RankedGroups
) -> Estimate:
    """Bound an AUROC by the variance of its resamples.

    Args:
        value: The AUROC of the films as they are.
        resampled: The AUROC of each resample of the groups.
        groups: How many groups stand behind it.
    """
    interval = bound_ranking(value, float(np.var(resampled)), groups)
    return Estimate(value, interval.low, interval.high, _tell(groups, len(resampled)))


def bound_average_precision(
    value: float, resampled: Float[np.ndarray, " bootstraps"], groups: RankedGroups
) -> Estimate:
    """Bound an average precision by variance and bias of its resamples.

    With few films the average precision is too high on average, and its resamples are so
    once more: by as much the interval is moved down. Its lower end is Student's, as the
    variance of few films is itself uncertain. That, and how far the variance is raised, was
    chosen by simulation: see docs/statistics.md.

    Args:
        value: The average precision of the films as they are.
        resampled: Of each resample of the groups, from `resampled_average_precision`.
        groups: How many groups stand behind it.
    """
    centre = min(1.0, max(0.0, 2 * value - float(np.mean(resampled))))
    freedom = max(1, min(groups.n_positive, groups.n_other) - 1)
    interval = bound_ranking(
        centre,
        _MORE_VARIANCE * float(np.var(resampled)),
        groups,
        reach=(float(stdtrit(freedom, 0.975)), NORMAL_REACH),
    )
    method = _tell(groups, len(resampled)) + ", at this share of positive films"
    return Estimate(value, min(interval.low, value), max(interval.high, value), method)


def estimate_ranking(
    films: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int = 2000
) -> dict[str, Estimate]:
    """Say how well a score ranks the positive films before the others, and how surely.

    Args:
        films: Ranked by the score of the positive class.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.

    Returns:
        `auroc` and `average_precision`.

    Raises:
        NoTrialsError: One of the two sides has no film.
    """
    is_positive, y_score = films.is_positive, films.y_score
    once = np.ones((len(films), 1))
    counted = count_ranked_groups(films)
    resampled = bootstrap_groups(
        lambda weights: {
            "auroc": weighted_auroc_scores(is_positive, y_score, weights),
            "average_precision": resampled_average_precision(is_positive, y_score, weights),
        },
        films,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    precision = weighted_average_precision_scores(is_positive, y_score, once)
    return {
        "auroc": bound_auroc(auroc_score(is_positive, y_score), resampled["auroc"], counted),
        "average_precision": bound_average_precision(
            float(precision[0]), resampled["average_precision"], counted
        ),
    }


def _tell(groups: RankedGroups, n_resamples: int) -> str:
    return f"bootstrap over {groups.n_groups} groups, {n_resamples} resamples, score interval"

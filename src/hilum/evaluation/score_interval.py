"""Intervals for figures of ranking, AUROC and average precision, from their variance.

The usual ways from a variance or from resamples to an interval fail near 1, where figures
of films end up: the middle 95 % of the resamples holds the truth in 90 % of cohorts of 32
films at an AUROC of 0.95, and has no width where no film stands wrongly. Here the bounds are
the two true values from which the observed one would be just as far as chance takes it, with
a variance that shrinks towards 1 in a known shape. They have width always, stay between 0
and 1, and move smoothly as films change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from hilum.evaluation.results import Interval
from hilum.evaluation.scored_films import ScoredFilms

# As many groups that overlap with the other side weigh as much as the shape's own variance:
# where fewer do, their variance is hardly known.
_GROUPS_OF_CAUTION = 4

# To the middle 95 % of the normal distribution, in standard errors.
NORMAL_REACH = float(ndtri(0.975))

_HALVINGS = 50


@dataclass(frozen=True)
class RankedGroups:
    """How much the groups of a cohort can tell about a ranking.

    Attributes:
        n_groups: All groups.
        n_positive: Groups that hold a positive film.
        n_other: Groups that hold another film.
        n_overlapping: Groups with a film that stands above one film of the other side and
            below another: twice the number on the side that has fewer. They show the
            variance. At least 2, as if a perfect ranking were the limit of one with a single
            wrong pair; 0 where one side is a single group and shows no variance at all.
    """

    n_groups: int
    n_positive: int
    n_other: int
    n_overlapping: int


def count_ranked_groups(films: ScoredFilms) -> RankedGroups:
    """Count the groups on either side, and those that overlap with the other side.

    Args:
        films: Ranked by the score of the positive class; both sides have films.
    """
    y_score, groups = films.y_score, films.groups
    n_per_side, n_overlapping = [], []
    for side in (films.is_positive, ~films.is_positive):
        facing = y_score[~side]
        is_between = side & (y_score > facing.min()) & (y_score < facing.max())
        n_per_side.append(len(np.unique(groups[side])))
        n_overlapping.append(len(np.unique(groups[is_between])))
    return RankedGroups(
        n_groups=len(np.unique(groups)),
        n_positive=n_per_side[0],
        n_other=n_per_side[1],
        n_overlapping=2 * max(1, min(n_overlapping)) if min(n_per_side) > 1 else 0,
    )


def bound_ranking(
    value: float,
    variance: float,
    groups: RankedGroups,
    *,
    reach: tuple[float, float] = (NORMAL_REACH, NORMAL_REACH),
) -> Interval:
    """Bound a figure of ranking of which the variance was estimated.

    Args:
        value: The figure, between 0 and 1.
        variance: Its variance from cohort to cohort; 0 where the films show none.
        groups: How many groups stand behind both.
        reach: How many standard errors the bounds lie away, the lower one first.

    Returns:
        The 95 % interval; it holds `value` and is never of zero width.

    Source: Newcombe (2006), Statistics in Medicine 25:559-573, method 5, with the variance
    of Hanley and McNeil (1982), Radiology 143:29-36, as shape. What the estimated variance
    is to that shape scales it; where few groups overlap, that factor is drawn towards 1,
    which is our own.
    """
    expected = _shape(value, groups)
    factor = 1.0
    if groups.n_overlapping > 0:
        measured = variance / expected if expected > 0 else 0.0
        factor = (groups.n_overlapping * measured + _GROUPS_OF_CAUTION) / (
            groups.n_overlapping + _GROUPS_OF_CAUTION
        )
    scale = math.sqrt(factor)

    def edge(outside: float, reach: float) -> float:
        inside = value
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if abs(value - middle) > reach * scale * math.sqrt(_shape(middle, groups)):
                outside = middle
            else:
                inside = middle
        return inside

    # A side on which no room is left ends there exactly.
    return Interval(
        low=edge(0.0, reach[0]) if value > 0 else 0.0,
        high=edge(1.0, reach[1]) if value < 1 else 1.0,
    )


def _shape(value: float, groups: RankedGroups) -> float:
    """Hanley and McNeil's variance of an AUROC, each group taken as one film."""
    both_outrank = value / (2 - value)
    outranks_both = 2 * value**2 / (1 + value)
    pairs_alike = (groups.n_positive + groups.n_other) / 2 - 1
    covariance = both_outrank + outranks_both - 2 * value**2
    variance = (value * (1 - value) + pairs_alike * covariance) / (
        groups.n_positive * groups.n_other
    )
    return max(0.0, variance)

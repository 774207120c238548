"""Figures on external films, and how much worse they are than at home."""

from __future__ import annotations

import math

import numpy as np

from hilum.evaluation.discrimination import estimate_ranking
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.results import Estimate, Interval
from hilum.evaluation.scored_films import ScoredFilms


def measure_drop(here: Estimate, there: Estimate) -> Estimate:
    """Say by how much a figure is lower on films from elsewhere.

    The two figures are taken for independent, as they are where no film stands on both
    sides. Where the films of `there` are a part of those of `here`, as they are when each
    source of a cohort is tested in turn, the two figures tend to move together; that is
    ignored, and the interval is then rather too wide than too narrow.

    Args:
        here: The figure on the films of the study.
        there: The same figure on the other films.

    Returns:
        `here` less `there`, above 0 where it is worse there, with a 95 % interval within
        -1 and 1.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    interval = bound_difference(here, there)
    return Estimate(
        here.value - there.value, interval.low, interval.high, "from the two intervals (MOVER)"
    )


def bound_difference(first: Estimate, second: Estimate) -> Interval:
    """Bound the difference of two figures that each have an interval of their own.

    Each bound is as far from the difference as the two bounds that would make it, taken
    together as the legs of a right triangle. Skewed intervals stay skewed, and the width is
    above 0 wherever one of the two has any.

    Args:
        first: A figure between 0 and 1.
        second: The figure that is subtracted, of the same range; independent of the first.

    Returns:
        Bounds of `first` less `second`, within -1 and 1.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702, section 2; for two
    proportions with Wilson's intervals it is method 10 of Newcombe (1998), Statistics in
    Medicine 17:873-890.
    """
    difference = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))


def external_metrics(
    films: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int = 2000
) -> dict[str, Estimate]:
    """Measure what the films there are can tell, and leave out the rest.

    Args:
        films: The films; the class with the highest score is called.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of auroc and average_precision.

    Returns:
        sensitivity and specificity, each where its side has films; accuracy (of all classes),
        auroc and average_precision where both have: of films of one side alone, the accuracy
        is the one or the other. Nothing where there is no film.
    """
    is_positive, is_called, groups = films.is_positive, films.is_called, films.groups
    has_positives, has_others = bool(is_positive.any()), not is_positive.all()
    estimates = {}
    if has_positives and has_others:
        estimates["accuracy"] = clustered_proportion(films.y_true == films.y_pred, groups)
    if has_positives:
        estimates["sensitivity"] = clustered_proportion(is_called[is_positive], groups[is_positive])
    if has_others:
        estimates["specificity"] = clustered_proportion(
            ~is_called[~is_positive], groups[~is_positive]
        )
    if has_positives and has_others:
        estimates |= estimate_ranking(films, rng=rng, n_bootstraps=n_bootstraps)
    return estimates

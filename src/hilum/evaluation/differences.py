"""Differences of two figures, with intervals: on the same films, on overlapping ones, on others.

On the same films, both scores are judged on one set of resamples: a film that is hard for one
and for the other moves both at once. Films of which one score tested only a part can be
compared neither as separate films nor film by film; the difference is then cut in two, the
calls on the shared films and the draw of the others. Figures of different films are bounded
from their own intervals, however those were made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.comparison import delong_test, mcnemar_test
from hilum.evaluation.discrimination import (
    AUROC_ROUNDING,
    RankedGroups,
    auroc_score,
    bound_auroc,
    count_ranked_groups,
    delong_aurocs,
    weighted_auroc_scores,
)
from hilum.evaluation.proportions import wilson
from hilum.evaluation.resampling import bootstrap_groups, bound_by_resampling, has_no_width
from hilum.evaluation.results import Estimate, Interval, OverlapDifference
from hilum.evaluation.scored_films import ScoredFilms

_CHANCE = 0.5


@dataclass(frozen=True)
class BaselineComparison:
    """How much of the model's discrimination a baseline reaches, on the same films.

    Attributes:
        baseline: Its AUROC.
        model: The model's AUROC.
        share: Of the model's discrimination, (AUROC - 0.5) / (model's AUROC - 0.5), at
            least 0 and without upper limit. NaN where the model is not above chance.
        p_below: One-sided p of the paired test that the baseline is as good as the model;
            small where the model is better.
        p_chance: One-sided p that the baseline does no better than chance.
    """

    baseline: Estimate
    model: Estimate
    share: Estimate
    p_below: float
    p_chance: float


@dataclass(frozen=True)
class Gain:
    """Two AUROCs of the same films, and what lies between them.

    Attributes:
        before: The first AUROC.
        after: The second.
        difference: `after` less `before`, with its paired interval.
    """

    before: Estimate
    after: Estimate
    difference: Estimate


@dataclass(frozen=True)
class _Pair:
    """Two AUROCs with their values on the same resamples."""

    values: tuple[float, float]
    resampled: tuple[Float[np.ndarray, " bootstraps"], Float[np.ndarray, " bootstraps"]]
    counted: tuple[RankedGroups, RankedGroups]
    n_groups: int
    n_scarcest: int
    inflation: float = 1.0

    def bound(
        self,
        value: float,
        resampled: Float[np.ndarray, " bootstraps"],
        limits: tuple[float, float] = (0.0, 1.0),
    ) -> Estimate:
        return bound_by_resampling(
            value,
            resampled,
            n_groups=self.n_groups,
            n_scarcest=self.n_scarcest,
            inflation=self.inflation,
            limits=limits,
        )

    @property
    def estimates(self) -> tuple[Estimate, Estimate]:
        first, second = (
            bound_auroc(*parts, inflation=self.inflation)
            for parts in zip(self.values, self.resampled, self.counted, strict=True)
        )
        return first, second


def compare_baseline(
    baseline: ScoredFilms,
    model: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
) -> BaselineComparison:
    """Say how much of a model's discrimination something else reaches on the same films.

    Args:
        baseline: The films, scored without the disease.
        model: The same films, scored by the model.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.
        inflation: By how much the variance of an out-of-fold AUROC exceeds that of scores
            which were given in advance; widens both tests and all intervals.

    Returns:
        Both AUROCs, the share and the two tests. Where the two scores are equally good,
        both perfect ones included, `p_below` is 0.5: nothing shows the model to be better.

    Raises:
        NoTrialsError: One of the two sides has no film.
        ValueError: The scores are of different films.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, with the
    clusters of Obuchowski (1997), Biometrics 53:567-578, for both tests; `bound_auroc` for
    the intervals of the two, the percentile bootstrap over groups for that of the share.
    """
    pair = _resample(baseline, model, rng=rng, n_bootstraps=n_bootstraps)
    pair = replace(pair, inflation=inflation)
    of_baseline, of_model = pair.estimates
    # Chance is a score that is the same for every film: AUROC 0.5, no variance.
    chance = np.zeros(len(model))
    aurocs = delong_aurocs(
        model.is_positive, np.stack([baseline.y_score, model.y_score, chance]), model.groups
    )
    aurocs = replace(aurocs, covariance=inflation * aurocs.covariance)
    return BaselineComparison(
        baseline=of_baseline,
        model=of_model,
        share=_bound_share(pair),
        p_below=_one_sided(delong_test(aurocs, 1, 0), pair.values[1] - pair.values[0]),
        p_chance=_one_sided(delong_test(aurocs, 0, 2), pair.values[0] - _CHANCE),
    )


def _bound_share(pair: _Pair) -> Estimate:
    """Bound the share; resamples in which the model is at chance have none and are left out."""
    baseline, model = pair.values
    if model <= _CHANCE + AUROC_ROUNDING:
        nan = float("nan")
        return Estimate(nan, nan, nan, "none, as the model is not above chance")
    share = max(0.0, (baseline - _CHANCE) / (model - _CHANCE))
    has_share = pair.resampled[1] > _CHANCE + AUROC_ROUNDING
    if not has_share.any():
        return Estimate(share, 0.0, max(1.0, share), "none, as every resample is at chance")
    baselines, models = (resampled[has_share] for resampled in pair.resampled)
    shares = np.maximum(0.0, (baselines - _CHANCE) / (models - _CHANCE))
    if has_no_width(shares):
        # A share may exceed 1, and a proportion may not.
        bound = pair.bound(min(1.0, share), np.full(len(shares), min(1.0, share)))
        return Estimate(share, bound.low, max(bound.high, share), bound.method)
    bound = pair.bound(share, shares, (0.0, math.inf))
    n_without = int(np.sum(~has_share))
    note = f"; {n_without} without a share, as the model is at chance there" if n_without else ""
    return Estimate(bound.value, bound.low, bound.high, bound.method + note)


def _one_sided(two_sided_p: float, difference: float) -> float:
    """Turn a two-sided p into that of the claim that the difference is above 0."""
    return two_sided_p / 2 if difference > 0 else 1 - two_sided_p / 2


def measure_gain(
    before: ScoredFilms,
    after: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Gain:
    """Say by how much one score ranks the same films better than another.

    Args:
        before: The films with the score to start from.
        after: The same films with the score that may be better.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.

    Returns:
        Both AUROCs and their difference. Where all resamples agree on the difference, its
        interval is built from those of the two AUROCs: cautious, and never of zero width.

    Raises:
        NoTrialsError: One of the two sides has no film.
        ValueError: The scores are of different films.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702, for the interval
    where all resamples agree; otherwise the percentile bootstrap over groups.
    """
    pair = _resample(before, after, rng=rng, n_bootstraps=n_bootstraps)
    first, second = pair.estimates
    difference = pair.values[1] - pair.values[0]
    resampled = pair.resampled[1] - pair.resampled[0]
    if not has_no_width(resampled):
        return Gain(first, second, pair.bound(difference, resampled, (-1.0, 1.0)))
    interval = bound_difference(second, first)
    method = f"from the two intervals, as all {len(resampled)} resamples agree"
    return Gain(first, second, Estimate(difference, interval.low, interval.high, method))


def _resample(
    first: ScoredFilms, second: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int
) -> _Pair:
    first.check_same_films(second)
    is_positive, groups = first.is_positive, first.groups
    values = auroc_score(is_positive, first.y_score), auroc_score(is_positive, second.y_score)
    resampled = bootstrap_groups(
        lambda weights: {
            "first": weighted_auroc_scores(is_positive, first.y_score, weights),
            "second": weighted_auroc_scores(is_positive, second.y_score, weights),
        },
        first,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    return _Pair(
        values=values,
        resampled=(resampled["first"], resampled["second"]),
        counted=(count_ranked_groups(first), count_ranked_groups(second)),
        n_groups=len(np.unique(groups)),
        n_scarcest=min(len(np.unique(groups[side])) for side in (is_positive, ~is_positive)),
    )


def measure_drop(here: Estimate, there: Estimate) -> Estimate:
    """Say by how much a figure is lower on external films.

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


def compare_overlapping(
    a: ScoredFilms, b: ScoredFilms, groups: Int[np.ndarray, " cohort"]
) -> OverlapDifference:
    """Compare two accuracies that stand on overlapping films of one cohort.

    Args:
        a: The films that the one tested; at least one.
        b: The films that the other tested; at least one.
        groups: Group of each film of the cohort, for McNemar's test; the interval
            takes films as independent.

    Returns:
        The difference with its interval, and its two parts.
    """
    _, rows_a, rows_b = np.intersect1d(a.films, b.films, assume_unique=True, return_indices=True)
    is_right_a, is_right_b = a.y_pred == a.y_true, b.y_pred == b.y_true
    shared_a, shared_b = is_right_a[rows_a], is_right_b[rows_b]
    n_shared = len(rows_a)
    right_a, right_b = int(is_right_a.sum()), int(is_right_b.sum())
    difference = float(is_right_b.mean() - is_right_a.mean())
    calls = float(shared_b.mean() - shared_a.mean()) if n_shared else 0.0
    interval = bound_share_difference(
        (right_a, len(a)),
        (right_b, len(b)),
        correlation=_phi(shared_a, shared_b) * n_shared / math.sqrt(len(a) * len(b)),
    )
    return OverlapDifference(
        right_a=right_a,
        tested_a=len(a),
        right_b=right_b,
        tested_b=len(b),
        difference=difference,
        low=interval.low,
        high=interval.high,
        shared=n_shared,
        only_a=int(np.sum(shared_a & ~shared_b)),
        only_b=int(np.sum(shared_b & ~shared_a)),
        mcnemar_p=mcnemar_test(shared_a, shared_b, groups[a.films[rows_a]]) if n_shared else 1.0,
        calls=calls,
        draw=difference - calls,
    )


def bound_share_difference(
    a: tuple[int, int], b: tuple[int, int], *, correlation: float = 0.0
) -> Interval:
    """Bound the second proportion less the first, both of few films.

    Each proportion's Wilson interval is carried over to the difference. It has width
    even where both proportions are 1.

    Args:
        a: Successes and trials of the first proportion.
        b: Successes and trials of the second.
        correlation: Of the two proportions as estimates: 0 for separate films, phi of
            the calls for the same films, in between for an overlap.

    Source: Newcombe (1998), Statistics in Medicine 17:873-890 (method 10, separate
        films) and 17:2635-2650 (method 10, the same films); Zou and Donner (2008),
        Statistics in Medicine 27:1693-1702, for any correlation.
    """
    p_a, p_b = a[0] / a[1], b[0] / b[1]
    of_a, of_b = wilson(*a), wilson(*b)

    def reach(up: float, down: float) -> float:
        # Rounding may push a perfect correlation of equal arms below nothing.
        return math.sqrt(max(0.0, up**2 + down**2 - 2 * correlation * up * down))

    return Interval(
        low=max(-1.0, p_b - p_a - reach(p_b - of_b.low, of_a.high - p_a)),
        high=min(1.0, p_b - p_a + reach(of_b.high - p_b, p_a - of_a.low)),
    )


def _phi(a: Bool[np.ndarray, " shared"], b: Bool[np.ndarray, " shared"]) -> float:
    """Correlate two calls of the same films, held back where they agree.

    The correction for continuity keeps an interval from closing on nothing where both
    are right and wrong alike. 0 where one of them is always right or always wrong.

    Source: Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10.
    """
    right_a, right_b = int(a.sum()), int(b.sum())
    scale = math.sqrt(right_a * (len(a) - right_a) * right_b * (len(b) - right_b))
    if not scale:
        return 0.0
    surplus = int(np.sum(a & b)) * int(np.sum(~a & ~b)) - int(np.sum(a & ~b)) * int(np.sum(b & ~a))
    return (max(surplus - len(a) / 2, 0.0) if surplus > 0 else surplus) / scale

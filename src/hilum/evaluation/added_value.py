"""How one score for the same films stands beside another: what share it explains, what it adds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from hilum.evaluation.comparison import delong_test
from hilum.evaluation.discrimination import (
    RankedGroups,
    auroc_score,
    bound_auroc,
    count_ranked_groups,
    delong_aurocs,
    weighted_auroc_scores,
)
from hilum.evaluation.external import bound_difference
from hilum.evaluation.resampling import bootstrap_groups, bound_by_resampling, has_no_width
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms

_CHANCE = 0.5


# AUROCs are multiples of 1 / (2 * positives * others): what is above chance is so by more.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Standing:
    """What a baseline reaches beside the model, on the same films.

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

    def bound(self, value: float, resampled: Float[np.ndarray, " bootstraps"]) -> Estimate:
        return bound_by_resampling(
            value, resampled, n_groups=self.n_groups, n_scarcest=self.n_scarcest
        )

    @property
    def estimates(self) -> tuple[Estimate, Estimate]:
        first, second = map(bound_auroc, self.values, self.resampled, self.counted)
        return first, second


def stand_beside(
    baseline: ScoredFilms,
    model: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
) -> Standing:
    """Say how much of a model's discrimination something else reaches on the same films.

    Args:
        baseline: The films, scored without the disease.
        model: The same films, scored by the model.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.
        inflation: By how much the variance of an out-of-fold AUROC exceeds that of scores
            which were given in advance; widens both tests, and not the intervals, which
            take the scores as given.

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
    of_baseline, of_model = pair.estimates
    # Chance is a score that is the same for every film: AUROC 0.5, no variance.
    chance = np.zeros(len(model))
    aurocs = delong_aurocs(
        model.is_positive, np.stack([baseline.y_score, model.y_score, chance]), model.groups
    )
    aurocs = replace(aurocs, covariance=inflation * aurocs.covariance)
    return Standing(
        baseline=of_baseline,
        model=of_model,
        share=_bound_share(pair),
        p_below=_one_sided(delong_test(aurocs, 1, 0), pair.values[1] - pair.values[0]),
        p_chance=_one_sided(delong_test(aurocs, 0, 2), pair.values[0] - _CHANCE),
    )


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
        return Gain(first, second, pair.bound(difference, resampled))
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


def _bound_share(pair: _Pair) -> Estimate:
    """Bound the share; resamples in which the model is at chance have none and are left out."""
    baseline, model = pair.values
    if model <= _CHANCE + _ROUNDING:
        nan = float("nan")
        return Estimate(nan, nan, nan, "none, as the model is not above chance")
    share = max(0.0, (baseline - _CHANCE) / (model - _CHANCE))
    has_share = pair.resampled[1] > _CHANCE + _ROUNDING
    if not has_share.any():
        return Estimate(share, 0.0, max(1.0, share), "none, as every resample is at chance")
    baselines, models = (resampled[has_share] for resampled in pair.resampled)
    shares = np.maximum(0.0, (baselines - _CHANCE) / (models - _CHANCE))
    if has_no_width(shares):
        # A share may exceed 1, and a proportion may not.
        bound = pair.bound(min(1.0, share), np.full(len(shares), min(1.0, share)))
        return Estimate(share, bound.low, max(bound.high, share), bound.method)
    bound = pair.bound(share, shares)
    n_without = int(np.sum(~has_share))
    note = f"; {n_without} without a share, as the model is at chance there" if n_without else ""
    return Estimate(bound.value, bound.low, bound.high, bound.method + note)


def _one_sided(two_sided_p: float, difference: float) -> float:
    """Turn a two-sided p into that of the claim that the difference is above 0."""
    return two_sided_p / 2 if difference > 0 else 1 - two_sided_p / 2

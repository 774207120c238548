"""AUROC within strata: is a film of the class ranked above others of the same sex, age or source?

Where an attribute goes with the class, a network that reads the attribute alone ranks films well
over all of them. Among films that agree in the attribute it then ranks no better than chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.discrimination import NORMAL_REACH
from hilum.evaluation.results import Estimate, StratifiedAuroc
from hilum.evaluation.scored_films import ScoredFilms

LEAST_PER_SIDE = 10
"""Films of each side in strata that hold both: with fewer an interval says nothing."""


def stratify_auroc(
    films: ScoredFilms, levels: Sequence[str | None], *, inflation: float = 1.0
) -> StratifiedAuroc | None:
    """Compare films only with others of the same level of an attribute.

    Args:
        films: With their scores.
        levels: Of each film; films whose level is unknown take no part.
        inflation: By how much folds widen the variance; see `fold_inflation`.

    Returns:
        None where fewer than `LEAST_PER_SIDE` films of a side have others to be compared with.

    Source: the jackknife over groups (Efron and Stein 1981, Annals of Statistics 9:586-596), the
        AUROCs on the log-odds scale; pairs within strata after Janes and Pepe (2008), Biometrics
        64:1-9.
    """
    named = np.array([level is not None for level in levels])
    known = films.take(named)
    _, strata = np.unique(
        [str(level) for level in levels if level is not None], return_inverse=True
    )
    positives = np.bincount(strata[known.is_positive], minlength=strata.max(initial=0) + 1)
    others = np.bincount(strata[~known.is_positive], minlength=len(positives))
    has_both = ((positives > 0) & (others > 0))[strata]
    known, strata = known.take(has_both), strata[has_both]
    if min(int(known.is_positive.sum()), int((~known.is_positive).sum())) < LEAST_PER_SIDE:
        return None
    within = _count_pairs(known, strata)
    overall = _count_pairs(known, np.zeros(len(known), np.int64))
    fall = [_logit(b) - _logit(a) for a, b in zip(within, overall, strict=True)]
    spread = _spread(fall[1], inflation)
    # The fall is bounded on the log-odds scale, and told as a difference of AUROCs.
    of_within, of_overall = _bound(*within, inflation), _bound(*overall, inflation)
    value = of_overall.value - of_within.value
    scale = value / fall[0] if fall[0] else 0.25
    reach = NORMAL_REACH * spread * abs(scale)
    return StratifiedAuroc(
        n_films=len(known),
        auroc=of_within,
        crude=of_overall,
        fall=Estimate(value, value - reach, value + reach, of_within.method),
    )


def _count_pairs(
    films: ScoredFilms, strata: Int[np.ndarray, " films"]
) -> tuple[float, Float[np.ndarray, " groups"]]:
    """Give the share of pairs within strata ranked rightly: in all, and without each group."""
    _, groups = np.unique(films.groups, return_inverse=True)
    n_groups = int(groups.max()) + 1
    right, pairs = np.zeros(n_groups), np.zeros(n_groups)
    all_right = all_pairs = 0.0
    for stratum in np.unique(strata):
        rows = strata == stratum
        won, faced, own_won, own_faced = _rank(
            films.y_score[rows], films.is_positive[rows], groups[rows], n_groups
        )
        all_right += won.sum() / 2
        all_pairs += faced.sum() / 2
        right += np.bincount(groups[rows], won, n_groups) - own_won
        pairs += np.bincount(groups[rows], faced, n_groups) - own_faced
    left = np.maximum(all_pairs - pairs, 1.0)
    return all_right / all_pairs, (all_right - right) / left


def _rank(
    scores: Float[np.ndarray, " films"],
    is_positive: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    n_groups: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Count each film's pairs and those ranked rightly; and, of each group, the pairs within it."""
    won, faced = np.zeros(len(scores)), np.zeros(len(scores))
    positives, others = np.sort(scores[is_positive]), np.sort(scores[~is_positive])

    def half(values: np.ndarray, sample: np.ndarray) -> np.ndarray:
        below = np.searchsorted(values, sample, "left") + np.searchsorted(values, sample, "right")
        return np.asarray(below / 2)

    won[is_positive] = half(others, scores[is_positive])
    won[~is_positive] = len(positives) - half(positives, scores[~is_positive])
    faced[is_positive], faced[~is_positive] = len(others), len(positives)
    own_won, own_faced = np.zeros(n_groups), np.zeros(n_groups)
    for group in np.intersect1d(groups[is_positive], groups[~is_positive]):
        above = scores[is_positive & (groups == group)][:, np.newaxis]
        below = scores[~is_positive & (groups == group)]
        own_won[group] = np.sum((above > below) + 0.5 * (above == below))
        own_faced[group] = above.size * below.size
    return won, faced, own_won, own_faced


def _logit(share: Any) -> Any:
    clipped = np.clip(share, 1e-4, 1 - 1e-4)
    return np.log(clipped / (1 - clipped))


def _spread(without_each: float | Float[np.ndarray, " groups"], inflation: float) -> float:
    values = np.atleast_1d(without_each)
    n = len(values)
    variance = (n - 1) / n * float(np.sum((values - values.mean()) ** 2))
    return math.sqrt(inflation * variance)


def _bound(share: float, without_each: Float[np.ndarray, " groups"], inflation: float) -> Estimate:
    centre = float(_logit(share))
    reach = NORMAL_REACH * _spread(_logit(without_each), inflation)
    low, high = (1 / (1 + math.exp(-(centre + side * reach))) for side in (-1, 1))
    return Estimate(
        share, min(low, share), max(high, share),
        f"jackknife over {len(without_each)} groups, on the log-odds scale",
    )  # fmt: skip

"""Thresholds from validation films: reach a sensitivity, a specificity, or the best sum.

The rule is fixed before, and what it promises holds for films that it has not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from hilum.errors import NoTrialsError
from hilum.evaluation.decisions import OperatingPolicy

# Above the highest score by so much of what is left to 1; it moves log-odds by more than the
# rounding of whoever compares them.
_STEP = 1e-5

# A target such as 0.9 of 10 films must give 9 of them, whatever rounding does to it.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Threshold:
    """From which score on a head calls a film positive.

    Attributes:
        value: The lowest score that is called positive.
        n_validation: Films of the side that the rule speaks of; the scarcer side for
            `youden`.
        promised: The share that the rule can promise for new films, where that is below
            its target; None where it can promise the target, and for `youden`.
    """

    value: float
    n_validation: int
    promised: float | None


def choose_threshold(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    policy: OperatingPolicy,
) -> Threshold:
    """Choose a threshold on validation films, so that the rule holds for new ones.

    For a sensitivity, the threshold is the k-th smallest score of the m positive films,
    k = floor((1 - target) (m + 1)). A new positive film is as likely to fall into each of the
    m + 1 gaps between them, so that it reaches the threshold with a chance of at least the
    target: not on these films, but on average over all draws of them. Where m is too small
    for that, k is 1, and 1 - 1 / (m + 1) is promised instead. For a specificity it is the same
    with the other films, from above. `youden` takes the largest sum of sensitivity and
    specificity on these films, in the middle between two scores, the lowest such threshold
    where several are as good; it promises nothing.

    The promise takes films as exchangeable. Films of one patient are alike, and keep it less
    surely than as many films of different patients.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film; higher means more likely positive.
        policy: The rule.

    Raises:
        NoTrialsError: A side that the rule needs has no film.
        ValueError: A score is not finite.

    Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Journal of the American
    Statistical Association 113:1094-1111 (split conformal); Youden (1950), Cancer 3:32-35.
    """
    if not np.all(np.isfinite(y_score)):
        raise ValueError("y_score must be finite: NaN and infinity cannot be ranked")
    positives, others = np.sort(y_score[is_positive]), np.sort(y_score[~is_positive])
    match policy.kind:
        case "sensitivity":
            _need(positives, "positive films")
            value = positives[_rank(policy, len(positives)) - 1]
            n_validation = len(positives)
        case "specificity":
            _need(others, "films of other classes")
            value = _just_above(others[-_rank(policy, len(others))], y_score)
            n_validation = len(others)
        case "youden":
            _need(positives, "positive films")
            _need(others, "films of other classes")
            value = _youden_threshold(positives, others)
            n_validation = min(len(positives), len(others))
    return Threshold(float(value), n_validation, promised_share(policy, n_validation))


def promised_share(policy: OperatingPolicy, n_films: int) -> float | None:
    """Say what a rule can promise with so few validation films.

    Args:
        policy: The rule.
        n_films: Validation films of the side that the rule speaks of.

    Returns:
        The expected share of new films, where that is below the target; None where the target
        can be promised, and for `youden`.
    """
    if policy.target is None:
        return None
    promised = 1 - _rank(policy, n_films) / (n_films + 1)
    return promised if promised < policy.target - _ROUNDING else None


def _rank(policy: OperatingPolicy, n_films: int) -> int:
    """Give the place of the order statistic, counted from the side's worst score."""
    assert policy.target is not None
    return max(1, math.floor((1 - policy.target) * (n_films + 1) + _ROUNDING))


def _just_above(score: float, scores: Float[np.ndarray, " films"]) -> float:
    """Find the middle between a score and the next higher one, or a step above the highest."""
    higher = scores[scores > score]
    if higher.size:
        middle = float(score + higher.min()) / 2
        return middle if middle > score else float(higher.min())
    return float(score + _STEP * (1 - score if score < 1 else 1))


def _youden_threshold(
    positives: Float[np.ndarray, " positives"], others: Float[np.ndarray, " others"]
) -> float:
    """Find the best threshold between the sorted scores of both sides."""
    scores = np.unique(np.concatenate([positives, others]))
    found = len(positives) - np.searchsorted(positives, scores, side="left")
    spared = np.searchsorted(others, scores, side="left")
    # In whole films, so that equals are equal; the first of them is the lowest.
    best = int(np.argmax(found * len(others) + spared * len(positives)))
    if best == 0:
        return float(scores[0])
    middle = float(scores[best - 1] + scores[best]) / 2
    return middle if middle > scores[best - 1] else float(scores[best])


def _need(scores: Float[np.ndarray, " films"], side: str) -> None:
    if len(scores) == 0:
        raise NoTrialsError(
            f"An operating point is chosen on validation films, and there are no {side}.",
            fix="Use fewer --folds, or collect more films of that class.",
        )

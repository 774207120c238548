"""The operating point: from which probability on a film is called positive.

Each head's threshold is chosen on its own validation films, by a rule that was fixed before,
and is then held to test films. A threshold chosen on the films that it is judged by would look
better than it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, logit

from hilum.errors import NoTrialsError, RecipeError
from hilum.evaluation.metrics import bound_side, count_confusion
from hilum.evaluation.results import Confusion, Estimate, OperatingPoint, OperatingPolicy
from hilum.evaluation.scored_films import HeadScores, ScoredFilms

# Above the highest score by so much of what is left to 1; it moves log-odds by more
# than the rounding of a comparison.
_STEP = 1e-5

# A target such as 0.9 of 10 films must give 9 of them, whatever rounding does to it.
_TARGET_ROUNDING = 1e-9

# Probabilities nearer to 0 and 1 are as good as certain, and rounding spoils their log-odds.
_LEAST = 1e-9

# Log-odds this close are equal: it is what rounding does to those of 1 - 1e-9.
_LOG_ODDS_ROUNDING = 1e-6


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


def parse_policy(text: str) -> OperatingPolicy:
    """Read a policy as it is written on a command line.

    Args:
        text: `sensitivity=0.95`, `specificity=0.9` or `youden`; the figure is any fraction
            above 0, up to 1.

    Raises:
        RecipeError: The text is none of these.
    """
    kind, has_target, target = text.strip().partition("=")
    kind = kind.strip()
    match kind, _share_or_nan(target):
        case "youden", _ if not has_target:
            return OperatingPolicy("youden", None)
        case ("sensitivity" | "specificity") as side, share if 0 < share <= 1:
            return OperatingPolicy(side, share)
    raise RecipeError(
        f"'{text}' is no rule for an operating point.",
        fix="Write sensitivity=0.95, specificity=0.9 (fractions above 0, up to 1) or youden.",
    )


def _share_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def head_thresholds(probabilities: HeadScores, policy: OperatingPolicy) -> tuple[Threshold, ...]:
    """Choose every head's threshold on its own validation films.

    Args:
        probabilities: The heads' calibrated probabilities.
        policy: The rule.

    Returns:
        One threshold per head.

    Raises:
        NoTrialsError: A head's validation films lack a side that the rule needs.
        ValueError: A score is not finite.
    """
    is_positive = probabilities.y_true == probabilities.positive
    return tuple(
        choose_threshold(
            is_positive[split.validation],
            of_head[split.validation, probabilities.positive],
            policy,
        )
        for of_head, split in zip(probabilities.scores, probabilities.splits, strict=True)
    )


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
    return promised if promised < policy.target - _TARGET_ROUNDING else None


def _rank(policy: OperatingPolicy, n_films: int) -> int:
    """Give the place of the order statistic, counted from the side's worst score."""
    assert policy.target is not None
    return max(1, math.floor((1 - policy.target) * (n_films + 1) + _TARGET_ROUNDING))


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


def call_tested(
    probabilities: HeadScores, thresholds: Sequence[Threshold]
) -> Bool[np.ndarray, " tested"]:
    """Call the films that each head tested by its threshold.

    Args:
        probabilities: The heads' calibrated probabilities.
        thresholds: One per head.

    Returns:
        For each film that was tested, by ascending row of the cohort: whether the log-odds of
        the positive class against the rest, averaged over the heads that tested it, reach
        their averaged thresholds. With three classes or more these are not the log-odds of
        the pooled probability: heads that waver between the other classes would raise it.

    Raises:
        ValueError: There is not one threshold per head, or a tested film's probability is not
            finite.
    """
    of_heads = probabilities.scores
    if len(thresholds) != len(of_heads):
        raise ValueError(
            f"need one threshold per head; got {len(of_heads)} heads, {len(thresholds)} thresholds"
        )
    values = _log_odds(np.array([threshold.value for threshold in thresholds]))
    each = np.broadcast_to(values[:, np.newaxis, np.newaxis], of_heads.shape)
    needed = replace(probabilities, scores=each).tested().y_score
    return _reaches(replace(probabilities, scores=_log_odds(of_heads)).tested().y_score, needed)


def _reaches(
    log_odds: Float[np.ndarray, " films"], needed: Float[np.ndarray, " films"]
) -> Bool[np.ndarray, " films"]:
    """Tell which films reach a threshold; meeting those of all heads is meeting their mean."""
    return np.asarray(log_odds >= needed - _LOG_ODDS_ROUNDING)


def _log_odds(probability: Float[np.ndarray, "*values"]) -> Float[np.ndarray, "*values"]:
    return np.asarray(logit(np.clip(probability, _LEAST, 1 - _LEAST)))


def judge_calls(
    films: ScoredFilms,
    is_called: Bool[np.ndarray, " films"],
    thresholds: Sequence[Threshold],
    policy: OperatingPolicy,
    *,
    inflation: float = 1.0,
) -> OperatingPoint:
    """Say what thresholds did on films that chose none of them.

    Args:
        films: The films.
        is_called: Which of them were called positive (`call_tested`).
        thresholds: One per head.
        policy: The rule by which they were chosen.
        inflation: Factor on the variance for heads that were trained on folds of the same
            films (`measure_inflation`).
    """
    values = np.array([threshold.value for threshold in thresholds])
    n_validation = math.floor(np.median([threshold.n_validation for threshold in thresholds]))
    confusion, accuracy, sensitivity, specificity = _figures(films, is_called, inflation)
    return OperatingPoint(
        policy=policy,
        threshold=float(expit(_log_odds(values).mean())),
        threshold_sd=float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        n_validation=n_validation,
        promised=promised_share(policy, n_validation),
        confusion=confusion,
        accuracy=accuracy,
        sensitivity=sensitivity,
        specificity=specificity,
    )


def apply_externally(
    point: OperatingPoint, films: ScoredFilms, probabilities: Float[np.ndarray, "heads films"]
) -> OperatingPoint:
    """Say what a threshold that was fixed here does on external films.

    Args:
        point: The operating point that was fixed here.
        films: The external films; one side may have none.
        probabilities: Calibrated probability of the positive class for each of them, under
            each head; their log-odds are averaged.

    Returns:
        The same rule and threshold with the calls and figures of these films; a figure of
        a side without films is NaN, by the method "no films".
    """
    needed = _log_odds(np.full(len(films), point.threshold))
    return judge_again(point, films, _reaches(_log_odds(probabilities).mean(axis=0), needed))


def judge_again(
    point: OperatingPoint,
    films: ScoredFilms,
    is_called: Bool[np.ndarray, " films"],
    *,
    inflation: float = 1.0,
) -> OperatingPoint:
    """Keep the rule and the threshold of an operating point, and judge other calls.

    Args:
        point: The operating point.
        films: The films; one side may have none.
        is_called: Which of them were called positive.
        inflation: As for `judge_calls`.
    """
    confusion, accuracy, sensitivity, specificity = _figures(films, is_called, inflation)
    return replace(
        point,
        confusion=confusion,
        accuracy=accuracy,
        sensitivity=sensitivity,
        specificity=specificity,
    )


def _figures(
    films: ScoredFilms, is_called: Bool[np.ndarray, " films"], inflation: float
) -> tuple[Confusion, Estimate, Estimate, Estimate]:
    is_positive, groups = films.is_positive, films.groups
    return (
        count_confusion(is_positive, is_called),
        _share(is_called == is_positive, np.ones(len(films), dtype=np.bool_), groups, inflation),
        _share(is_called, is_positive, groups, inflation),
        _share(~is_called, ~is_positive, groups, inflation),
    )


def _share(
    is_right: Bool[np.ndarray, " films"],
    is_side: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    inflation: float,
) -> Estimate:
    if not is_side.any():
        return Estimate(math.nan, math.nan, math.nan, "no films")
    return bound_side(is_right, is_side, groups, inflation)

"""The operating point: from which probability on a film is called positive.

Each head's threshold is chosen on its own validation films, by a rule that was fixed
before, and is then held to test films. A threshold chosen on the films that it is
judged by would look better than it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, logit

from hilum.errors import RecipeError
from hilum.evaluation.confusion import count_confusion
from hilum.evaluation.decisions import OperatingPoint, OperatingPolicy
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.results import Confusion, Estimate
from hilum.evaluation.scored_films import HeadScores, ScoredFilms
from hilum.evaluation.thresholds import Threshold, choose_threshold, promised_share

# Probabilities nearer to 0 and 1 are as good as certain, and rounding spoils their log-odds.
_LEAST = 1e-9
# Log-odds this close are equal: it is what rounding does to those of 1 - 1e-9.
_ROUNDING = 1e-6


def parse_policy(text: str) -> OperatingPolicy:
    """Read a policy as it is written on a command line.

    Args:
        text: `sensitivity=0.95`, `specificity=0.9` or `youden`; the figure is any fraction
            above 0, up to 1.

    Raises:
        RecipeError: It is none of these.
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


def judge_calls(
    films: ScoredFilms,
    is_called: Bool[np.ndarray, " films"],
    thresholds: Sequence[Threshold],
    policy: OperatingPolicy,
) -> OperatingPoint:
    """Say what thresholds did on films that chose none of them.

    Args:
        films: The films.
        is_called: Which of them were called positive (`call_tested`).
        thresholds: One per head.
        policy: The rule by which they were chosen.
    """
    values = np.array([threshold.value for threshold in thresholds])
    n_validation = math.floor(np.median([threshold.n_validation for threshold in thresholds]))
    confusion, accuracy, sensitivity, specificity = _figures(films, is_called)
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


def apply_elsewhere(
    point: OperatingPoint, films: ScoredFilms, probabilities: Float[np.ndarray, "heads films"]
) -> OperatingPoint:
    """Say what a threshold that was fixed here does on films from elsewhere.

    Args:
        point: The operating point that was fixed here.
        films: The films there; one side may have none.
        probabilities: Calibrated probability of the positive class for each of them, under
            each head; their log-odds are averaged.

    Returns:
        The same rule and threshold with the calls and figures of these films; a figure of
        a side without films is NaN, by the method "no films".
    """
    needed = _log_odds(np.full(len(films), point.threshold))
    return judge_again(point, films, _reaches(_log_odds(probabilities).mean(axis=0), needed))


def judge_again(
    point: OperatingPoint, films: ScoredFilms, is_called: Bool[np.ndarray, " films"]
) -> OperatingPoint:
    """Keep the rule and the threshold of an operating point, and judge other calls.

    Args:
        point: The operating point.
        films: The films; one side may have none.
        is_called: Which of them were called positive.
    """
    confusion, accuracy, sensitivity, specificity = _figures(films, is_called)
    return replace(
        point,
        confusion=confusion,
        accuracy=accuracy,
        sensitivity=sensitivity,
        specificity=specificity,
    )


def _figures(
    films: ScoredFilms, is_called: Bool[np.ndarray, " films"]
) -> tuple[Confusion, Estimate, Estimate, Estimate]:
    is_positive, groups = films.is_positive, films.groups
    return (
        count_confusion(is_positive.astype(np.int64), is_called.astype(np.int64), positive=1),
        _share(is_called == is_positive, groups),
        _share(is_called[is_positive], groups[is_positive]),
        _share(~is_called[~is_positive], groups[~is_positive]),
    )


def _reaches(
    log_odds: Float[np.ndarray, " films"], needed: Float[np.ndarray, " films"]
) -> Bool[np.ndarray, " films"]:
    """Tell who reaches a threshold; one that just meets those of all heads meets their mean."""
    return np.asarray(log_odds >= needed - _ROUNDING)


def _log_odds(probability: Float[np.ndarray, "*values"]) -> Float[np.ndarray, "*values"]:
    return np.asarray(logit(np.clip(probability, _LEAST, 1 - _LEAST)))


def _share(is_right: Bool[np.ndarray, " films"], groups: Int[np.ndarray, " films"]) -> Estimate:
    if len(is_right) == 0:
        return Estimate(math.nan, math.nan, math.nan, "no films")
    return clustered_proportion(is_right, groups)


def _share_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

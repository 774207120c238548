"""What one backbone's scores are worth once something is decided by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.calibration import (
    Calibration,
    calibrate_heads,
    measure_calibration,
    pool_calibrated,
)
from hilum.evaluation.operating_point import call_tested, head_thresholds, judge_again, judge_calls
from hilum.evaluation.proportions import effective_trials
from hilum.evaluation.results import Calibrator, OperatingPoint, OperatingPolicy
from hilum.evaluation.scored_films import HeadScores, ScoredFilms
from hilum.evaluation.usefulness import (
    DecisionCurve,
    PredictiveValues,
    predictive_values,
    trace_net_benefit,
)


@dataclass(frozen=True)
class Decisions:
    """What one backbone's scores are worth once something is decided by them.

    Attributes:
        calibrators: One per head, fitted on its own validation films. Empty where every film
            has those of the backbone that was chosen for it.
        thresholds: One per head or none, likewise: the calibrated probability of the positive
            class from which on the head calls a film positive.
        probabilities: Calibrated probability of each class for each film of the
            evaluation, the logarithms averaged over the repeats and scaled to sum to 1.
        is_called: Which of these films reach the threshold.
        calibration: Whether they can be taken at their word.
        operating_point: From which probability on a film is called positive.
        predictive_values: What the calls of that point mean, for several prevalences.
        decision_curve: Whether acting on the probabilities is better than not.
    """

    calibrators: tuple[Calibrator, ...]
    thresholds: Float[np.ndarray, " heads"]
    probabilities: Float[np.ndarray, "tested classes"]
    is_called: Bool[np.ndarray, " tested"]
    calibration: Calibration
    operating_point: OperatingPoint
    predictive_values: tuple[PredictiveValues, ...]
    decision_curve: DecisionCurve


def decide(
    heads: HeadScores,
    policy: OperatingPolicy,
    prevalences: Sequence[float],
    *,
    balances_classes: bool,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Decisions:
    """Calibrate heads, fix an operating point, and say what both are worth.

    Args:
        heads: Their scores. Of each head, the rows of its validation and test films are read;
            it validates on films that it does not test.
        policy: How a threshold is chosen.
        prevalences: For which predictive values are wanted, each between 0 and 1.
        balances_classes: Whether the heads were trained as if all classes had equally many
            films.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for each interval.

    Returns:
        Everything, on the films that were tested.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film, or too few
            validation films for the policy.
        ValueError: A split has no validation films or tests some of them, or a score or
            prevalence is out of range.
    """
    calibrators, probabilities = calibrate_heads(heads, balances_classes=balances_classes)
    tested = heads.tested()
    thresholds = head_thresholds(probabilities, policy)
    is_called = call_tested(probabilities, thresholds)
    decisions = _judge(
        judge_calls(tested, is_called, thresholds, policy),
        tested,
        pool_calibrated(probabilities).scores,
        is_called,
        prevalences,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )
    values = np.array([threshold.value for threshold in thresholds])
    return replace(decisions, calibrators=calibrators, thresholds=values)


def decide_as_chosen(
    decisions: Sequence[Decisions],
    chosen: Int[np.ndarray, " tested"],
    films: ScoredFilms,
    prevalences: Sequence[float],
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Decisions:
    """Let every film be decided by the backbone that was chosen for it.

    Args:
        decisions: Of each backbone, all by one policy and on the same films.
        chosen: Place of each film's backbone among `decisions`.
        films: With the uncalibrated scores of each film under its backbone.
        prevalences: For which predictive values are wanted, each between 0 and 1.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for each interval.

    Returns:
        Everything, without calibrators and thresholds: those are the backbones'. The
        operating point's threshold is NaN.

    Raises:
        NoTrialsError: The positive class, or the rest, has no film.
        ValueError: A prevalence is out of range.
    """
    places = np.arange(len(chosen))
    is_called = np.stack([of_one.is_called for of_one in decisions])[chosen, places]
    point = judge_again(decisions[0].operating_point, films, is_called)
    return _judge(
        replace(point, threshold=math.nan, threshold_sd=math.nan),
        films,
        np.stack([of_one.probabilities for of_one in decisions])[chosen, places],
        is_called,
        prevalences,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )


def _judge(
    point: OperatingPoint,
    films: ScoredFilms,
    probabilities: Float[np.ndarray, "tested classes"],
    is_called: Bool[np.ndarray, " tested"],
    prevalences: Sequence[float],
    *,
    rng: np.random.Generator,
    n_bootstraps: int,
) -> Decisions:
    """Say what probabilities and calls are worth on the tested films."""
    is_positive, groups = films.is_positive, films.groups
    calibrated = replace(films, scores=probabilities)
    n_positives = effective_trials(is_called[is_positive], groups[is_positive])
    n_others = effective_trials(~is_called[~is_positive], groups[~is_positive])
    return Decisions(
        calibrators=(),
        thresholds=np.empty(0),
        probabilities=probabilities,
        is_called=is_called,
        calibration=Calibration(
            *(
                measure_calibration(scored, rng=rng, n_bootstraps=n_bootstraps)
                for scored in (films, calibrated)
            )
        ),
        operating_point=point,
        predictive_values=tuple(
            predictive_values(
                point.sensitivity.value,
                point.specificity.value,
                n_positives=n_positives,
                n_others=n_others,
                prevalence=prevalence,
            )
            for prevalence in prevalences
        ),
        decision_curve=trace_net_benefit(calibrated, rng=rng, n_bootstraps=n_bootstraps),
    )

"""What one backbone's scores are worth once something is decided by them.

Everything that is chosen (temperatures, thresholds) is chosen on validation films, head
by head; everything that is told of it comes from the films that the head tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.cohort.splitting import Split
from hilum.evaluation.benefit import trace_net_benefit
from hilum.evaluation.calibration import calibrate_heads, pool_calibrated
from hilum.evaluation.calibration_figures import measure_calibration
from hilum.evaluation.decisions import (
    Calibration,
    Calibrator,
    Decisions,
    OperatingPoint,
    OperatingPolicy,
)
from hilum.evaluation.operating import call_tested, head_thresholds, judge_again, judge_calls
from hilum.evaluation.pooling import pool_tested
from hilum.evaluation.prevalence import predictive_values
from hilum.evaluation.proportions import effective_trials


def decide(
    scores: Float[np.ndarray, "heads films classes"],
    y_true: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    positive: int,
    groups: Int[np.ndarray, " films"],
    policy: OperatingPolicy,
    prevalences: Sequence[float],
    balances_classes: bool,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Decisions:
    """Calibrate heads, fix an operating point, and say what both are worth.

    Args:
        scores: Probability of each class for each film under each head. Of each head, the
            rows of its validation and test films are read.
        y_true: Class index of each film of the cohort.
        splits: Split h names head h's films; it validates on films that it does not test.
        positive: Index of the positive class.
        groups: Group of each film of the cohort; films of one group are alike.
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
        ValueError: There is not one split per head, a split has no validation films or
            tests some of them, or a score or prevalence is out of range.
    """
    calibrators, probabilities = calibrate_heads(
        scores, y_true, splits, balances_classes=balances_classes
    )
    before, after = pool_tested(scores, splits), pool_calibrated(probabilities, splits)
    is_positive, groups_tested = y_true[after.films] == positive, groups[after.films]
    thresholds = head_thresholds(probabilities, y_true, splits, positive=positive, policy=policy)
    is_called = call_tested(thresholds, probabilities, splits, positive=positive)
    return _judge(
        judge_calls(is_called, is_positive, groups_tested, thresholds=thresholds, policy=policy),
        before.scores,
        after.scores,
        is_called,
        is_positive,
        groups_tested,
        calibrators=calibrators,
        thresholds=np.array([threshold.value for threshold in thresholds]),
        positive=positive,
        prevalences=prevalences,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )


def decide_as_chosen(
    decisions: Sequence[Decisions],
    chosen: Int[np.ndarray, " tested"],
    scores: Float[np.ndarray, "tested classes"],
    is_positive: Bool[np.ndarray, " tested"],
    groups: Int[np.ndarray, " tested"],
    *,
    positive: int,
    prevalences: Sequence[float],
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Decisions:
    """Let every film be decided by the backbone that was chosen for it.

    Args:
        decisions: Of each backbone, all by one policy and on the same films.
        chosen: Place of each film's backbone among `decisions`.
        scores: Uncalibrated scores of each film under its backbone.
        is_positive: Which films are of the positive class.
        groups: Group of each film; films of one group are alike.
        positive: Index of the positive class.
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
    films = np.arange(len(chosen))
    is_called = np.stack([of_one.is_called for of_one in decisions])[chosen, films]
    point = judge_again(decisions[0].operating_point, is_called, is_positive, groups)
    return _judge(
        replace(point, threshold=math.nan, threshold_sd=math.nan),
        scores,
        np.stack([of_one.probabilities for of_one in decisions])[chosen, films],
        is_called,
        is_positive,
        groups,
        calibrators=(),
        thresholds=np.empty(0),
        positive=positive,
        prevalences=prevalences,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )


def _judge(
    point: OperatingPoint,
    scores: Float[np.ndarray, "tested classes"],
    probabilities: Float[np.ndarray, "tested classes"],
    is_called: Bool[np.ndarray, " tested"],
    is_positive: Bool[np.ndarray, " tested"],
    groups: Int[np.ndarray, " tested"],
    *,
    calibrators: tuple[Calibrator, ...],
    thresholds: Float[np.ndarray, " heads"],
    positive: int,
    prevalences: Sequence[float],
    rng: np.random.Generator,
    n_bootstraps: int,
) -> Decisions:
    """Say what probabilities and calls are worth on the tested films."""
    n_positives = effective_trials(is_called[is_positive], groups[is_positive])
    n_others = effective_trials(~is_called[~is_positive], groups[~is_positive])
    return Decisions(
        calibrators=calibrators,
        thresholds=thresholds,
        probabilities=probabilities,
        is_called=is_called,
        calibration=Calibration(
            *(
                measure_calibration(
                    is_positive, pooled[:, positive], groups, rng=rng, n_bootstraps=n_bootstraps
                )
                for pooled in (scores, probabilities)
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
        decision_curve=trace_net_benefit(
            is_positive, probabilities[:, positive], groups, rng=rng, n_bootstraps=n_bootstraps
        ),
    )

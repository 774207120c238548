"""What a score is worth once something is decided by it: the frozen results.

Calibration says whether a probability means what it says. The operating point turns
it into a call, predictive values say what the call means where the disease is rarer
or more common than here, and net benefit weighs the calls against calling nobody.
The functions that make these results stand in `calibration`, `calibration_figures`,
`operating`, `prevalence` and `benefit`; `deciding` makes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.results import Confusion, Estimate

SMALLEST_PROBABILITY = 1e-7
"""A softmax in single precision cannot tell surer scores apart: 1 - 1e-7 is its last step
below 1. A score of exactly 0 or 1 counts as this far from it."""

PolicyKind = Literal["sensitivity", "specificity", "youden"]


@dataclass(frozen=True)
class OperatingPolicy:
    """By which rule a threshold is chosen on validation films.

    Attributes:
        kind: Reach a sensitivity, reach a specificity, or make the sum of both the largest.
        target: What is to be reached, between 0 and 1; None for `youden`.
    """

    kind: PolicyKind = "sensitivity"
    target: float | None = 0.95


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold that was fixed on validation films, and what it did on test films.

    Each head has a threshold from its own validation films. A test film is called
    positive where its calibrated probability reaches the threshold, both averaged as
    log-odds over the heads that tested it.

    Attributes:
        policy: The rule.
        threshold: The calibrated probability from which on a film is called positive, the
            heads' log-odds averaged.
        threshold_sd: How far the heads' thresholds lie apart; NaN for a single head.
        n_validation: Validation films of the side that the rule speaks of, the median over
            the heads: positives for a sensitivity, others for a specificity, the scarcer
            side for `youden`.
        promised: The share that the rule can promise for new films with so few validation
            films, where that is below its target; None where it can promise the target.
        confusion: Calls of the test films.
        accuracy: Of the test films.
        sensitivity: Of the test films.
        specificity: Of the test films.
    """

    policy: OperatingPolicy
    threshold: float
    threshold_sd: float
    n_validation: int
    promised: float | None
    confusion: Confusion
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True)
class PredictiveValues:
    """What a call means where the disease has a given prevalence.

    Attributes:
        prevalence: Share of positive films among all films, between 0 and 1.
        ppv: Share of the films called positive that are so.
        npv: Share of the films not called positive that are not.
    """

    prevalence: float
    ppv: Estimate
    npv: Estimate


@dataclass(frozen=True)
class Calibrator:
    """Turns one head's scores into probabilities for films mixed as in the cohort.

    The scores' logarithms are divided by the temperature, the logarithms of the prior
    ratio are added, and the result is scaled to sum to 1.

    Attributes:
        temperature: Above 1 where the head was too sure, below 1 where it was too timid.
        log_prior_ratio: Per class, the logarithm of its share of the films less that of the
            share for which the head was trained: heads that balance classes were trained for
            equal shares. All 0 where both are the same.
    """

    temperature: float
    log_prior_ratio: Float[np.ndarray, " classes"]


@dataclass(frozen=True)
class Reliability:
    """Films in bins of like probability: what was said, and what came.

    Attributes:
        probability: Mean probability of the positive class in each bin.
        share_positive: Share of positive films in each bin.
        low: Lower bound of that share (95 %).
        high: Upper bound.
        n_films: Films in each bin.
    """

    probability: Float[np.ndarray, " bins"]
    share_positive: Float[np.ndarray, " bins"]
    low: Float[np.ndarray, " bins"]
    high: Float[np.ndarray, " bins"]
    n_films: Int[np.ndarray, " bins"]


@dataclass(frozen=True)
class CalibrationFigures:
    """How far probabilities can be taken at their word.

    Attributes:
        brier_score: Mean squared distance of the probability of the positive class from
            what came: 0 is perfect.
        log_loss: Mean negative logarithm of the probability of what came, in nats.
        calibration_error: Mean distance between probability and share of positive films
            over bins of equally many films, weighted by their films.
        error_by_chance: The calibration error that probabilities which are exactly right
            would stay below in 95 of 100 cohorts of this size: what lies under it shows
            nothing.
        reliability: The bins.
    """

    brier_score: Estimate
    log_loss: Estimate
    calibration_error: Estimate
    error_by_chance: float
    reliability: Reliability


@dataclass(frozen=True)
class Calibration:
    """Probabilities before and after calibration, on the same test films.

    Calibration is a temperature per head, and the cohort's mixture of classes where the heads
    were trained for equal shares.

    Attributes:
        before: Of the scores as the heads give them.
        after: Of the calibrated probabilities.
    """

    before: CalibrationFigures
    after: CalibrationFigures


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit of acting on the calls, for every price of a false alarm.

    Attributes:
        prevalence: Share of positive films for which it holds.
        thresholds: Probabilities from which on one would act, ascending.
        model: Net benefit of acting where the model says so, per film.
        low: Lower bound of it (95 %).
        high: Upper bound.
        act_on_all: Net benefit of acting on every film. Acting on none has 0.
    """

    prevalence: float
    thresholds: Float[np.ndarray, " points"]
    model: Float[np.ndarray, " points"]
    low: Float[np.ndarray, " points"]
    high: Float[np.ndarray, " points"]
    act_on_all: Float[np.ndarray, " points"]


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

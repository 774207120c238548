"""Figures that several documents share, as JSON: cohorts, metrics, decisions, backbones.

Neither a path nor a file name nor a single film's probability is among them.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from jaxtyping import Int

from hilum.classifier import EstimateJson, Figure, PolicyJson, WeightsJson
from hilum.cohort import Cohort
from hilum.evaluation import Decisions
from hilum.runs.documents import as_document
from hilum.studies import BackboneResult


class ConfusionJson(TypedDict):
    """Films by truth and call, the positive class against all others."""

    tp: int
    fn: int
    tn: int
    fp: int


class ExcludedJson(TypedDict):
    """A file that could not be read."""

    film_id: str
    label: str
    code: str


class CohortJson(TypedDict):
    """The films of a study.

    Attributes:
        n: Films that were read.
        per_class: Films of each class.
        patients: How many; null where they are not known.
        left_out: Films of labels that were not asked for.
        ignored: Files that are no pictures.
    """

    name: str
    n: int
    per_class: dict[str, int]
    patients: int | None
    excluded: list[ExcludedJson]
    left_out: dict[str, int]
    ignored: int


class GroupedCohortJson(CohortJson):
    """The films of a study that has folds.

    Attributes:
        groups: Patients, or groups of films that are never split between training and test.
    """

    groups: int


class SpreadJson(TypedDict):
    """A figure over the repeats; `sd` is null for a single one."""

    mean: Figure
    sd: Figure


class EvaluationJson(TypedDict):
    """How well films were called by heads that were not trained on them.

    Attributes:
        metrics: By name, as fractions.
        confusion_matrix: Films by true class (rows) and called class (columns).
        repeats: The same metrics for one repeat alone.
        inflation: Factor on the variance of figures of all tested films, as heads were trained
            on folds of the same films; null in runs of older versions, where it was 1.
    """

    metrics: dict[str, EstimateJson]
    confusion: ConfusionJson
    confusion_matrix: list[list[int]]
    repeats: dict[str, SpreadJson]
    inflation: Figure


class OperatingPointJson(TypedDict):
    """A threshold that was fixed on validation films, and what it did on test films.

    Attributes:
        threshold: Calibrated probability from which on a film is called positive; null where
            every film has that of the backbone chosen for it.
        n_validation: Films that the rule speaks of, the median over the heads.
        promised: The share that the rule can promise for new films; null: its target.
    """

    policy: PolicyJson
    threshold: Figure
    threshold_sd: Figure
    n_validation: int
    promised: Figure
    confusion: ConfusionJson
    accuracy: EstimateJson
    sensitivity: EstimateJson
    specificity: EstimateJson


class FixedPointJson(OperatingPointJson):
    """An operating point with the heads that it stands on."""

    threshold_per_head: list[float]


class ReliabilityJson(TypedDict):
    """Films in bins of like probability: what was said, and what came."""

    probability: list[Figure]
    share_positive: list[Figure]
    low: list[Figure]
    high: list[Figure]
    n_films: list[int]


class RecalibrationJson(TypedDict):
    """How log-odds would have to be bent and shifted to be right.

    Attributes:
        slope: Calibration slope: 1 is right, less is too extreme; null where no slope fits best.
        intercept: Calibration-in-the-large: 0 is right, less is too high on the whole.
    """

    slope: EstimateJson | None
    intercept: EstimateJson


class CalibrationFiguresJson(TypedDict):
    """How far probabilities agree with what came.

    Attributes:
        error_by_chance: Exactly right probabilities stay below it in 95 of 100 such cohorts.
        recalibration: Null in runs of older versions.
    """

    brier_score: EstimateJson
    log_loss: EstimateJson
    calibration_error: EstimateJson
    error_by_chance: Figure
    reliability: ReliabilityJson
    recalibration: RecalibrationJson | None


class ProbabilitiesJson(TypedDict):
    """Probabilities before and after calibration."""

    before: CalibrationFiguresJson
    after: CalibrationFiguresJson


class CalibrationJson(ProbabilitiesJson):
    """Probabilities before and after calibration, with one temperature per head."""

    temperatures: list[float]
    log_prior_ratios: list[list[float]]


class PredictiveValuesJson(TypedDict):
    """What a call means where the disease has a given prevalence."""

    prevalence: float
    ppv: EstimateJson
    npv: EstimateJson


class DecisionCurveJson(TypedDict):
    """Net benefit of acting on the calls, for every price of a false alarm."""

    prevalence: float
    thresholds: list[float]
    model: list[Figure]
    low: list[Figure]
    high: list[Figure]
    act_on_all: list[Figure]


class NetBenefitJson(TypedDict):
    """What the calls of an operating point are worth, per film, in films found.

    Attributes:
        threshold: The probability that sets the price of a false alarm.
        model: Acting on the calls; acting on no film has 0.
        over_all: `model` less `act_on_all`.
    """

    threshold: float
    model: EstimateJson
    act_on_all: float
    over_all: EstimateJson


class DecisionsJson(TypedDict):
    """What scores are worth once something is decided by them.

    Attributes:
        net_benefit: At the operating point; null in runs of older versions.
    """

    operating_point: FixedPointJson
    calibration: CalibrationJson
    predictive_values: list[PredictiveValuesJson]
    decision_curve: DecisionCurveJson
    net_benefit: NetBenefitJson | None


class SecondsJson(TypedDict):
    """Wall-clock time of the two long stages."""

    extract: float
    train: float


class NetworkJson(TypedDict):
    """Which backbone it was, and how films were shown to it."""

    name: str
    title: str
    parameters: int
    size_px: int
    feature_width: int
    weights: WeightsJson


class BackboneJson(NetworkJson, EvaluationJson):
    """What one backbone reached.

    Attributes:
        decisions: Null where no validation films were kept apart from the test films.
        views_per_second: Null where everything was stored.
    """

    decisions: DecisionsJson | None
    seconds: SecondsJson
    views_per_second: Figure


class UnavailableJson(TypedDict):
    """A backbone that could not take part.

    Attributes:
        is_refused: A file of its weights is here, and is not what it should be.
    """

    name: str
    why: str
    is_refused: bool


def describe_cohort(cohort: Cohort) -> CohortJson:
    """Tell what was studied and what was not."""
    return {
        "name": cohort.name,
        "n": len(cohort),
        "per_class": dict(cohort.n_per_class),
        "patients": cohort.n_patients,
        "excluded": [as_document(exclusion, ExcludedJson) for exclusion in cohort.excluded],
        "left_out": dict(cohort.left_out),
        "ignored": cohort.ignored,
    }


def describe_grouped(cohort: Cohort, groups: Int[np.ndarray, " films"]) -> GroupedCohortJson:
    """Tell likewise what was studied in folds, the group of each film being known."""
    return {**describe_cohort(cohort), "groups": int(np.unique(groups).size)}


def describe_backbone(result: BackboneResult) -> BackboneJson:
    """Tell what one backbone reached."""
    return {
        **as_document(result, NetworkJson),
        **as_document(result.evaluation, EvaluationJson),
        "decisions": describe_decisions(result.decisions),
        "seconds": as_document(result.seconds, SecondsJson),
        "views_per_second": result.views_per_second,
    }


def describe_decisions(decisions: Decisions | None) -> DecisionsJson | None:
    """Tell what scores are worth once something is decided by them.

    Args:
        decisions: Of one backbone, of their average, or of the choice among them; the last
            has no thresholds and temperatures of its own. None where nothing was decided.
    """
    if decisions is None:
        return None
    calibrators = decisions.calibrators
    return {
        "operating_point": {
            **as_document(decisions.operating_point, OperatingPointJson),
            "threshold_per_head": decisions.thresholds.tolist(),
        },
        "calibration": {
            **as_document(decisions.calibration, ProbabilitiesJson),
            "temperatures": [calibrator.temperature for calibrator in calibrators],
            "log_prior_ratios": [each.log_prior_ratio.tolist() for each in calibrators],
        },
        "predictive_values": [
            as_document(values, PredictiveValuesJson) for values in decisions.predictive_values
        ],
        "decision_curve": as_document(decisions.decision_curve, DecisionCurveJson),
        "net_benefit": None
        if decisions.net_benefit is None
        else as_document(decisions.net_benefit, NetBenefitJson),
    }

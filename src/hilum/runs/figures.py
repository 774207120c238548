"""Figures that several documents share, as JSON: cohorts, metrics, decisions, backbones.

Neither a path nor a file name nor a single film's probability is among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from hilum.classifier import EstimateJson, Figure, PolicyJson, WeightsJson
from hilum.cohort import Cohort
from hilum.evaluation import (
    CalibrationFigures,
    Confusion,
    DecisionCurve,
    Decisions,
    Estimate,
    Evaluation,
    OperatingPoint,
    PredictiveValues,
)
from hilum.studies import BackboneResult, Seconds, Unavailable, WeightsRecord


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
    """

    metrics: dict[str, EstimateJson]
    confusion: ConfusionJson
    confusion_matrix: list[list[int]]
    repeats: dict[str, SpreadJson]


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


class CalibrationFiguresJson(TypedDict):
    """How far probabilities can be taken at their word.

    Attributes:
        error_by_chance: Exactly right probabilities stay below it in 95 of 100 such cohorts.
    """

    brier_score: EstimateJson
    log_loss: EstimateJson
    calibration_error: EstimateJson
    error_by_chance: Figure
    reliability: ReliabilityJson


class CalibrationJson(TypedDict):
    """Probabilities before and after calibration, with one temperature per head."""

    before: CalibrationFiguresJson
    after: CalibrationFiguresJson
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


class DecisionsJson(TypedDict):
    """What scores are worth once something is decided by them."""

    operating_point: FixedPointJson
    calibration: CalibrationJson
    predictive_values: list[PredictiveValuesJson]
    decision_curve: DecisionCurveJson


class SecondsJson(TypedDict):
    """Wall-clock time of the two long stages."""

    extract: float
    train: float


class BackboneJson(EvaluationJson):
    """What one backbone reached.

    Attributes:
        decisions: Null where no validation films were kept apart from the test films.
        views_per_second: Null where everything was stored.
    """

    name: str
    title: str
    parameters: int
    size_px: int
    feature_width: int
    weights: WeightsJson
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
        "excluded": [
            {"film_id": e.film_id, "label": e.label, "code": e.code} for e in cohort.excluded
        ],
        "left_out": dict(cohort.left_out),
        "ignored": cohort.ignored,
    }


def describe_estimate(estimate: Estimate) -> EstimateJson:
    """Tell a figure and its intervals."""
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "method": estimate.method,
        "also": {
            method: {"low": interval.low, "high": interval.high}
            for method, interval in estimate.also.items()
        },
    }


def describe_estimates(estimates: Mapping[str, Estimate]) -> dict[str, EstimateJson]:
    """Tell figures by their names."""
    return {name: describe_estimate(estimate) for name, estimate in estimates.items()}


def describe_confusion(confusion: Confusion) -> ConfusionJson:
    """Tell how many films were called rightly and wrongly."""
    return {"tp": confusion.tp, "fn": confusion.fn, "tn": confusion.tn, "fp": confusion.fp}


def describe_weights(weights: WeightsRecord) -> WeightsJson:
    """Tell which pretrained weights stood behind a backbone."""
    return {
        "origin": weights.origin,
        "sha256": weights.sha256,
        "licence": weights.licence,
        "is_verified": weights.is_verified,
    }


def describe_seconds(seconds: Seconds) -> SecondsJson:
    """Tell how long a backbone took."""
    return {"extract": seconds.extract, "train": seconds.train}


def describe_unavailable(absent: Unavailable) -> UnavailableJson:
    """Tell why a backbone took no part."""
    return {"name": absent.name, "why": absent.why, "is_refused": absent.is_refused}


def describe_evaluation(evaluation: Evaluation) -> EvaluationJson:
    """Tell how well films were called."""
    return {
        "metrics": describe_estimates(evaluation.metrics),
        "confusion": describe_confusion(evaluation.confusion),
        "confusion_matrix": evaluation.confusion_matrix.tolist(),
        "repeats": {
            name: {"mean": spread.mean, "sd": spread.sd}
            for name, spread in evaluation.repeats.items()
        },
    }


def describe_operating_point(point: OperatingPoint) -> OperatingPointJson:
    """Tell a threshold, and what it did on test films."""
    return {
        "policy": {"kind": point.policy.kind, "target": point.policy.target},
        "threshold": point.threshold,
        "threshold_sd": point.threshold_sd,
        "n_validation": point.n_validation,
        "promised": point.promised,
        "confusion": describe_confusion(point.confusion),
        "accuracy": describe_estimate(point.accuracy),
        "sensitivity": describe_estimate(point.sensitivity),
        "specificity": describe_estimate(point.specificity),
    }


def describe_decisions(decisions: Decisions) -> DecisionsJson:
    """Tell what scores are worth once something is decided by them.

    Args:
        decisions: Of one backbone, of their average, or of the choice among them; the last
            has no thresholds and temperatures of its own.
    """
    return {
        "operating_point": {
            **describe_operating_point(decisions.operating_point),
            "threshold_per_head": decisions.thresholds.tolist(),
        },
        "calibration": {
            "before": _describe_calibration(decisions.calibration.before),
            "after": _describe_calibration(decisions.calibration.after),
            "temperatures": [c.temperature for c in decisions.calibrators],
            "log_prior_ratios": [c.log_prior_ratio.tolist() for c in decisions.calibrators],
        },
        "predictive_values": [_describe_values(each) for each in decisions.predictive_values],
        "decision_curve": _describe_curve(decisions.decision_curve),
    }


def describe_backbone(result: BackboneResult) -> BackboneJson:
    """Tell what one backbone reached."""
    return {
        "name": result.name,
        "title": result.title,
        "parameters": result.parameters,
        "size_px": result.size_px,
        "feature_width": result.feature_width,
        "weights": describe_weights(result.weights),
        **describe_evaluation(result.evaluation),
        "decisions": None if result.decisions is None else describe_decisions(result.decisions),
        "seconds": describe_seconds(result.seconds),
        "views_per_second": result.views_per_second,
    }


def _describe_calibration(figures: CalibrationFigures) -> CalibrationFiguresJson:
    bins = figures.reliability
    return {
        "brier_score": describe_estimate(figures.brier_score),
        "log_loss": describe_estimate(figures.log_loss),
        "calibration_error": describe_estimate(figures.calibration_error),
        "error_by_chance": figures.error_by_chance,
        "reliability": {
            "probability": bins.probability.tolist(),
            "share_positive": bins.share_positive.tolist(),
            "low": bins.low.tolist(),
            "high": bins.high.tolist(),
            "n_films": bins.n_films.tolist(),
        },
    }


def _describe_values(values: PredictiveValues) -> PredictiveValuesJson:
    return {
        "prevalence": values.prevalence,
        "ppv": describe_estimate(values.ppv),
        "npv": describe_estimate(values.npv),
    }


def _describe_curve(curve: DecisionCurve) -> DecisionCurveJson:
    return {
        "prevalence": curve.prevalence,
        "thresholds": curve.thresholds.tolist(),
        "model": curve.model.tolist(),
        "low": curve.low.tolist(),
        "high": curve.high.tolist(),
        "act_on_all": curve.act_on_all.tolist(),
    }

"""Made-up decisions whose figures hang together, for the tests of the report."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from hilum.evaluation.results import (
    Calibration,
    CalibrationFigures,
    Calibrator,
    Confusion,
    DecisionCurve,
    Decisions,
    Estimate,
    Evaluation,
    OperatingPoint,
    OperatingPolicy,
    PredictiveValues,
    Reliability,
)
from hilum.studies.results import Comparison

PREVALENCES = (0.001, 0.01, 0.1, 0.5)
Z = 1.959963984540054


def with_decisions(comparison: Comparison) -> Comparison:
    """Give every backbone decisions that follow from its scores."""
    y_true = (comparison.cohort.y == comparison.cohort.classes.index(comparison.positive)).astype(
        int
    )
    results = tuple(
        replace(result, decisions=make_decisions(result.evaluation, y_true))
        for result in comparison.backbones
    )
    return replace(comparison, backbones=results)


def make_decisions(evaluation: Evaluation, y_true: np.ndarray) -> Decisions:
    """Decide by the positive class's scores; `y_true` is 1 for every positive film."""
    truth = y_true[evaluation.films]
    raw = evaluation.scores[:, 0]
    logit = np.log(raw / (1 - raw)) / 0.8
    calibrated = 1 / (1 + np.exp(-logit))
    threshold = 0.31
    confusion = Confusion(
        tp=int(np.sum((calibrated >= threshold) & (truth == 1))),
        fn=int(np.sum((calibrated < threshold) & (truth == 1))),
        tn=int(np.sum((calibrated < threshold) & (truth == 0))),
        fp=int(np.sum((calibrated >= threshold) & (truth == 0))),
    )
    heads = 25
    probabilities = np.zeros_like(evaluation.scores)
    probabilities[:, 0], probabilities[:, 1] = calibrated, 1 - calibrated
    prevalences = (*PREVALENCES, float(truth.mean()))
    return Decisions(
        calibrators=tuple(
            Calibrator(0.8 + 0.01 * (k - 12), np.zeros(evaluation.scores.shape[1]))
            for k in range(heads)
        ),
        thresholds=np.full(heads, threshold),
        probabilities=probabilities,
        is_called=calibrated >= threshold,
        calibration=Calibration(before=_figures(raw, truth), after=_figures(calibrated, truth)),
        operating_point=OperatingPoint(
            policy=OperatingPolicy(),
            threshold=threshold,
            threshold_sd=0.07,
            n_validation=12,
            promised=12 / 13,
            confusion=confusion,
            accuracy=_share(confusion.tp + confusion.tn, len(truth)),
            sensitivity=_share(confusion.tp, confusion.tp + confusion.fn),
            specificity=_share(confusion.tn, confusion.tn + confusion.fp),
        ),
        predictive_values=tuple(
            predictive_values(confusion, prevalence) for prevalence in sorted(set(prevalences))
        ),
        decision_curve=_curve(calibrated, truth),
    )


def as_chosen(decisions: Decisions) -> Decisions:
    """Make of one backbone's decisions those of a choice, which has no threshold of its own."""
    point = replace(decisions.operating_point, threshold=math.nan, threshold_sd=math.nan)
    return replace(decisions, calibrators=(), thresholds=np.empty(0), operating_point=point)


def predictive_values(confusion: Confusion, prevalence: float) -> PredictiveValues:
    """Predictive values with adjusted logit intervals, written out by hand."""
    n1, n0 = confusion.tp + confusion.fn, confusion.tn + confusion.fp
    se, sp = (confusion.tp + Z**2 / 2) / (n1 + Z**2), (confusion.tn + Z**2 / 2) / (n0 + Z**2)
    m1, m0 = n1 + Z**2, n0 + Z**2
    odds = math.log(prevalence / (1 - prevalence))
    sd_ppv = math.sqrt((1 - se) / se / m1 + sp / (1 - sp) / m0)
    sd_npv = math.sqrt(se / (1 - se) / m1 + (1 - sp) / sp / m0)
    found = prevalence * confusion.tp / n1
    missed = prevalence * confusion.fn / n1
    alarms = (1 - prevalence) * confusion.fp / n0
    spared = (1 - prevalence) * confusion.tn / n0
    ppv, npv = odds + math.log(se / (1 - sp)), math.log(sp / (1 - se)) - odds
    return PredictiveValues(
        prevalence=prevalence,
        ppv=Estimate(
            found / (found + alarms), _expit(ppv - Z * sd_ppv), _expit(ppv + Z * sd_ppv), "logit"
        ),
        npv=Estimate(
            spared / (spared + missed), _expit(npv - Z * sd_npv), _expit(npv + Z * sd_npv), "logit"
        ),
    )


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _share(k: int, n: int) -> Estimate:
    value, half = k / n, Z * math.sqrt(k / n * (1 - k / n) / n)
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), "made up")


def _figures(p: np.ndarray, truth: np.ndarray) -> CalibrationFigures:
    bins = np.array_split(np.argsort(p), 8)
    said = np.array([p[b].mean() for b in bins])
    came = np.array([truth[b].mean() for b in bins])
    n = np.array([len(b) for b in bins])
    half = 1.2 * np.sqrt((came * (1 - came) + 0.02) / n)
    error = float(np.sum(n * np.abs(said - came)) / n.sum())
    brier = float(np.mean((p - truth) ** 2))
    loss = float(-np.mean(np.log(np.where(truth == 1, p, 1 - p))))
    return CalibrationFigures(
        brier_score=Estimate(brier, 0.7 * brier, 1.3 * brier, "made up"),
        log_loss=Estimate(loss, 0.8 * loss, 1.2 * loss, "made up"),
        calibration_error=Estimate(error, 0.6 * error, 1.5 * error, "made up"),
        error_by_chance=0.071,
        reliability=Reliability(
            said, came, np.maximum(came - half, 0), np.minimum(came + half, 1), n
        ),
    )


def _curve(p: np.ndarray, truth: np.ndarray) -> DecisionCurve:
    t = np.linspace(0.01, 0.99, 99)
    price = t / (1 - t)
    found = np.array([np.mean((p >= x) & (truth == 1)) for x in t])
    alarms = np.array([np.mean((p >= x) & (truth == 0)) for x in t])
    model = found - price * alarms
    share = float(truth.mean())
    half = 0.06 + 0.03 * price * alarms
    return DecisionCurve(
        prevalence=share,
        thresholds=t,
        model=model,
        low=model - half,
        high=model + half,
        act_on_all=share - price * (1 - share),
    )

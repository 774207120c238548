"""The section "From a score to a decision": threshold, calibration, prevalence, benefit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hilum.evaluation.decisions import Decisions
from hilum.evaluation.results import Confusion, Estimate, Evaluation
from hilum.report import decisions_wording as words
from hilum.report.figures import inline_figure
from hilum.report.formatting import metric_interval, metric_title, metric_value
from hilum.report.prevalence_view import make_row, make_slider
from hilum.report.standings import Cell, make_cell, tenth_below
from hilum.studies.comparison import BackboneResult, Comparison

_METRICS = ("sensitivity", "specificity", "accuracy")
_CALIBRATION = ("brier_score", "calibration_error")


@dataclass(frozen=True)
class RuleRow:
    """One way to turn scores into calls, and what came of it on the test films."""

    title: str
    aside: str
    cells: tuple[Cell, ...]
    missed: str
    alarms: str


@dataclass(frozen=True)
class CalibrationRow:
    """One figure of the probabilities, before and after scaling, with intervals."""

    title: str
    before: str
    before_interval: str
    after: str
    after_interval: str


@dataclass(frozen=True)
class OtherRow:
    """Another backbone, or the average of all, in short; brackets hold intervals."""

    title: str
    is_verified: bool
    threshold: str
    shares: tuple[tuple[str, str], ...]
    brier_scores: str
    calibration_errors: str


def view_decisions(comparison: Comparison, figures: Mapping[str, str]) -> dict[str, Any] | None:
    """Put into words, rows and pictures what the leading backbone's scores are worth.

    Args:
        comparison: A finished study with at least one backbone.
        figures: SVG documents; `reliability-…` and `decision-curve-…` of the backbone are
            shown where they are among them.

    Returns:
        What `decisions.html.j2` asks for; None where no validation films were kept apart,
        so that nothing could be chosen on them.
    """
    result = _leader(comparison)
    if result is None or result.decisions is None:
        return None
    decisions, positive = result.decisions, comparison.positive
    point, title = decisions.operating_point, words.short_title(result.title)
    start, rules = _rules(decisions, result.evaluation, positive)
    return {
        "title": title,
        "is_verified": result.weights.is_verified,
        "operating": words.operating_text(point, positive, len(decisions.thresholds)),
        "outcome": words.outcome_text(point, positive),
        "promised": words.promised_text(point, positive),
        "metrics": [metric_title(metric) for metric in _compared(result.evaluation)],
        "rules": rules,
        "start": start,
        "calibration": words.calibration_text(
            decisions.calibration, len(result.evaluation.films), comparison.recipe.repeats
        ),
        "scaling": words.scaling_text(decisions),
        "mixture": words.mixture_text(decisions.decision_curve.prevalence, positive),
        "calibration_rows": _calibration_rows(decisions),
        "chance": f"{decisions.calibration.after.error_by_chance:.3f}",
        "reliability": inline_figure(
            figures,
            "reliability",
            result.name,
            words.reliability_label(title, decisions.calibration),
        ),
        "prevalences": [make_row(values, point) for values in decisions.predictive_values],
        "slider": make_slider(decisions.predictive_values, point),
        "reading": words.READING_THE_CURVE,
        "useful": words.useful_text(decisions.decision_curve),
        "curve": inline_figure(
            figures,
            "decision-curve",
            result.name,
            words.curve_label(title, decisions.decision_curve),
        ),
        "others": list(_others(comparison, result)),
    }


def _leader(comparison: Comparison) -> BackboneResult | None:
    """Find the first backbone on verified weights; the first of all where there is none."""
    known = [result for result in comparison.backbones if result.decisions is not None]
    verified = [result for result in known if result.weights.is_verified]
    return next(iter((*verified, *known)), None)


def _compared(evaluation: Evaluation) -> tuple[str, ...]:
    """Name the figures that both rules have.

    The accuracy of calls among more than two classes is no accuracy of one against the rest.
    """
    return _METRICS if evaluation.scores.shape[1] == 2 else _METRICS[:2]


def _rules(
    decisions: Decisions, evaluation: Evaluation, positive: str
) -> tuple[float, tuple[RuleRow, ...]]:
    """Set the threshold beside the highest score; and tell where their bars begin."""
    point, metrics = decisions.operating_point, _compared(evaluation)
    chosen = {
        "sensitivity": point.sensitivity,
        "specificity": point.specificity,
        "accuracy": point.accuracy,
    }
    pairs = [(chosen[metric], evaluation.metrics[metric]) for metric in metrics]
    start = tenth_below([e.low for pair in pairs for e in pair if math.isfinite(e.low)])
    highest = (
        "score of 0.5 or more"
        if evaluation.scores.shape[1] == 2
        else f"{positive} where no class has more"
    )

    def row(title: str, aside: str, number: int, confusion: Confusion) -> RuleRow:
        return RuleRow(
            title=title,
            aside=aside,
            cells=tuple(
                make_cell(metric, pair[number], start)
                for metric, pair in zip(metrics, pairs, strict=True)
            ),
            missed=f"{confusion.fn:,} of {confusion.tp + confusion.fn:,}",
            alarms=f"{confusion.fp:,} of {confusion.tn + confusion.fp:,}",
        )

    return start, (
        row(
            "Threshold from validation films",
            f"calibrated probability of {words.probability_text(point.threshold)} or more",
            0,
            point.confusion,
        ),
        row("Highest score", highest, 1, evaluation.confusion),
    )


def _calibration_rows(decisions: Decisions) -> tuple[CalibrationRow, ...]:
    before, after = decisions.calibration.before, decisions.calibration.after
    return tuple(
        CalibrationRow(
            title=metric_title(metric),
            before=metric_value(metric, getattr(before, metric).value),
            before_interval=metric_interval(metric, getattr(before, metric)),
            after=metric_value(metric, getattr(after, metric).value),
            after_interval=metric_interval(metric, getattr(after, metric)),
        )
        for metric in _CALIBRATION
    )


def _others(comparison: Comparison, shown: BackboneResult) -> Iterator[OtherRow]:
    """Write a row for the average of all backbones, and for each but the one shown."""
    ensemble = comparison.ensemble
    if ensemble is not None and ensemble.decisions is not None:
        yield _other(f"Average of {len(ensemble.members)} backbones", True, ensemble.decisions)
    for result in comparison.backbones:
        if result is not shown and result.decisions is not None:
            yield _other(result.title, result.weights.is_verified, result.decisions)


def _other(title: str, is_verified: bool, decisions: Decisions) -> OtherRow:
    point, calibration = decisions.operating_point, decisions.calibration

    def change(metric: str) -> str:
        pair: tuple[Estimate, Estimate] = (
            getattr(calibration.before, metric), getattr(calibration.after, metric),
        )  # fmt: skip
        return " → ".join(metric_value(metric, estimate.value) for estimate in pair)

    return OtherRow(
        title=title,
        is_verified=is_verified,
        threshold=words.probability_text(point.threshold),
        shares=tuple(
            (metric_value(metric, estimate.value), metric_interval(metric, estimate))
            for metric, estimate in (
                ("sensitivity", point.sensitivity),
                ("specificity", point.specificity),
            )
        ),
        brier_scores=change("brier_score"),
        calibration_errors=change("calibration_error"),
    )

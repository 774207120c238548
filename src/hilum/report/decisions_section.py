"""The section "From a score to a decision": threshold, calibration, prevalence, benefit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hilum.evaluation.decisions import Decisions
from hilum.evaluation.results import Confusion, Estimate, Evaluation
from hilum.report import calibration_wording as calibrating
from hilum.report import decisions_wording as words
from hilum.report.figures import inline_figure
from hilum.report.formatting import metric_interval, metric_title, metric_value
from hilum.report.prevalence_view import make_row, make_slider
from hilum.report.quoted import Quoted, find_quoted
from hilum.report.standings import Cell, make_cell, tenth_below
from hilum.report.standings_wording import ensemble_title
from hilum.studies.comparison import Comparison

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
    """One figure of the probabilities, before and after calibration, with intervals."""

    title: str
    before: str
    before_interval: str
    after: str
    after_interval: str


@dataclass(frozen=True)
class OtherRow:
    """One backbone, or the average of all, in short; brackets hold intervals."""

    title: str
    is_verified: bool
    threshold: str
    shares: tuple[tuple[str, str], ...]
    brier_scores: str
    calibration_errors: str


def view_decisions(comparison: Comparison, figures: Mapping[str, str]) -> dict[str, Any] | None:
    """Put into words, rows and pictures what scores are worth once something is decided by them.

    Args:
        comparison: A finished study with at least one backbone.
        figures: SVG documents; `reliability-…` and `decision-curve-…` of whoever is told of
            are shown where they are among them.

    Returns:
        What `decisions.html.j2` asks for; None where no validation films were kept apart,
        so that nothing could be chosen on them.
    """
    quoted = find_quoted(comparison)
    decisions, evaluation = quoted.decisions, quoted.evaluation
    if decisions is None:
        return None
    positive, repeats = comparison.positive, comparison.recipe.repeats
    point, title = decisions.operating_point, quoted.title
    of_members = [m.decisions for m in quoted.members if m.decisions is not None]
    calibrators = [calibrator for of_one in of_members for calibrator in of_one.calibrators]
    thresholds = [float(value) for of_one in of_members for value in of_one.thresholds]
    start, rules = _rules(decisions, evaluation, positive, len(thresholds))
    return {
        "title": title,
        "is_verified": quoted.is_verified,
        "is_pick": quoted.is_pick,
        "why": words.WHY_CHOSEN_ANEW if quoted.is_pick else "",
        "operating": words.operating_text(point, positive, len(thresholds), repeats),
        "thresholds": words.thresholds_text(point, positive, thresholds, repeats),
        "outcome": words.outcome_text(point, positive),
        "promised": words.promised_text(point, positive),
        "metrics": [metric_title(metric) for metric in _compared(evaluation)],
        "rules": rules,
        "start": start,
        "calibration": calibrating.calibration_text(
            decisions.calibration, len(evaluation.films), repeats
        ),
        "scaling": calibrating.scaling_text(decisions.calibration, calibrators),
        "mixture": calibrating.mixture_text(decisions.decision_curve.prevalence, positive),
        "calibration_rows": _calibration_rows(decisions),
        "chance": f"{decisions.calibration.after.error_by_chance:.3f}",
        "reliability": inline_figure(
            figures,
            "reliability",
            quoted.stem,
            calibrating.reliability_label(title, decisions.calibration),
        ),
        "prevalences": [make_row(values, point) for values in decisions.predictive_values],
        "slider": make_slider(decisions.predictive_values, point),
        "reading": words.READING_THE_CURVE,
        "useful": words.useful_text(decisions.decision_curve),
        "curve": inline_figure(
            figures,
            "decision-curve",
            quoted.stem,
            words.curve_label(title, decisions.decision_curve),
        ),
        "others": list(_others(comparison, quoted)),
    }


def _compared(evaluation: Evaluation) -> tuple[str, ...]:
    """Name the figures that both rules have.

    The accuracy of calls among more than two classes is no accuracy of one against the rest.
    """
    return _METRICS if evaluation.scores.shape[1] == 2 else _METRICS[:2]


def _rules(
    decisions: Decisions, evaluation: Evaluation, positive: str, heads: int
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
            words.threshold_aside(point, heads),
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


def _others(comparison: Comparison, quoted: Quoted) -> Iterator[OtherRow]:
    """Write a row for the average of all backbones, and for each but the one told of."""
    ensemble = comparison.ensemble
    if ensemble is not None and ensemble.decisions is not None:
        yield _other(ensemble_title(ensemble), True, ensemble.decisions)
    for result in comparison.backbones:
        if result.decisions is not None and (quoted.is_pick or result.name != quoted.stem):
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

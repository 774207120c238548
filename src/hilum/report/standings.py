"""The rows of the report's tables: figures already written out, bars already scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hilum.evaluation.results import Estimate
from hilum.report.formatting import (
    UNKNOWN,
    count_text,
    difference_text,
    metric_interval,
    metric_title,
    metric_value,
    p_text,
    seconds_text,
    spread_text,
)
from hilum.studies.comparison import BackboneResult, Comparison

HEADLINE_METRICS = ("accuracy", "sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class Whisker:
    """Where the dot and the line of an interval lie, as fractions of the bar's width."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Cell:
    """One figure of the table: `97.5 %`, its interval, the small print and the bar."""

    title: str
    value: str
    interval: str
    one_repeat: str
    whisker: Whisker | None


@dataclass(frozen=True)
class Row:
    """One backbone of the table."""

    title: str
    is_verified: bool
    cells: tuple[Cell, ...]
    parameters: str
    size_px: int
    extraction: str
    is_stored: bool
    training: str


@dataclass(frozen=True)
class PairRow:
    """One pair of backbones."""

    a: str
    b: str
    accuracy: str
    auroc: str
    mcnemar: str
    adjusted: str
    delong: str
    tied: bool


@dataclass(frozen=True)
class MatrixCell:
    """Films of one truth and one call, and their share of the truth's row."""

    films: str
    percent: str
    share: float
    is_right: bool


def headline_metrics(comparison: Comparison) -> tuple[str, ...]:
    """Choose the table's columns; what else was measured gets a table of its own."""
    known = comparison.backbones[0].evaluation.metrics
    return tuple(metric for metric in HEADLINE_METRICS if metric in known)


def further_metrics(comparison: Comparison) -> tuple[str, ...]:
    """List the metrics that the table of headlines does not show."""
    shown = headline_metrics(comparison)
    known = comparison.backbones[0].evaluation.metrics
    return tuple(metric for metric in known if metric not in shown)


def scale_start(comparison: Comparison, metrics: Sequence[str]) -> float:
    """Choose where all bars of the table begin: a tenth below which no interval reaches."""
    lows = [
        estimate.low
        for result in comparison.backbones
        for metric, estimate in result.evaluation.metrics.items()
        if metric in metrics and math.isfinite(estimate.low)
    ]
    return tenth_below(lows)


def tenth_below(lows: Sequence[float]) -> float:
    """Round the smallest of some bounds down to a tenth, to 0.9 at most."""
    lowest = math.floor(10 * min(lows, default=0.0) + 1e-9) / 10
    return min(max(lowest, 0.0), 0.9)


def scaled(low: float, value: float, high: float, start: float) -> Whisker:
    """Place a figure and its bounds on a bar from `start` to 1."""
    bounds = (min(max((b - start) / (1 - start), 0.0), 1.0) for b in (low, value, high))
    return Whisker(*bounds)


def make_cell(metric: str, estimate: Estimate, start: float, *, one_repeat: str = "") -> Cell:
    """Write out one figure, with a bar from `start` to 1 where it has bounds."""
    bounds = (estimate.low, estimate.value, estimate.high)
    return Cell(
        title=metric_title(metric),
        value=metric_value(metric, estimate.value),
        interval=metric_interval(metric, estimate),
        one_repeat=one_repeat,
        whisker=scaled(*bounds, start) if all(map(math.isfinite, bounds)) else None,
    )


def make_rows(comparison: Comparison, metrics: Sequence[str]) -> tuple[Row, ...]:
    """Write out one table row per backbone, best first."""
    start = scale_start(comparison, metrics)
    return tuple(_row(result, metrics, start) for result in comparison.backbones)


def make_pairs(comparison: Comparison) -> tuple[PairRow, ...]:
    """Write out every pair of backbones."""
    titles = {result.name: result.title for result in comparison.backbones}
    return tuple(
        PairRow(
            a=titles[pair.a],
            b=titles[pair.b],
            accuracy=difference_text("accuracy", pair.accuracy_difference),
            auroc=difference_text("auroc", pair.auroc_difference),
            mcnemar=p_text(pair.mcnemar_p),
            adjusted=p_text(pair.adjusted_p),
            delong=p_text(pair.delong_p),
            tied=pair.tied,
        )
        for pair in comparison.comparisons
    )


def make_matrix(result: BackboneResult) -> tuple[tuple[MatrixCell, ...], ...]:
    """Write out a confusion matrix, row by row of true classes."""
    rows = []
    for k, counts in enumerate(result.evaluation.confusion_matrix.tolist()):
        total = sum(counts)
        shares = [count / total if total else 0.0 for count in counts]
        rows.append(
            tuple(
                MatrixCell(f"{count:,}", f"{100 * share:.1f} %", share, j == k)
                for j, (count, share) in enumerate(zip(counts, shares, strict=True))
            )
        )
    return tuple(rows)


def _row(result: BackboneResult, metrics: Sequence[str], start: float) -> Row:
    evaluation = result.evaluation
    return Row(
        title=result.title,
        is_verified=result.weights.is_verified,
        cells=tuple(
            make_cell(
                metric,
                evaluation.metrics[metric],
                start,
                one_repeat=(
                    spread_text(metric, evaluation.repeats[metric])
                    if metric in evaluation.repeats
                    else ""
                ),
            )
            for metric in metrics
        ),
        # Of a model file that the user brings, nobody may have counted them.
        parameters=count_text(result.parameters) if result.parameters else UNKNOWN,
        size_px=result.size_px,
        extraction=seconds_text(result.seconds.extract),
        is_stored=result.views_per_second is None,
        training=seconds_text(result.seconds.train),
    )

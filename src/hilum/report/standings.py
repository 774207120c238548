"""The rows of the report's tables: figures already written out, bars already scaled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hilum.evaluation.results import Estimate, Evaluation
from hilum.report import standings_wording as wording
from hilum.report.formatting import (
    UNKNOWN,
    count_text,
    metric_interval,
    metric_title,
    metric_value,
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
    """One line of the table: a backbone, or something made of several.

    Attributes:
        title: Who was judged.
        note: How it came about, in place of what it cost; empty for anything that has a cost.
        is_verified: No figure in it rests on other weights than the published ones.
        cells: One per column of figures.
        parameters: Weights of the frozen part.
        input: Side of the square input.
        extraction: Time that the features took.
        is_stored: They were computed before this run.
        training: Time that the heads took.
    """

    title: str
    note: str
    is_verified: bool
    cells: tuple[Cell, ...]
    parameters: str
    input: str
    extraction: str
    is_stored: bool
    training: str


@dataclass(frozen=True)
class Block:
    """Rows that stand together under a heading; the heading may be empty."""

    heading: str
    rows: tuple[Row, ...]


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
    judged = [result.evaluation for result in comparison.backbones]
    judged += [other.evaluation for other in (comparison.ensemble, comparison.pick) if other]
    lows = [
        estimate.low
        for evaluation in judged
        for metric, estimate in evaluation.metrics.items()
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


def make_blocks(comparison: Comparison, metrics: Sequence[str]) -> tuple[Block, ...]:
    """Write out the table: the backbones by tier, best first, then what several make up.

    Args:
        comparison: A finished study.
        metrics: The columns of figures.

    Returns:
        One block per tier, one for backbones in none, one for ensemble and nested pick;
        without headings where there is nothing to part.
    """
    start = scale_start(comparison, metrics)
    rows = {r.name: _backbone_row(r, metrics, start) for r in comparison.backbones}
    ranked = {name for tier in comparison.tiers for name in tier}
    # Within a tier the table's order holds: by accuracy, then AUROC, then fewer parameters.
    blocks = [
        Block(
            wording.tier_heading(number, comparison),
            tuple(row for name, row in rows.items() if name in tier),
        )
        for number, tier in enumerate(comparison.tiers)
    ]
    unranked = tuple(row for name, row in rows.items() if name not in ranked)
    if unranked:
        blocks.append(Block(wording.UNRANKED_HEADING if blocks else "", unranked))
    if len(rows) == 1:
        blocks = [Block("", tuple(rows.values()))]
    combined = _combined_rows(comparison, metrics, start)
    if combined:
        blocks.append(Block(wording.COMBINED_HEADING, combined))
    return tuple(blocks)


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


def _backbone_row(result: BackboneResult, metrics: Sequence[str], start: float) -> Row:
    return Row(
        title=result.title,
        note="",
        is_verified=result.weights.is_verified,
        cells=_cells(result.evaluation, metrics, start),
        # Of a model file that the user brings, nobody may have counted them.
        parameters=count_text(result.parameters) if result.parameters else UNKNOWN,
        input=f"{result.size_px} px",
        extraction=seconds_text(result.seconds.extract),
        is_stored=result.views_per_second is None,
        training=seconds_text(result.seconds.train),
    )


def _combined_rows(comparison: Comparison, metrics: Sequence[str], start: float) -> tuple[Row, ...]:
    """Write out the ensemble, at the cost of its members, and the nested pick."""
    rows = []
    if comparison.ensemble is not None:
        members = [r for r in comparison.backbones if r.name in comparison.ensemble.members]
        counted = [result.parameters for result in members]
        rows.append(
            Row(
                title=wording.ensemble_title(comparison.ensemble),
                note="",
                is_verified=True,
                cells=_cells(comparison.ensemble.evaluation, metrics, start),
                parameters=count_text(sum(counted)) if all(counted) else UNKNOWN,
                input="",
                extraction=seconds_text(sum(result.seconds.extract for result in members)),
                is_stored=all(result.views_per_second is None for result in members),
                training=seconds_text(sum(result.seconds.train for result in members)),
            )
        )
    if comparison.pick is not None:
        rows.append(
            Row(
                title=wording.PICK_TITLE,
                note=wording.pick_note(comparison, comparison.pick),
                is_verified=True,
                cells=_cells(comparison.pick.evaluation, metrics, start),
                parameters="",
                input="",
                extraction="",
                is_stored=False,
                training="",
            )
        )
    return tuple(rows)


def _cells(evaluation: Evaluation, metrics: Sequence[str], start: float) -> tuple[Cell, ...]:
    cells = []
    for metric in metrics:
        if metric not in evaluation.metrics:
            cells.append(Cell(metric_title(metric), "–", "", "", None))
            continue
        spread = evaluation.repeats.get(metric)
        one_repeat = "" if spread is None else spread_text(metric, spread)
        cells.append(make_cell(metric, evaluation.metrics[metric], start, one_repeat=one_repeat))
    return tuple(cells)

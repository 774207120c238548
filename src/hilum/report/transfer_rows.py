"""The rows of the tables on films from elsewhere: figures here and there, already written out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hilum.evaluation.decisions import Decisions, OperatingPoint
from hilum.evaluation.results import Estimate
from hilum.report.decisions_wording import probability_text
from hilum.report.formatting import metric_title
from hilum.report.standings import Cell, make_cell, tenth_below
from hilum.report.standings_wording import ensemble_title
from hilum.report.transfer_wording import drop_text, is_worse
from hilum.studies.comparison import Comparison
from hilum.studies.external import ENSEMBLE
from hilum.studies.transfer import Transfer
from hilum.studies.transferring import TRAVELLING

APPLIED = ("sensitivity", "specificity", "accuracy")
"""What a threshold decides; the AUROC knows of none."""

MIXED = "hangs on the mixture"
"""In place of the drop of a figure that changes with the shares of the classes."""

_NO_SUCH_FILMS = "no such films"
_ONE_SIDE = "films of one side only"


@dataclass(frozen=True)
class Figures:
    """What a backbone, or the average of all, reached on the films of the study."""

    title: str
    is_verified: bool
    metrics: Mapping[str, Estimate]
    operating_point: OperatingPoint | None


@dataclass(frozen=True)
class TransferCell:
    """One figure here and there, and the difference.

    Attributes:
        title: Of the metric.
        here: None where it does not exist.
        there: Likewise.
        why_blank: In place of the figure there.
        drop: How much it is lower there, or why that is not said; empty where neither is.
        is_worse: The drop is shown to be one.
    """

    title: str
    here: Cell | None
    there: Cell | None
    why_blank: str
    drop: str
    is_worse: bool


@dataclass(frozen=True)
class TransferRow:
    """One backbone on films from elsewhere."""

    title: str
    is_verified: bool
    cells: tuple[TransferCell, ...]


@dataclass(frozen=True)
class AppliedRow:
    """One backbone's threshold from here, on the films there."""

    title: str
    is_verified: bool
    threshold: str
    cells: tuple[TransferCell, ...]


def figures_here(comparison: Comparison) -> dict[str, Figures]:
    """Gather what every backbone, and the average of all, reached on the films of the study."""
    here = {
        result.name: Figures(
            result.title,
            result.weights.is_verified,
            result.evaluation.metrics,
            _operating_point(result.decisions),
        )
        for result in comparison.backbones
    }
    if (ensemble := comparison.ensemble) is not None:
        here[ENSEMBLE] = Figures(
            ensemble_title(ensemble),
            True,
            ensemble.evaluation.metrics,
            _operating_point(ensemble.decisions),
        )
    return here


def _operating_point(decisions: Decisions | None) -> OperatingPoint | None:
    return None if decisions is None else decisions.operating_point


def start_of(
    transfers: Sequence[Transfer], here: Mapping[str, Figures], metrics: Sequence[str]
) -> float:
    """Choose where the bars begin: below all figures there, and here where they are shown."""
    shown = [t.metrics for t in transfers] + [here[t.name].metrics for t in transfers if here]
    return tenth_below(
        [
            figures[metric].low
            for figures in shown
            for metric in metrics
            if metric in figures and math.isfinite(figures[metric].low)
        ]
    )


def applied_start(applied: Sequence[tuple[Figures, OperatingPoint]]) -> float:
    """Choose where the bars of the applied thresholds begin."""
    points = [p for figures, there in applied for p in (figures.operating_point, there) if p]
    lows = [getattr(point, metric).low for point in points for metric in APPLIED]
    return tenth_below([low for low in lows if math.isfinite(low)])


def make_row(
    transfer: Transfer, here: Figures, metrics: Sequence[str], start: float
) -> TransferRow:
    """Write out one backbone's figures there beside those here."""
    cells = []
    for metric in metrics:
        there, drop = transfer.metrics.get(metric), transfer.drops.get(metric)
        cell = _cell(metric, here.metrics.get(metric), there, start)
        if drop is not None:
            cell = replace(cell, drop=f"drop {drop_text(metric, drop)}", is_worse=is_worse(drop))
        elif there is not None and metric not in TRAVELLING:
            cell = replace(cell, drop=MIXED)
        cells.append(cell)
    return TransferRow(here.title, here.is_verified, tuple(cells))


def _cell(metric: str, here: Estimate | None, there: Estimate | None, start: float) -> TransferCell:
    return TransferCell(
        title=metric_title(metric),
        here=None if here is None else make_cell(metric, here, start),
        there=None if there is None else make_cell(metric, there, start),
        why_blank=_NO_SUCH_FILMS if metric in ("sensitivity", "specificity") else _ONE_SIDE,
        drop="",
        is_worse=False,
    )


def make_applied(here: Figures, there: OperatingPoint, start: float) -> AppliedRow:
    """Set what the threshold does there beside what it does here."""
    before = here.operating_point
    known = {} if before is None else {metric: getattr(before, metric) for metric in APPLIED}
    figures = {metric: getattr(there, metric) for metric in APPLIED}
    if not all(math.isfinite(figures[side].value) for side in ("sensitivity", "specificity")):
        # Of films of one side, the accuracy is the other figure over again.
        figures = {
            metric: figure
            for metric, figure in figures.items()
            if metric != "accuracy" and math.isfinite(figure.value)
        }
    return AppliedRow(
        title=here.title,
        is_verified=here.is_verified,
        threshold=probability_text(there.threshold),
        cells=tuple(
            _cell(metric, known.get(metric), figures.get(metric), start) for metric in APPLIED
        ),
    )

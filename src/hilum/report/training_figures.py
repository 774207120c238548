"""Accuracy and loss against the epoch, for training and validation.

The counterpart of Figures 4 to 7 of Bansal and Sridhar (2020), with all heads of a
backbone in place of a single one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from hilum.heads.training import History
from hilum.report import palette, svg
from hilum.report.canvas import axes_inch, heading_size, new_figure, shortened
from hilum.report.curves import EpochCurve, epoch_curve

_BAND_OPACITY = 0.16


@dataclass(frozen=True)
class TrainingCurves:
    """The four curves of one backbone, and where its heads were best."""

    training_accuracy: EpochCurve
    validation_accuracy: EpochCurve
    training_loss: EpochCurve
    validation_loss: EpochCurve
    best_epoch: float


@dataclass(frozen=True)
class Scales:
    """Axis limits that all backbones share, so that their curves can be compared."""

    last_epoch: int
    lowest_accuracy: float
    highest_loss: float


def curves_of(history: History) -> TrainingCurves:
    """Average one backbone's curves over its heads."""
    return TrainingCurves(
        training_accuracy=epoch_curve(history.training_accuracy),
        validation_accuracy=epoch_curve(history.validation_accuracy),
        training_loss=epoch_curve(history.training_loss),
        validation_loss=epoch_curve(history.validation_loss),
        best_epoch=float(np.median(history.best_epoch)) + 1.0,  # people count from 1
    )


def scales_of(curves: Sequence[TrainingCurves]) -> Scales:
    """Choose limits that hold the curves of all backbones."""
    accuracies = [c for k in curves for c in (k.training_accuracy, k.validation_accuracy)]
    losses = [c for k in curves for c in (k.training_loss, k.validation_loss)]
    lowest = min((float(c.low.min()) for c in accuracies if len(c.low)), default=0.0)
    # The band of a first epoch may tower above all means; the means decide.
    highest = max((float(c.mean.max()) for c in losses if len(c.mean)), default=1.0)
    return Scales(
        last_epoch=max((len(c.epochs) for c in accuracies), default=1),
        lowest_accuracy=max(math.floor(lowest * 10.0) / 10.0, 0.0),
        highest_loss=1.15 * highest if highest > 0 else 1.0,
    )


def _draw_pair(
    title: str, training: EpochCurve, validation: EpochCurve, best_epoch: float, last_epoch: int
) -> tuple[Figure, Axes]:
    figure = new_figure(5.0, 3.6)
    axes = axes_inch(figure, 0.62, 0.5, 0.15, 0.68)
    for curve, label, colour, dashes in (
        (training, "training", palette.TRAINING.light, palette.LINE_STYLES[0]),
        (validation, "validation", palette.VALIDATION.light, palette.LINE_STYLES[1]),
    ):
        axes.fill_between(
            curve.epochs, curve.low, curve.high, color=colour, alpha=_BAND_OPACITY, linewidth=0
        )
        # A single epoch is a point, and a line through one point is invisible.
        marker = "o" if len(curve.epochs) == 1 else ""
        axes.plot(
            curve.epochs, curve.mean, color=colour, linestyle=dashes, linewidth=1.8,
            label=label, marker=marker,
        )  # fmt: skip
    axes.axvline(best_epoch, color=palette.MUTED.light, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.set_xlim(min(1, last_epoch - 1), max(last_epoch, 2))
    axes.grid(visible=False, axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch")
    axes.set_title(title, pad=28, fontsize=heading_size(title, at_most=44))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, borderaxespad=0.2)
    axes.text(
        1.0, 1.03, f"best epoch {best_epoch:g} (median)", transform=axes.transAxes,
        ha="right", va="bottom", fontsize=9, color=palette.MUTED.light,
    )  # fmt: skip
    return figure, axes


def draw_accuracy(title: str, curves: TrainingCurves, scales: Scales) -> str:
    """Draw the share of films called correctly, epoch by epoch."""
    figure, axes = _draw_pair(
        f"Accuracy · {shortened(title)}",
        curves.training_accuracy,
        curves.validation_accuracy,
        curves.best_epoch,
        scales.last_epoch,
    )
    axes.set_ylim(scales.lowest_accuracy, 1.0 + 0.01 * (1.0 - scales.lowest_accuracy))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return svg.standalone(figure, f"Accuracy against epoch, {title}")


def draw_loss(title: str, curves: TrainingCurves, scales: Scales) -> str:
    """Draw the loss, epoch by epoch."""
    figure, axes = _draw_pair(
        f"Loss · {shortened(title)}",
        curves.training_loss,
        curves.validation_loss,
        curves.best_epoch,
        scales.last_epoch,
    )
    axes.set_ylim(0.0, scales.highest_loss)
    return svg.standalone(figure, f"Loss against epoch, {title}")

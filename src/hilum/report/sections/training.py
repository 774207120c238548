"""Accuracy and loss against the epoch, for training and validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float, Int

from hilum.heads import History
from hilum.report import drawing as palette, drawing as svg
from hilum.report.drawing import axes_inch, heading_size, new_figure, shortened
from hilum.studies import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND_PERCENTILES = (10.0, 90.0)


@dataclass(frozen=True)
class EpochCurve:
    """One quantity against the epoch, over the heads that were still training.

    Attributes:
        epochs: Counted from 1.
        mean: Mean over the heads that reached the epoch.
        low: 10th percentile over the same heads.
        high: 90th percentile.
        heads: How many reached it.
    """

    epochs: Int[np.ndarray, " epochs"]
    mean: Float[np.ndarray, " epochs"]
    low: Float[np.ndarray, " epochs"]
    high: Float[np.ndarray, " epochs"]
    heads: Int[np.ndarray, " epochs"]


def epoch_curve(values: Float[np.ndarray, "heads epochs"]) -> EpochCurve:
    """Average the curves of many heads, epoch by epoch.

    Heads stop early. The last few to train are the odd ones, and their mean says
    little about the rest, so the curve ends with the last epoch that at least half
    of the heads reached.

    Args:
        values: Loss or accuracy; NaN after a head has stopped.

    Returns:
        The mean and the band that holds the middle 80 % of the heads.
    """
    heads = np.isfinite(values).sum(axis=0)
    enough = (2 * heads >= len(values)) & (heads > 0)
    length = len(enough) if enough.all() else int(np.argmin(enough))
    kept = np.where(np.isfinite(values), values, np.nan)[:, :length]
    if length == 0:
        nothing = np.empty(0)
        return EpochCurve(np.arange(0), nothing, nothing, nothing, heads[:0])
    low, high = np.nanpercentile(kept, BAND_PERCENTILES, axis=0)
    return EpochCurve(
        epochs=np.arange(1, length + 1),
        mean=np.nanmean(kept, axis=0),
        low=low,
        high=high,
        heads=heads[:length],
    )


def thinned(points: int, at_most: int = 400) -> Int[np.ndarray, " kept"]:
    """Choose evenly spaced points of a long curve; the first and the last stay.

    Args:
        points: Length of the curve, at least 1.
        at_most: Points to keep; more would not show on a screen.

    Returns:
        Indices, ascending.
    """
    if points <= at_most:
        return np.arange(points)
    return np.unique(np.linspace(0, points - 1, at_most).round().astype(np.int64))


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
    figure: Figure,
    title: str,
    training: EpochCurve,
    validation: EpochCurve,
    best_epoch: float,
    last_epoch: int,
) -> Axes:
    from matplotlib.ticker import MaxNLocator

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
    return axes


@dataclass(frozen=True)
class TrainingCurvesFigure:
    """The share of films called correctly, or the loss, epoch by epoch.

    Attributes:
        title: Of the backbone.
        quantity: What is drawn.
        curves: Of that backbone.
        scales: Of all backbones, so that their pictures can be compared.
    """

    title: str
    quantity: Literal["accuracy", "loss"]
    curves: TrainingCurves
    scales: Scales

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""
        return f"{self.quantity.capitalize()} against epoch, {self.title}"

    @property
    def _pair(self) -> tuple[EpochCurve, EpochCurve]:
        if self.quantity == "accuracy":
            return self.curves.training_accuracy, self.curves.validation_accuracy
        return self.curves.training_loss, self.curves.validation_loss

    def frame(self) -> dict[str, list[Any]]:
        """List the points of both curves, with the band of the middle 80 % of the heads."""
        training, validation = pair = self._pair
        return {
            "films": ["training"] * len(training.epochs) + ["validation"] * len(validation.epochs),
            "epoch": [x for curve in pair for x in curve.epochs.tolist()],
            "mean": [x for curve in pair for x in curve.mean.tolist()],
            "low": [x for curve in pair for x in curve.low.tolist()],
            "high": [x for curve in pair for x in curve.high.tolist()],
            "heads": [x for curve in pair for x in curve.heads.tolist()],
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        from matplotlib.ticker import PercentFormatter

        heading = f"{self.quantity.capitalize()} · {shortened(self.title)}"
        best, scales = self.curves.best_epoch, self.scales
        figure = new_figure(5.0, 3.6, figure)
        axes = _draw_pair(figure, heading, *self._pair, best, scales.last_epoch)
        if self.quantity == "loss":
            axes.set_ylim(0.0, scales.highest_loss)
            return figure
        axes.set_ylim(scales.lowest_accuracy, 1.0 + 0.01 * (1.0 - scales.lowest_accuracy))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        return figure


def curves_text(comparison: Comparison) -> str:
    """Say how the training curves are to be read."""
    parts = []
    if len(comparison.folds.splits) > 1:
        parts.append("Lines are means over the heads, bands hold the middle 80 % of them.")
    if comparison.recipe.head.patience_epochs is not None:
        parts.append(
            "Heads stop early: the mean of an epoch is over the heads still training, and a curve "
            "ends where fewer than half of them are left."
        )
    kept = (
        "" if comparison.recipe.head.keeps_best_epoch else "; the last epoch was kept all the same"
    )
    parts.append(f"The dotted line marks the lowest validation loss (median epoch){kept}.")
    parts.append(
        "All backbones share one scale. Dropout is on while the training figures are taken and "
        "off for validation, which may put validation ahead at first."
    )
    return " ".join(parts)

"""What decisions look like: the reliability diagram, and the decision curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from hilum.evaluation.decisions import CalibrationFigures, Decisions
from hilum.report import palette, svg
from hilum.report.canvas import axes_inch, heading_size, new_figure, shortened

_WIDTH_INCH = 5.0
_PANEL_INCH = 1.78
_ACTING_FROM = (0.1, 0.25, 0.5, 0.75, 0.9)
_PRICES = ("9", "3", "1", "⅓", "⅑")
"""False alarms that are accepted for one find by whoever acts from those probabilities on."""
_BAND_OPACITY = 0.2


def draw_reliability(decisions: Decisions, title: str) -> str:
    """Draw what was said against what came, before and after calibration.

    Args:
        decisions: Of the same.
        title: Of the backbone, or of the choice among several.
    """
    bottom, top, left, gap = 0.55, 0.78, 0.76, 0.42
    figure = new_figure(_WIDTH_INCH, bottom + _PANEL_INCH + top)
    panels = (
        ("As scored", decisions.calibration.before, "s", palette.VALIDATION),
        ("Calibrated", decisions.calibration.after, "o", palette.SERIES[0]),
    )
    for k, (name, figures, marker, colour) in enumerate(panels):
        start = left + k * (_PANEL_INCH + gap)
        axes = axes_inch(figure, start, bottom, _WIDTH_INCH - start - _PANEL_INCH, top)
        _draw_bins(axes, figures, marker, colour.light)
        axes.set_title(name, fontsize=10, fontweight="normal")
        axes.set_xlabel("Probability said")
        if k:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("Share positive")
    _write_heading(figure, f"Reliability · {shortened(title)}")
    return svg.standalone(figure, f"Reliability diagram, {title}")


def _draw_bins(axes: Axes, figures: CalibrationFigures, marker: str, colour: str) -> None:
    """Draw one panel: a dot and its interval for each bin, and where the dots should lie."""
    bins = figures.reliability
    axes.plot([0, 1], [0, 1], color=palette.MUTED.light, linewidth=1.0, linestyle=(0, (1, 2)))
    axes.plot(bins.probability, bins.share_positive, color=colour, linewidth=1.0)
    axes.vlines(bins.probability, bins.low, bins.high, color=colour, linewidth=1.6)
    axes.plot(
        bins.probability, bins.share_positive, marker, color=colour, markersize=5.5, clip_on=False
    )
    error = figures.calibration_error.value
    if np.isfinite(error):
        small: dict[str, Any] = {"fontsize": 9, "color": palette.MUTED.light}
        axes.text(0.98, 0.04, f"off by {error:.3f}", ha="right", **small)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0.0, 0.5, 1.0])
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))


def draw_decision_curve(decisions: Decisions, title: str) -> str:
    """Draw the net benefit of acting on the model, beside acting on all films and on none.

    Args:
        decisions: Of the same.
        title: Of the backbone, or of the choice among several.
    """
    curve = decisions.decision_curve
    bottom, top = 1.62, 0.78
    figure = new_figure(_WIDTH_INCH, bottom + 2.5 + top)
    axes = axes_inch(figure, 0.5, bottom, 0.2, top)
    colour = palette.SERIES[0].light
    axes.fill_between(
        curve.thresholds, 100 * curve.low, 100 * curve.high,
        color=colour, alpha=_BAND_OPACITY, linewidth=0,
    )  # fmt: skip
    axes.plot(
        curve.thresholds, 100 * curve.model, color=colour, linewidth=1.8,
        label="acting on the model, with 95 % interval",
    )  # fmt: skip
    axes.plot(
        curve.thresholds, 100 * curve.act_on_all, color=palette.SERIES[1].light, linewidth=1.6,
        linestyle=palette.LINE_STYLES[1], label="acting on every film",
    )  # fmt: skip
    axes.axhline(
        0.0, color=palette.MUTED.light, linewidth=1.4, linestyle=(0, (1, 2)),
        label="acting on none",
    )  # fmt: skip
    highest = 100 * float(np.nanmax([*curve.high, *curve.model, curve.prevalence, 0.01]))
    axes.set_ylim(-0.16 * highest, 1.06 * highest)
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks(
        _ACTING_FROM,
        [f"{100 * p:.0f} %\n{price}" for p, price in zip(_ACTING_FROM, _PRICES, strict=True)],
    )
    axes.set_xlabel("Acting from this probability on\nbelow: false alarms accepted for one find")
    axes.set_title("Net benefit, positives found per 100 films", fontsize=10, fontweight="normal")
    axes.title.set_x(-0.07)
    height = float(figure.get_size_inches()[1])
    figure.legend(
        loc="lower left", bbox_to_anchor=(0.04, 0.04 / height), borderaxespad=0.0,
        fontsize=9, handlelength=3.4,
    )  # fmt: skip
    _write_heading(figure, f"Decision curve · {shortened(title)}")
    return svg.standalone(figure, f"Decision curve, {title}")


def _write_heading(figure: Any, heading: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(
        0.08 / width, 1 - 0.25 / height, heading,
        fontsize=heading_size(heading, at_most=int(9.5 * width)), fontweight="bold",
    )  # fmt: skip

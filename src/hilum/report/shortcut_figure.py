"""What predicts the label without the disease, drawn beside the model: one strip each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hilum.auditing.baselines import Baseline
from hilum.auditing.verdict import RULES, Weight, is_above_chance
from hilum.evaluation.results import Estimate
from hilum.report import palette, svg
from hilum.report.audit_wording import weight_of
from hilum.report.canvas import axes_inch, new_figure, shortened
from hilum.report.formatting import metric_text

_WIDTH_INCH = 5.0
_ROW_INCH = 0.44
_HEADING_INCH = 0.36
_LEFT_EDGE = 0.46
"""Where the scale begins: a little below chance; what lies further left is cut off there."""
_STRIP_INCH = 0.17
_ZONE_OPACITY = 0.3

_MARKS: dict[Weight | None, tuple[str, palette.Colour]] = {
    "withholds": ("D", palette.BAD),
    "limits": ("s", palette.CAUTION),
    "describes": ("o", palette.MUTED),
    None: ("o", palette.MUTED),
}
_WORDS: dict[Weight | None, str] = {
    "withholds": "withholds", "limits": "limits", "describes": "describes", None: "",
}  # fmt: skip


def draw_shortcuts(
    baselines: Sequence[Baseline], *, model: str, model_auroc: Estimate, is_verified: bool = True
) -> str:
    """Draw the AUROC of the model and of every baseline, with its interval.

    Behind those that can withhold the headline stand the zones in which they limit and
    withhold it, as shares of what the model reaches above chance.

    Args:
        baselines: What predicts without the disease; at least one.
        model: The model's title.
        model_auroc: On all films of the study.
        is_verified: The model ran on its published weights.
    """
    parts = [
        ("The network, with the whole film", None),
        ("Holds no disease: can withhold", [b for b in baselines if b.can_withhold]),
        ("May hold disease: only describes", [b for b in baselines if not b.can_withhold]),
    ]
    shown = [(title, rows) for title, rows in parts if rows is None or rows]
    n_rows = 1 + len(baselines)
    has_zones = is_above_chance(model_auroc) and any(b.can_withhold for b in baselines)
    foot = 0.5 + (0.28 if has_zones else 0.0)
    height = len(shown) * _HEADING_INCH + n_rows * _ROW_INCH
    figure = new_figure(_WIDTH_INCH, height + foot + 0.06)
    axes = axes_inch(figure, 0.08, foot, 0.1, 0.06)
    axes.set_xlim(_LEFT_EDGE, 1.008)
    axes.set_ylim(height, 0)
    top = 0.0
    for title, rows in shown:
        axes.text(_LEFT_EDGE, top + 0.22, title, fontsize=9, color=palette.MUTED.light)
        top += _HEADING_INCH
        if rows is None:
            colour = palette.SERIES[0] if is_verified else palette.MUTED
            _draw_row(axes, top, shortened(model, 28), model_auroc, "o", colour)
            top += _ROW_INCH
        for baseline in rows or ():
            if baseline.can_withhold and has_zones:
                _draw_zones(axes, top, model_auroc.value)
            weight = weight_of(baseline, model_auroc)
            marker, colour = _MARKS[weight]
            _draw_row(
                axes, top, baseline.title, baseline.auroc, marker, colour,
                word=_WORDS[weight], is_hollow=not baseline.can_withhold,
            )  # fmt: skip
            top += _ROW_INCH
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_xticks(np.arange(0.5, 1.01, 0.1), ["0.5\nchance", "0.6", "0.7", "0.8", "0.9", "1.0"])
    axes.text(1.008, height + 0.42, "AUROC, 95 % interval", ha="right", fontsize=9,
              color=palette.MUTED.light, clip_on=False)  # fmt: skip
    if has_zones:
        _draw_key(figure)
    return svg.standalone(figure, "What predicts the label, with and without the disease")


def _draw_row(
    axes: Axes,
    top: float,
    title: str,
    estimate: Estimate,
    marker: str,
    colour: palette.Colour,
    *,
    word: str = "",
    is_hollow: bool = False,
) -> None:
    """Draw one strip: its name and figure above, the interval and the dot on it."""
    middle = top + 0.2 + _STRIP_INCH / 2
    base: dict[str, Any] = {"color": palette.RULE.light, "linewidth": 1.0}
    axes.plot([0.5, 1.0], [middle, middle], **base)
    chance = [middle - _STRIP_INCH / 2 - 0.02, middle + _STRIP_INCH / 2 + 0.02]
    axes.plot([0.5, 0.5], chance, color=palette.MUTED.light, linewidth=1.0)
    axes.text(_LEFT_EDGE, top + 0.14, title, fontsize=10)
    said = metric_text("auroc", estimate) + (f"  {word}" if word else "")
    axes.text(1.008, top + 0.14, said, ha="right", fontsize=9, color=colour.light)
    low, value, high = (
        max(bound, _LEFT_EDGE) for bound in (estimate.low, estimate.value, estimate.high)
    )
    axes.plot([low, high], [middle, middle], color=colour.light, linewidth=2.2)
    is_cut = estimate.value < _LEFT_EDGE
    axes.plot(
        [value], [middle], "<" if is_cut else marker, clip_on=False,
        markersize=6.5, markeredgewidth=1.5, markeredgecolor=colour.light,
        markerfacecolor=palette.PAPER.light if is_hollow else colour.light,
    )  # fmt: skip


def _draw_zones(axes: Axes, top: float, model_auroc: float) -> None:
    """Shade where a baseline would limit the headline, and where it would withhold it."""
    limiting, withholding = (
        0.5 + share * (model_auroc - 0.5)
        for share in (RULES.limiting_share, RULES.withholding_share)
    )
    for left, right, colour in (
        (limiting, withholding, palette.CAUTION),
        (withholding, 1.0, palette.BAD),
    ):
        shade: dict[str, Any] = {"facecolor": colour.light, "alpha": _ZONE_OPACITY}
        axes.add_patch(
            Rectangle((left, top + 0.2), right - left, _STRIP_INCH, linewidth=0, **shade)
        )


def _draw_key(figure: Figure) -> None:
    """Say what the two shades mean."""
    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((0.0, 0.0, 1.0, 0.3 / height))
    axes.set_axis_off()
    axes.set_xlim(0, _WIDTH_INCH)
    axes.set_ylim(0, 0.3)
    words = (
        (0.08, palette.CAUTION, f"{100 * RULES.limiting_share:.0f} %"),
        (0.8, palette.BAD, f"{100 * RULES.withholding_share:.0f} % and more"),
    )
    for left, colour, text in words:
        shade: dict[str, Any] = {"facecolor": colour.light, "alpha": _ZONE_OPACITY}
        axes.add_patch(Rectangle((left, 0.09), 0.2, 0.13, linewidth=0, **shade))
        axes.text(left + 0.27, 0.1, text, fontsize=9, color=palette.MUTED.light)
    axes.text(2.06, 0.1, "of what the network reaches above chance", fontsize=9,
              color=palette.MUTED.light)  # fmt: skip

"""What the scores amount to: forest plot, receiver operating characteristic, confusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from hilum.report import drawing as palette, drawing as svg
from hilum.report.drawing import axes_inch, heading_size, new_figure, shortened
from hilum.report.sections.standings import HEADLINE_METRICS
from hilum.report.sections.training import thinned
from hilum.report.sections.verdict import UNVERIFIED_MARK
from hilum.studies import BackboneResult
from hilum.wording import metric_is_share, metric_text, metric_title, percent_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED_LINES_AT_MOST = 8
_SHADE_OPACITY = 0.4  # the most that a cell is shaded: text on it stays readable


@dataclass(frozen=True)
class RocFigure:
    """The trade-off between finding positives and sparing the others.

    The first few backbones get lines that can be told apart; more would be a thicket,
    so the rest stand behind them in grey.
    """

    results: tuple[BackboneResult, ...]
    description: str = "Receiver operating characteristics of all backbones"

    def frame(self) -> dict[str, list[Any]]:
        """List the points of all curves, as they are drawn."""
        lines = [(result.title, *_roc_points(result)) for result in self.results]
        return {
            "backbone": [title for title, rates, _ in lines for _ in rates],
            "false_positive_rate": [x for _, rates, _ in lines for x in rates.tolist()],
            "true_positive_rate": [y for *_, rates in lines for y in rates.tolist()],
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        from matplotlib.ticker import PercentFormatter

        results = self.results
        named, others = results[:_NAMED_LINES_AT_MOST], results[_NAMED_LINES_AT_MOST:]
        legend_inch = 0.2 * (len(named) + bool(others)) + 0.22
        figure = new_figure(5.0, 5.23 + legend_inch, figure)
        axes = axes_inch(figure, 0.62, 0.55 + legend_inch, 0.2, 0.45)
        axes.plot([0, 1], [0, 1], color=palette.MUTED.light, linewidth=1.0, linestyle=(0, (1, 2)))
        for result in others:
            axes.plot(*_roc_points(result), color=palette.RULE.light, linewidth=1.2)
        for k, result in enumerate(named):
            colour, dashes = palette.series_style(k)
            auroc = result.evaluation.metrics.get("auroc")
            figures = f" {metric_text('auroc', auroc)}" if auroc else ""
            axes.plot(
                *_roc_points(result), color=colour, linestyle=dashes, linewidth=1.8,
                label=shortened(result.title, 26 if result.weights.is_verified else 17) + figures,
            )  # fmt: skip
        if others:
            further = f"{len(others)} further"
            axes.plot([], [], color=palette.RULE.light, linewidth=1.2, label=further)
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_xlabel("1 − specificity (others called positive)")
        axes.set_title("Sensitivity (positives found)", fontsize=10, fontweight="normal")
        height = float(figure.get_size_inches()[1])
        axes.title.set_x(-0.12)
        figure.legend(
            loc="lower left", bbox_to_anchor=(0.02, 0.05 / height), borderaxespad=0.0,
            title="AUROC with 95 % interval", title_fontsize=9, alignment="left",
            handlelength=3.8,
        )  # fmt: skip
        return figure


def _roc_points(
    result: BackboneResult,
) -> tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    roc = result.evaluation.roc
    kept = thinned(len(roc.false_positive_rate))
    return roc.false_positive_rate[kept], roc.true_positive_rate[kept]


@dataclass(frozen=True)
class ForestFigure:
    """Each figure of each backbone, as a dot on the line of its 95 % interval."""

    results: tuple[BackboneResult, ...]
    description: str = "Each backbone's figures with 95 % intervals"

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is drawn: the headline's metrics that all backbones have."""
        return tuple(
            metric
            for metric in HEADLINE_METRICS
            if all(metric in result.evaluation.metrics for result in self.results)
        )

    def frame(self) -> dict[str, list[Any]]:
        """List every figure with its bounds."""
        rows = [
            (result, metric, result.evaluation.metrics[metric])
            for result in self.results
            for metric in self.metrics
        ]
        return {
            "backbone": [result.title for result, *_ in rows],
            "metric": [metric for _, metric, _ in rows],
            "value": [estimate.value for *_, estimate in rows],
            "low": [estimate.low for *_, estimate in rows],
            "high": [estimate.high for *_, estimate in rows],
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        results, shown = self.results, self.metrics
        left, pitch, gap = 2.0, 2.05, 0.35
        row_inch = 0.32 if all(result.weights.is_verified for result in results) else 0.4
        figure = new_figure(left + pitch * len(shown) + 0.1, 0.85 + row_inch * len(results), figure)
        rows = np.arange(len(results))[::-1]
        for k, metric in enumerate(shown):
            right = pitch * (len(shown) - 1 - k) + gap
            axes = axes_inch(figure, left + pitch * k, 0.4, right, 0.4)
            estimates = [result.evaluation.metrics[metric] for result in results]
            for row, result, estimate in zip(rows, results, estimates, strict=True):
                colour = (palette.SERIES[0] if result.weights.is_verified else palette.MUTED).light
                axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=2)
                axes.plot(estimate.value, row, "o", color=colour, markersize=6)
            lows = [estimate.low for estimate in estimates if np.isfinite(estimate.low)]
            lowest = np.floor(min(lows, default=0.0) * 20) / 20
            axes.set_xlim(lowest - 0.02 * (1 - lowest), 1 + 0.03 * (1 - lowest))
            axes.set_ylim(-0.6, len(results) - 0.4)
            axes.set_yticks(rows, [_tick_label(r) if k == 0 else "" for r in results])
            axes.tick_params(axis="y", labelcolor=palette.INK.light)
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
            unit = ""
            if metric_is_share(metric):
                axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=""))
                unit = ", %"
            axes.set_title(metric_title(metric) + unit)
        return figure


def _tick_label(result: BackboneResult) -> str:
    """Write a title for the forest plot's margin; a mark gets a line of its own."""
    return shortened(result.title, 22).replace(UNVERIFIED_MARK, f"\n{UNVERIFIED_MARK.strip()}")


@dataclass(frozen=True)
class ConfusionFigure:
    """The films by truth (rows) and call (columns), shaded by the share of the row."""

    title: str
    classes: tuple[str, ...]
    matrix: Int[np.ndarray, "classes classes"]

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""
        return f"Confusion matrix, {self.title}"

    def frame(self) -> dict[str, list[Any]]:
        """List every cell."""
        cells = [(truth, called) for truth in self.classes for called in self.classes]
        return {
            "truth": [truth for truth, _ in cells],
            "called": [called for _, called in cells],
            "films": self.matrix.ravel().tolist(),
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        from matplotlib.patches import Rectangle

        matrix, classes = self.matrix, self.classes
        names = [shortened(name, 14) for name in classes]
        side = 1.05 * len(classes)
        left, top = 1.25, 0.95
        figure = new_figure(left + max(side, 2.6) + 0.15, top + side + 0.1, figure)
        axes = axes_inch(figure, left, 0.1, max(2.6 - side, 0) + 0.15, top)
        totals = matrix.sum(axis=1)
        for (row, column), films in np.ndenumerate(matrix):
            share = films / totals[row] if totals[row] else 0.0
            shade: dict[str, Any] = {
                "facecolor": palette.SERIES[0].light,
                "alpha": _SHADE_OPACITY * share,
            }
            axes.add_patch(Rectangle((column, row), 1, 1, linewidth=0, **shade))
            middle = column + 0.5
            axes.text(middle, row + 0.44, f"{films:,}", ha="center", va="center", fontsize=14)
            axes.text(middle, row + 0.72, percent_text(share), ha="center", va="center", fontsize=9)
        edges = np.arange(len(classes) + 1)
        axes.hlines(edges, 0, len(classes), color=palette.RULE.light, linewidth=0.8)
        axes.vlines(edges, 0, len(classes), color=palette.RULE.light, linewidth=0.8)
        axes.set_xlim(-0.01, len(classes) + 0.01)
        axes.set_ylim(len(classes) + 0.01, -0.01)
        axes.set_xticks(edges[:-1] + 0.5, names)
        axes.set_yticks(edges[:-1] + 0.5, names)
        axes.xaxis.tick_top()
        axes.grid(visible=False)
        axes.tick_params(labelcolor=palette.INK.light)
        axes.spines[:].set_visible(False)
        width, height = figure.get_size_inches()
        muted: dict[str, Any] = {"color": palette.MUTED.light, "fontsize": 9}
        figure.text(left / width, 1 - 0.52 / height, "called", **muted)
        figure.text((left - 0.08) / width, 1 - 0.86 / height, "truth", ha="right", **muted)
        heading = f"Confusion · {shortened(self.title)}"
        figure.text(
            0.08 / width, 1 - 0.25 / height, heading,
            fontsize=heading_size(heading, at_most=int(9.5 * width)), fontweight="bold",
        )  # fmt: skip
        return figure

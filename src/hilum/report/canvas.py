"""Blank paper for the figures: sizes and margins in inches, so that text keeps its room."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from hilum.report.wording import UNVERIFIED_MARK


def new_figure(width_inch: float, height_inch: float) -> Figure:
    """Start a figure that knows no window system."""
    figure = Figure(figsize=(width_inch, height_inch))
    FigureCanvasSVG(figure)
    return figure


def axes_inch(figure: Figure, left: float, bottom: float, right: float, top: float) -> Axes:
    """Place axes by their margins in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )


def shortened(name: str, at_most: int = 26) -> str:
    """Cut a long name so that it cannot push a picture off the page.

    The mark of unverified weights stays behind it, whole.
    """
    bare = name.removesuffix(UNVERIFIED_MARK)
    cut = bare if len(bare) <= at_most else bare[: at_most - 1] + "…"
    return cut + name[len(bare) :]


def heading_size(text: str, at_most: int = 40) -> float:
    """Choose the size of a figure's heading in points: a long one is set smaller."""
    return 11.0 if len(text) <= at_most else 11.0 * at_most / len(text)

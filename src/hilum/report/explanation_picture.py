"""An explanation as one picture: the film, the film under its map, and what it says in words."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from hilum.classifier.explaining import Explanation
from hilum.classifier.heatmaps import AGAINST_RGB, FOR_RGB, enlarge_cells, heatmap_overlay, scale_of
from hilum.report.explanation_wording import ExplanationWords
from hilum.report.palette import BAD, INK, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SOFTWARE = "Hilum"
"""Stands in every picture's metadata, so that ours can be told from a film."""

_LONGEST_PX = 900
_DPI = 150
_PANEL_INCH, _TEXT_INCH, _GAP_INCH = 4.0, 3.5, 0.18
_TOP_INCH, _SCALE_INCH = 0.45, 0.55
_WRAP = 48
"""Characters of 9 points on a line."""
_INCH_PER_CHARACTER = 0.082
"""Of 10.5 points."""


class _Line(NamedTuple):
    """A piece of text, and how it is set."""

    text: str
    points: float
    colour: str
    weight: str = "normal"

    @property
    def height_inch(self) -> float:
        return (self.text.count("\n") + 1) * self.points * 1.28 / 72 + 0.12


def draw_explanation(explanation: Explanation, words: ExplanationWords) -> bytes:
    """Draw an explanation.

    Args:
        explanation: Of one film.
        words: What is written beside it.

    Returns:
        A PNG file. It names no film.
    """
    # matplotlib takes half a second to load, and only pictures need it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    film = _at_screen_size(explanation.pixels)
    maps = [(_title(explanation), explanation.contributions)]
    if explanation.exact is not None and explanation.occlusion is not None:
        maps.append(("The check: covered patches", explanation.occlusion.drops))
    panel_width = min(_PANEL_INCH * film.shape[1] / film.shape[0], 1.25 * _PANEL_INCH)
    panel_height = panel_width * film.shape[0] / film.shape[1]
    lines, text_height = _set_lines(words)
    text_left = _GAP_INCH + (1 + len(maps)) * (panel_width + _GAP_INCH) + _GAP_INCH
    height = _TOP_INCH + max(panel_height + _SCALE_INCH, text_height)
    figure = Figure(figsize=(text_left + _TEXT_INCH, height), facecolor=PAPER.light)
    FigureCanvasAgg(figure)
    bottom = height - _TOP_INCH - panel_height
    for k, (title, contributions) in enumerate([("The film", None), *maps]):
        left = _GAP_INCH + k * (panel_width + _GAP_INCH)
        axes = _place(figure, left, bottom, panel_width, panel_height)
        axes.imshow(film, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
        points = min(10.5, panel_width / (_INCH_PER_CHARACTER * len(title)) * 10.5)
        axes.set_title(title, loc="left", fontsize=points, color=INK.light, pad=6, parse_math=False)
        axes.set_axis_off()
        if contributions is not None:
            _lay_over(axes, contributions, film.shape)
            unit = "log-odds per cell" if k == 1 and explanation.exact else "fall of the log-odds"
            across = _place(figure, left + 0.5, bottom - 0.42, panel_width - 1.0, 0.13)
            _draw_scale(across, scale_of(contributions), unit)
    _write(figure, lines, text_left)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": SOFTWARE})
    return file.getvalue()


def _title(explanation: Explanation) -> str:
    label = textwrap.shorten(explanation.label, 30, placeholder="…")
    return f"What speaks for {label} (red), and against (blue)"


def _at_screen_size(
    pixels: UInt8[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "small_height small_width"]:
    film = Image.fromarray(pixels)
    film.thumbnail((_LONGEST_PX, _LONGEST_PX), Image.Resampling.LANCZOS)
    return np.asarray(film)


def _place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Place axes; everything in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _lay_over(
    axes: Axes, contributions: Float[np.ndarray, "rows columns"], shape: tuple[int, ...]
) -> None:
    """Lay a map over a film; a line goes round what counts at least half as much as the most."""
    height, width = shape
    scale = scale_of(contributions)
    axes.imshow(heatmap_overlay(contributions, (height, width)), interpolation="bilinear")
    smooth = enlarge_cells(contributions, (height, width))
    for sign, colour, style in ((1, FOR_RGB, "solid"), (-1, AGAINST_RGB, "dashed")):
        if (sign * smooth).max() > scale / 2:
            axes.contour(
                sign * smooth,
                levels=[scale / 2],
                colors=[_lightened(colour)],
                linestyles=[style],
                linewidths=1.1,
            )


def _lightened(colour: tuple[int, int, int]) -> tuple[float, ...]:
    return tuple((0.45 * part + 0.55 * 255) / 255 for part in colour)


def _set_lines(words: ExplanationWords) -> tuple[list[_Line], float]:
    """Break the words into lines; return them with their height in inches, margins included."""
    call_colour = BAD.light if words.is_refused else INK.light
    pieces = [
        _Line(words.headline, 17.0, INK.light, "bold"),
        _Line(words.call, 10.0, call_colour, "bold"),
        *([_Line(words.warning, 9.0, BAD.light, "bold")] if words.warning else []),
        *(_Line(remark, 9.0, INK.light) for remark in words.remarks),
        _Line(words.limits, 8.0, MUTED.light),
    ]
    set_lines = [
        piece._replace(
            text="\n".join(
                textwrap.wrap(
                    piece.text,
                    round(_WRAP * 9.0 / piece.points * (0.86 if piece.weight == "bold" else 1)),
                )
            )
        )
        for piece in pieces
    ]
    return set_lines, sum(line.height_inch for line in set_lines) + 0.1


def _write(figure: Figure, lines: list[_Line], left: float) -> None:
    """Write the words from the top down."""
    across, up = figure.get_size_inches()
    y = up - _TOP_INCH
    for line in lines:
        figure.text(
            left / across,
            y / up,
            line.text,
            fontsize=line.points,
            color=line.colour,
            weight=line.weight,
            va="top",
            linespacing=1.25,
            parse_math=False,  # a class may be named $x$
        )
        y -= line.height_inch


def _draw_scale(axes: Axes, scale: float, unit: str) -> None:
    """Draw what the colours stand for, on the grey of a film."""
    steps = np.linspace(-scale, scale, 201)[np.newaxis]
    overlay = heatmap_overlay(steps, (1, 201), scale=scale).astype(float) / 255
    alpha = overlay[..., 3:]
    axes.imshow(
        overlay[..., :3] * alpha + 0.35 * (1 - alpha),
        aspect="auto",
        extent=(-scale, scale, 0, 1),
    )
    digits = 2 if scale < 1 else 1
    low, high = (f"{value:+.{digits}f}".replace("-", "\N{MINUS SIGN}") for value in (-scale, scale))
    style: dict[str, Any] = {"fontsize": 8, "color": MUTED.light}
    axes.text(-0.02, 0.5, low, ha="right", va="center", transform=axes.transAxes, **style)
    axes.text(1.02, 0.5, high, ha="left", va="center", transform=axes.transAxes, **style)
    for x, side, text in ((0, "left", "against"), (0.5, "center", unit), (1, "right", "for")):
        axes.text(x, 1.25, text, ha=side, va="bottom", transform=axes.transAxes, **style)
    axes.set_axis_off()

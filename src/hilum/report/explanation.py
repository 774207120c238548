"""An explanation of one film: as a picture, in sentences, and as plain figures."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from hilum.classifier import (
    AGAINST_RGB,
    FOR_RGB,
    BundleRecord,
    Explanation,
    RegionShare,
    enlarge_cells,
    heatmap_overlay,
    scale_of,
)
from hilum.disk import write_durably
from hilum.errors import OutputError
from hilum.report.drawing import BAD, INK, MUTED, PAPER
from hilum.report.sections.verdict import training_text
from hilum.wording import certainty_text, percent_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


RESEARCH_ONLY = "Research use only."


@dataclass(frozen=True)
class ExplanationWords:
    """What is written beside a film and its map.

    Attributes:
        headline: The class and its probability.
        call: What was called, or that nothing was.
        is_refused: Whether the film lies outside the domain.
        warning: That the training cohort carries no claim; empty where it does.
        remarks: One sentence each: the sum, the share, the checks.
        limits: What the map is not.
    """

    headline: str
    call: str
    is_refused: bool
    warning: str
    remarks: tuple[str, ...]
    limits: str


def word_explanation(explanation: Explanation, record: BundleRecord) -> ExplanationWords:
    """Put an explanation into words; no file is named.

    Args:
        explanation: Of one film.
        record: What the bundle says of itself.
    """
    prediction = explanation.prediction
    probability = prediction.probabilities[explanation.label]
    rows, columns = explanation.contributions.shape
    remarks = [_word_sum(explanation), word_share(explanation.share, explanation.label)]
    remarks += [_word_agreement(explanation), _word_sanity(explanation)]
    verdict = training_text(record.verdict)
    is_withheld = record.verdict.headline == "withheld"
    return ExplanationWords(
        headline=f"{explanation.label}: {certainty_text(probability)}",
        call=_word_call(explanation, record),
        is_refused=not prediction.in_domain,
        warning=verdict if is_withheld else "",
        remarks=tuple(remark for remark in (*remarks, "" if is_withheld else verdict) if remark),
        limits=f"{rows} x {columns} cells: where the network's reasons lie, not where disease "
        f"begins and ends. {RESEARCH_ONLY}",
    )


def _word_call(explanation: Explanation, record: BundleRecord) -> str:
    prediction = explanation.prediction
    if prediction.call is None:
        return (
            "Refused: the film is not like the training films. Probability and map mean "
            "nothing here."
        )
    is_positive = prediction.call == record.positive
    where = "at or above" if is_positive else "below"
    if not is_positive and prediction.probabilities[record.positive] >= record.threshold:
        # With three classes or more; see `calling_text`.
        where = "the heads' mean log-odds are below"
    point = f"{percent_text(record.threshold, 0)} for {record.positive}"
    return f"Called {prediction.call}: {where} the operating point ({point})."


def _word_sum(explanation: Explanation) -> str:
    exact = explanation.exact
    if exact is None:
        return (
            f"Red: covering the place lowers the log-odds of {explanation.label}; blue: raises "
            "them."
        )
    total = f"{exact.contributions.sum():+.1f}".replace("-", "\N{MINUS SIGN}")
    if exact.has_reference:
        return (
            f"All cells add up to {total} log-odds: this film against the average training film "
            "of the other classes, place by place."
        )
    return f"All cells add up to {total} log-odds, what every film has included."


def word_share(share: RegionShare, label: str) -> str:
    """Say how much of a map lies in a region, and how large the region is.

    Args:
        share: The region's share.
        label: The class that is explained.
    """
    if share.speaking_for is None:
        return f"Nothing on the film speaks for {label}."
    told = f"{percent_text(share.speaking_for, 0)} of what speaks for {label} lies"
    if share.region == "lungs":
        return f"{told} inside the lungs, which are {percent_text(share.area, 0)} of the film."
    return f"{told} in the central {percent_text(share.area, 0)} of the film."


def _word_agreement(explanation: Explanation) -> str:
    if explanation.agreement is None:
        return ""
    return f"Rank correlation with the map of covered patches: {_signed(explanation.agreement)}."


def _word_sanity(explanation: Explanation) -> str:
    check = explanation.sanity
    if check is None:
        return ""
    mean = _signed(float(check.correlations.mean()))
    told = f"rank correlation {mean} on average of {len(check.correlations)} draws"
    if check.is_passed:
        return f"Heads that have forgotten what they learned give another map ({told})."
    return f"Caution: heads that have forgotten what they learned give a like map ({told})."


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


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


_LONGEST_STEM = 60


def place_pictures(films: Sequence[Path], out: Path) -> list[Path]:
    """Choose a file for each film's picture.

    Args:
        films: One or more.
        out: A PNG file, for a single film; or a folder, whose pictures are named as the
            films are, with a number where several would be named alike.

    Raises:
        OutputError: Several films and one file; or a place holds something that is no
            picture of ours.
    """
    is_file = out.suffix.lower() == ".png" and not out.is_dir()
    if is_file and len(films) > 1:
        raise OutputError(
            f"{len(films)} pictures do not go into one file '{out}'.",
            fix="Name a folder with -o.",
        )
    places = [out] if is_file else _inside(out, films)
    for place in places:
        if place.exists() and not _is_ours(place):
            raise OutputError(
                f"'{place}' is there already and is no picture of an explanation.",
                fix="Choose another place with -o.",
            )
    return places


def save_picture(picture: bytes, place: Path) -> None:
    """Write a picture whole; its folder is made, an older picture of ours is replaced.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_durably(place, picture)
    except OSError as error:
        raise OutputError(
            f"The picture '{place}' cannot be written: {error.strerror or error}.",
            fix="Name a place that you may write to, on a disk with room.",
        ) from error


def _inside(folder: Path, films: Sequence[Path]) -> list[Path]:
    places: list[Path] = []
    for film in films:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", film.stem).strip(".-")[:_LONGEST_STEM] or "film"
        place, number = folder / f"{stem}.png", 2
        while place in places:
            place, number = folder / f"{stem}-{number}.png", number + 1
        places.append(place)
    return places


def _is_ours(place: Path) -> bool:
    try:
        with Image.open(io.BytesIO(place.read_bytes()), formats=["PNG"]) as picture:
            return picture.info.get("Software") == SOFTWARE
    except (OSError, ValueError, Image.DecompressionBombError):
        return False

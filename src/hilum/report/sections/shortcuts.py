"""The section "Is it the disease?": what predicts the label without it, beside the model."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from hilum.auditing import (
    RULES,
    SIGHTS,
    AuditReport,
    Baseline,
    Bearing,
    Box,
    Place,
    Weight,
    find_baseline,
    is_above_chance,
)
from hilum.cohort import Cohort, Film
from hilum.evaluation import Estimate
from hilum.features import Part, resize_film, show_part
from hilum.report import drawing as palette, drawing as svg
from hilum.report.drawing import axes_inch, inline_figure, new_figure, shortened
from hilum.report.films import choose_examples, data_uri
from hilum.report.section import section
from hilum.report.sections.standings import Whisker, scaled
from hilum.report.sections.verdict import EFFECTS
from hilum.studies import BackboneResult, weights_of
from hilum.wording import (
    NOT_DEFINED,
    capitalised,
    films_text,
    joined,
    metric_interval,
    metric_text,
    metric_value,
    p_text,
    percent_text,
    percents_interval,
    seconds_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNTRAINED = "Unknown: the films are too few to train and test on, so nothing was measured."

# Of a model that is hardly above chance, a baseline reaches any multiple, and it means nothing.
_SHARE_AT_MOST = 5

GROUPS: Mapping[Bearing, str] = {
    "diseaseless": "Holds no disease: can limit or withhold the headline",
    "questionable": "A person can tell whether it is the disease: can limit the headline",
    "remaining": "What must be left when small objects are gone: limits where little is",
    "descriptive": "May hold disease: only describes",
}
"""What each kind of baseline can show, in the order of the table."""


def bare_share_text(share: Estimate) -> str:
    """Write a share of the model's discrimination without its interval: `94 %`."""
    if not math.isfinite(share.value):
        return NOT_DEFINED
    if share.value > _SHARE_AT_MOST:
        return f"over {100 * _SHARE_AT_MOST} %"
    return percent_text(share.value, 0)


def share_text(share: Estimate) -> str:
    """Write a share of the model's discrimination: `94 % [88, 99]`."""
    value = bare_share_text(share)
    if share.value > _SHARE_AT_MOST or not all(map(math.isfinite, (share.low, share.high))):
        return value
    return f"{value} {percents_interval(share.low, share.high, 0)}"


def baseline_line(baseline: Baseline, weight: Weight | None) -> str:
    """Tell one baseline on one line.

    Args:
        baseline: What predicts without the disease.
        weight: What it does to the verdict.
    """
    line = f"{baseline.title}: AUROC {metric_text('auroc', baseline.auroc)}"
    if math.isfinite(baseline.share.value):
        line += f", {share_text(baseline.share)} of what the model reaches above chance"
    return f"{line}; {EFFECTS[weight]}" if weight else line


def disease_text(audit: AuditReport, positive: str, model: str, model_auroc: Estimate) -> str:
    """Answer in one or two sentences whether it is the disease that was seen.

    Args:
        audit: With at least one baseline.
        positive: The class that the model is said to recognise.
        model: The model's title.
        model_auroc: Its AUROC.
    """
    if not is_above_chance(model_auroc):
        return f"{model} does no better than chance, so there is nothing to explain."
    weights = weights_of(audit)
    reached = f"{model} reaches AUROC {model_auroc.value:.3f} with the whole film"
    withholding = [b for b in audit.baselines if weights.get(b.name) == "withholds"]
    if withholding:
        return (
            f"Nothing here shows that it is. {_listed(withholding)}, and {_holds(withholding)} "
            f"{_held(withholding)}. {reached}."
        )
    limiting = [b for b in audit.baselines if weights.get(b.name) == "limits"]
    if limiting or _is_on_one_spot(audit):
        return f"In part it may be something else. {' '.join(_list_doubts(audit, limiting))}"
    tried = [b for b in audit.baselines if b.can_withhold]
    if not tried:
        return "Unknown: nothing that holds no disease was tried."
    names = joined([b.title.lower() for b in tried])
    return (
        f"None of what holds no disease speaks against it: {names} {_tell(tried)} little or "
        f"nothing of {positive}, where {reached}."
    )


def _is_on_one_spot(audit: AuditReport) -> bool:
    return any(r.cause == "place" and r.weight == "limits" for r in audit.verdict.grounds)


def _list_doubts(audit: AuditReport, limiting: Sequence[Baseline]) -> Iterator[str]:
    """Say of each kind of evidence what it leaves open."""
    diseaseless = [b for b in limiting if b.bearing == "diseaseless"]
    if diseaseless:
        yield f"{_listed(diseaseless)}, and {_holds(diseaseless)} no disease."
    questionable = [b for b in limiting if b.bearing == "questionable"]
    if questionable:
        yield f"{_listed(questionable)}: look whether that is the disease."
    for baseline in limiting:
        if baseline.bearing == "remaining":
            yield (
                f"Without small objects the network reaches AUROC {baseline.auroc.value:.3f} "
                f"instead of {baseline.model_auroc.value:.3f}."
            )
    if _is_on_one_spot(audit) and audit.place is not None:
        yield (
            f"{percent_text(audit.place.share, 0)} of the evidence stands on one spot that is the "
            f"same on all films, {audit.place.where}."
        )


def _held(baselines: Sequence[Baseline]) -> str:
    """Name what such things hold none of."""
    is_lungless = any(b.name == "lungless" for b in baselines)
    return "none of the lungs where the disease is to be seen" if is_lungless else "no disease"


def untried_text(audit: AuditReport) -> str:
    """Say what this run did not try; empty where all was tried."""
    if not audit.baselines:
        return "This run did not try what predicts the label without the disease."
    if find_baseline(audit.baselines, "frame") is None:
        return (
            "This run did not show the network parts of the films, so it is unknown what their "
            "frame alone predicts."
        )
    untried = "; ".join(audit.verdict.untried)
    return f"{capitalised(untried)}." if untried else ""


def caught_text(baseline: Baseline, positive: str) -> str:
    """Say what share of the positive films it gives away; empty where that is little.

    Args:
        baseline: What predicts without the disease.
        positive: The class that the model is said to recognise.
    """
    caught = baseline.caught
    if baseline.bearing not in ("diseaseless", "questionable") or caught.value < RULES.caught_share:
        return ""
    return (
        f"Gives away {percent_text(caught.value, 0)} "
        f"{percents_interval(caught.low, caught.high, 0)} of the films of {positive}, at 95 % of "
        "the others spared"
    )


def strongest_text(baseline: Baseline, at_most: int = 4, least: float = 0.55) -> str:
    """Name the columns that tell most by themselves: `width in pixels 0.930`; empty if none."""
    ranked = sorted(baseline.details.items(), key=lambda item: -item[1])
    shown = [f"{name} {value:.3f}" for name, value in ranked[:at_most] if value >= least]
    return joined(shown)


def _listed(baselines: Sequence[Baseline]) -> str:
    """Write `The frame of the film alone predicts it with AUROC 0.918`, or of several."""
    names = joined([f"{b.title.lower()} (AUROC {b.auroc.value:.3f})" for b in baselines])
    is_one = len(baselines) == 1
    text = f"{names} {'alone predicts' if is_one else 'each predict'} the label"
    return text[0].upper() + text[1:]


def _holds(baselines: Sequence[Baseline]) -> str:
    return "holds" if len(baselines) == 1 else "hold"


def _tell(baselines: Sequence[Baseline]) -> str:
    return "tells" if len(baselines) == 1 else "tell"


_WIDTH_INCH = 5.0
_ROW_INCH = 0.44
_HEADING_INCH = 0.36

_LEFT_EDGE = 0.46
"""Where the scale begins: a little below chance; what lies further left is cut off there."""

_HEADINGS: Mapping[Bearing, str] = {
    "diseaseless": "Holds no disease: can withhold",
    "questionable": "Look whether it is the disease: can limit",
    "remaining": "Should keep what the network reaches",
    "descriptive": "May hold disease: only describes",
}

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


@dataclass(frozen=True)
class ShortcutsFigure:
    """The AUROC of the model and of every baseline, with its interval.

    Behind those that can withhold the headline stand the zones in which they limit and
    withhold it, as shares of what the model reaches above chance.

    Attributes:
        baselines: What predicts without the disease; at least one.
        model: The model's title.
        model_auroc: On all films of the study.
        weights: What each baseline does to the headline, by name.
        is_verified: The model ran on its published weights.
    """

    baselines: tuple[Baseline, ...]
    model: str
    model_auroc: Estimate
    weights: Mapping[str, Weight] = field(default_factory=dict)
    is_verified: bool = True
    description: str = "What predicts the label, with and without the disease"

    def frame(self) -> dict[str, list[Any]]:
        """List the model and every baseline with bounds, and what each does to the headline."""
        aurocs = [self.model_auroc, *(baseline.auroc for baseline in self.baselines)]
        return {
            "seen": [self.model, *(baseline.title for baseline in self.baselines)],
            "auroc": [auroc.value for auroc in aurocs],
            "low": [auroc.low for auroc in aurocs],
            "high": [auroc.high for auroc in aurocs],
            "effect": [None, *(self.weights.get(b.name) for b in self.baselines)],
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        baselines, model_auroc = self.baselines, self.model_auroc
        parts = [
            ("The network, with the whole film", None),
            *(
                (title, [b for b in baselines if b.bearing == bearing])
                for bearing, title in _HEADINGS.items()
            ),
        ]
        shown = [(title, rows) for title, rows in parts if rows is None or rows]
        n_rows = 1 + len(baselines)
        has_zones = is_above_chance(model_auroc) and any(b.can_withhold for b in baselines)
        foot = 0.5 + (0.28 if has_zones else 0.0)
        height = len(shown) * _HEADING_INCH + n_rows * _ROW_INCH
        figure = new_figure(_WIDTH_INCH, height + foot + 0.06, figure)
        axes = axes_inch(figure, 0.08, foot, 0.1, 0.06)
        axes.set_xlim(_LEFT_EDGE, 1.008)
        axes.set_ylim(height, 0)
        top = 0.0
        for title, rows in shown:
            axes.text(_LEFT_EDGE, top + 0.22, title, fontsize=9, color=palette.MUTED.light)
            top += _HEADING_INCH
            if rows is None:
                colour = palette.SERIES[0] if self.is_verified else palette.MUTED
                _draw_row(axes, top, shortened(self.model, 28), model_auroc, "o", colour)
                top += _ROW_INCH
            for baseline in rows or ():
                if baseline.can_withhold and has_zones:
                    _draw_zones(axes, top, model_auroc.value)
                weight = self.weights.get(baseline.name)
                marker, colour = _MARKS[weight]
                _draw_row(
                    axes, top, baseline.title, baseline.auroc, marker, colour,
                    word=_WORDS[weight], is_hollow=not baseline.can_withhold,
                )  # fmt: skip
                top += _ROW_INCH
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_xticks(
            np.arange(0.5, 1.01, 0.1), ["0.5\nchance", "0.6", "0.7", "0.8", "0.9", "1.0"]
        )
        axes.text(1.008, height + 0.42, "AUROC, 95 % interval", ha="right", fontsize=9,
                  color=palette.MUTED.light, clip_on=False)  # fmt: skip
        if has_zones:
            _draw_key(figure)
        return figure


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
    from matplotlib.patches import Rectangle

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
    from matplotlib.patches import Rectangle

    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((0.0, 0.0, 1.0, 0.3 / height))
    axes.set_axis_off()
    axes.set_xlim(0, _WIDTH_INCH)
    axes.set_ylim(0, 0.3)
    words = (
        (0.08, palette.CAUTION, percent_text(RULES.limiting_share, 0)),
        (0.8, palette.BAD, f"{percent_text(RULES.withholding_share, 0)} and more"),
    )
    for left, colour, text in words:
        shade: dict[str, Any] = {"facecolor": colour.light, "alpha": _ZONE_OPACITY}
        axes.add_patch(Rectangle((left, 0.09), 0.2, 0.13, linewidth=0, **shade))
        axes.text(left + 0.27, 0.1, text, fontsize=9, color=palette.MUTED.light)
    axes.text(2.06, 0.1, "of what the network reaches above chance", fontsize=9,
              color=palette.MUTED.light)  # fmt: skip


SHOWN_PARTS: Mapping[Part, str] = {
    "whole": "The whole film",
    "objectless": "Without small objects",
    "frame": "Frame: hardly any lung",
    "centre": "Centre: without the frame",
    "blur": "Blurred: 14 x 14 px",
}

_PART_PX = 128
_SCALE_START = 0.5


@dataclass(frozen=True)
class BaselineRow:
    """One baseline of the table, written out."""

    title: str
    sight: str
    auroc: str
    interval: str
    whisker: Whisker | None
    share: str
    p_below: str
    effect: str
    weight: Weight | None
    strongest: str
    caught: str
    films: str
    seconds: str


@section("shortcuts", place=20)
def view_shortcuts(
    audit: AuditReport,
    *,
    cohort: Cohort,
    positive: str,
    model: BackboneResult | None,
    figures: Mapping[str, str],
    thumbnails: Mapping[str, bytes],
    redact: Callable[[str], str],
) -> dict[str, Any]:
    """Put into words, rows and pictures what predicts the label without the disease.

    Args:
        audit: What the audit found.
        cohort: The films.
        positive: The class that the model is said to recognise.
        model: What the baselines were measured against; None where the films are too
            few to train and test on.
        figures: SVG documents; `shortcuts` is shown where it is among them.
        thumbnails: JPEG bytes by film id.
        redact: Hides names and places.
    """
    if model is None:
        return {
            "answer": UNTRAINED, "untried": "", "groups": [], "figure": "", "parts": [],
            "place": None,
        }  # fmt: skip
    auroc = model.evaluation.metrics["auroc"]
    effects = _effects(audit)
    rows = [
        (baseline, _row(baseline, effects, positive, len(cohort), redact))
        for baseline in audit.baselines
    ]
    groups = [
        (title, [row for baseline, row in rows if baseline.bearing == bearing])
        for bearing, title in GROUPS.items()
    ]
    example = show_parts(cohort, positive, thumbnails)
    return {
        "answer": disease_text(audit, positive, model.title, auroc) if rows else "",
        "untried": untried_text(audit),
        "model": model.title,
        "model_auroc": metric_value("auroc", auroc.value),
        "model_interval": metric_interval("auroc", auroc),
        "model_whisker": _whisker(auroc),
        "groups": [(title, listed) for title, listed in groups if listed],
        "limiting": percent_text(RULES.limiting_share, 0),
        "withholding": percent_text(RULES.withholding_share, 0),
        "figure": inline_figure(
            figures, "shortcuts", "", shortcuts_label(audit, model.title, auroc)
        ),
        "example": example[0].film_id if example else "",
        "example_label": example[0].label if example else "",
        "parts": example[1] if example else [],
        "place": None if audit.place is None else view_place(audit.place, cohort, thumbnails),
    }


@dataclass(frozen=True)
class SpotView:
    """One film with its strongest spot.

    Attributes:
        film_id: Which film.
        label: Its class.
        uri: The film, as a data address; empty where it has no picture.
        crop: What stands on the spot, larger.
        share: Of the film's evidence that lies there.
        box: The spot, in percent of the film from the upper left: left, top, side.
    """

    film_id: str
    label: str
    uri: str
    crop: str
    share: str
    box: tuple[str, str, str]


def view_place(place: Place, cohort: Cohort, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    """Show where the evidence stands: the place that all films share, and each film's own.

    Args:
        place: Where the evidence stands.
        cohort: The films.
        thumbnails: JPEG bytes by film id.
    """
    films = {film.film_id: film for film in cohort.films}
    return {
        "text": place_text(place),
        "common": _percents(place.box),
        "spots": [
            SpotView(
                film_id=spot.film_id,
                label=films[spot.film_id].label,
                uri=data_uri(films[spot.film_id], thumbnails),
                crop=_crop_uri(thumbnails.get(spot.film_id), spot.box),
                share=percent_text(spot.share, 0),
                box=_percents(spot.box),
            )
            for spot in place.spots
        ],
    }


def place_text(place: Place) -> str:
    """Say whether the evidence stands on one spot of all films, or wanders as disease does."""
    stands = (
        "so it stands on one spot"
        if place.share >= RULES.one_place
        else "so it wanders from film to film"
    )
    return (
        f"On the average of {films_text(place.n_films)}, the place that holds most over all films, "
        f"{place.where}, holds {percent_text(place.share, 0)} of the evidence, and the film's own "
        f"strongest place {percent_text(place.own_share, 0)}: {stands}. Evidence that lies "
        "anywhere would leave 18 % there."
    )


def spots_shown(audit: AuditReport, cohort: Cohort) -> tuple[Film, ...]:
    """Name the films whose strongest spots are shown, each once."""
    shown = () if audit.place is None else {spot.film_id for spot in audit.place.spots}
    films = {film.film_id: film for film in cohort.films if film.film_id in shown}
    return tuple(films.values())


def _percents(box: Box) -> tuple[str, str, str]:
    left, top, side = (f"{100 * share:.1f}%" for share in (box.left, box.top, box.side))
    return left, top, side


_CROP_PX = 160


def _crop_uri(jpeg: bytes | None, box: Box) -> str:
    """Cut the spot out of a film's picture, and show it larger; empty where it has none."""
    if jpeg is None:
        return ""
    with Image.open(io.BytesIO(jpeg)) as picture:
        grey = picture.convert("L")
        sides = (grey.width, grey.height) * 2
        edges = (box.left, box.top, box.left + box.side, box.top + box.side)
        region = tuple(round(edge * side) for edge, side in zip(edges, sides, strict=True))
        crop = grey.crop(region)  # type: ignore[arg-type]
    return _jpeg_uri(crop.resize((_CROP_PX, _CROP_PX), Image.Resampling.BICUBIC))


def show_parts(
    cohort: Cohort, positive: str, thumbnails: Mapping[str, bytes]
) -> tuple[Film, list[tuple[str, str]]] | None:
    """Draw one example film as the probes see it, from its thumbnail.

    Args:
        cohort: The films.
        positive: The class that the example is taken from.
        thumbnails: JPEG bytes by film id.

    Returns:
        The film, and for each part its caption and a grey JPEG as a data address; None
        where no example has a thumbnail.
    """
    for film in choose_examples(cohort, positive):
        if film.film_id in thumbnails:
            with Image.open(io.BytesIO(thumbnails[film.film_id])) as picture:
                pixels = np.asarray(picture.convert("L"))
            square = resize_film(pixels, _PART_PX)
            return film, [
                (caption, _jpeg_uri(Image.fromarray(show_part(square, part))))
                for part, caption in SHOWN_PARTS.items()
            ]
    return None


def shortcuts_label(audit: AuditReport, model: str, auroc: Estimate) -> str:
    """Write the text alternative of the figure."""
    figures = [f"{model} {metric_text('auroc', auroc)}"] + [
        f"{b.title} {metric_text('auroc', b.auroc)}" for b in audit.baselines
    ]
    return f"What predicts the label, and how well. AUROC: {'; '.join(figures)}."


def _effects(audit: AuditReport) -> dict[str, tuple[Weight | None, str]]:
    """Say of each baseline what follows: by its weight, or that a person has answered it."""
    confirmed = {reason.cause for reason in audit.verdict.confirmations}
    return {
        name: (weight, "answered by a person" if name in confirmed else EFFECTS[weight])
        for name, weight in weights_of(audit).items()
    }


def _row(
    baseline: Baseline,
    effects: Mapping[str, tuple[Weight | None, str]],
    positive: str,
    n_films: int,
    redact: Callable[[str], str],
) -> BaselineRow:
    weight, effect = effects.get(baseline.name, (None, "nothing"))
    return BaselineRow(
        title=baseline.title,
        sight=SIGHTS[baseline.name],
        auroc=metric_value("auroc", baseline.auroc.value),
        interval=metric_interval("auroc", baseline.auroc),
        whisker=_whisker(baseline.auroc),
        share=share_text(baseline.share),
        p_below=p_text(baseline.p_below),
        effect=effect,
        weight=weight,
        strongest=redact(strongest_text(baseline)),
        caught=caught_text(baseline, positive),
        films="" if baseline.n_films == n_films else films_text(baseline.n_films),
        seconds=seconds_text(baseline.seconds),
    )


def _whisker(estimate: Estimate) -> Whisker | None:
    bounds = (estimate.low, estimate.value, estimate.high)
    return scaled(*bounds, _SCALE_START) if all(map(math.isfinite, bounds)) else None


def _jpeg_uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()

"""The section "From a score to a decision": threshold, calibration, prevalence, benefit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from hilum.evaluation import (
    Calibration,
    CalibrationFigures,
    Calibrator,
    Confusion,
    DecisionCurve,
    Decisions,
    Estimate,
    Evaluation,
    NetBenefit,
    OperatingPoint,
    OperatingPolicy,
    Recalibration,
)
from hilum.report import drawing as palette, drawing as svg
from hilum.report.drawing import axes_inch, heading_size, inline_figure, new_figure, shortened
from hilum.report.section import section
from hilum.report.sections.prevalence import make_row, make_slider
from hilum.report.sections.standings import (
    Cell,
    ensemble_title,
    find_leader,
    make_cell,
    tenth_below,
)
from hilum.report.sections.verdict import bare_title
from hilum.studies import BackboneResult, Comparison
from hilum.wording import (
    films_text,
    interval_text,
    joined,
    metric_interval,
    metric_text,
    metric_title,
    metric_value,
    percent_text,
    prevalence_text,
    probability_text,
    signed_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PICK_STEM = "pick"
"""What ends the names of the figures of the choice, as a backbone's name ends those of its own."""

_PICK_TITLE = "the network chosen anew for every film"


@dataclass(frozen=True)
class Quoted:
    """Who is told of wherever a section tells of one.

    Attributes:
        title: For use in the middle of a sentence.
        stem: What ends the names of its figures.
        is_pick: It is the choice made anew for every film, and no single backbone.
        is_verified: Its networks ran on their published weights.
        members: The backbones whose heads gave its scores, the first of the table first.
        evaluation: Its figures.
        decisions: What its scores are worth once something is decided by them.
    """

    title: str
    stem: str
    is_pick: bool
    is_verified: bool
    members: tuple[BackboneResult, ...]
    evaluation: Evaluation
    decisions: Decisions | None


def find_quoted(comparison: Comparison) -> Quoted:
    """Find whose figures stand for the study.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        The choice made anew for every film; without one, the first backbone on its published
        weights; if none ran on these, the first of all.
    """
    if comparison.pick is not None:
        chosen = comparison.pick.times_chosen
        return Quoted(
            title=_PICK_TITLE,
            stem=PICK_STEM,
            is_pick=True,
            is_verified=True,
            members=tuple(r for r in comparison.backbones if chosen.get(r.name)),
            evaluation=comparison.pick.evaluation,
            decisions=comparison.pick.decisions,
        )
    result = find_leader(comparison) or comparison.backbones[0]
    return Quoted(
        title=bare_title(result),
        stem=result.name,
        is_pick=False,
        is_verified=result.weights.is_verified,
        members=(result,),
        evaluation=result.evaluation,
        decisions=result.decisions,
    )


_ROUNDING = 1e-9
_STRETCHES_AT_MOST = 3

WHY_CHOSEN_ANEW = (
    "The first backbone of the table is first because of these very films, so what it decides on "
    "them looks better than it is. Here every film is decided by the network that did best on "
    "validation films, chosen without that film."
)

READING_THE_CURVE = (
    "Net benefit counts the positive films found, less the false alarms, each at the price that "
    "the threshold sets: who acts from 10 % on accepts nine false alarms for one find.",
    "Acting on the model is worth it where its line lies above both others, acting on every film "
    "and acting on none.",
)


def aim_text(policy: OperatingPolicy, positive: str, *, is_promised: bool = False) -> str:
    """Say what a threshold is to reach, to follow "chosen on validation films".

    Args:
        policy: The rule.
        positive: The positive class.
        is_promised: There are validation films enough for the rule to keep what it aims at.
    """
    if policy.target is None:
        return "where sensitivity and specificity together were largest (Youden)"
    share = prevalence_text(policy.target)
    share = f"on average at least {share}" if is_promised and policy.target < 1 else share
    if policy.kind == "sensitivity":
        return f"so as to find {share} of new {positive} films"
    return f"so as to spare {share} of new films that are not {positive}"


def operating_text(point: OperatingPoint, positive: str, heads: int, repeats: int) -> str:
    """Say when a film is called.

    Args:
        point: The calls.
        positive: The positive class.
        heads: All that have a threshold.
        repeats: Heads that tested each film.
    """
    if heads == 1:
        return (
            f"a film is called {positive} from a probability of "
            f"{probability_text(point.threshold)} on."
        )
    if repeats == 1:
        return (
            f"a film is called {positive} where its probability reaches the threshold of the head "
            "that tested it."
        )
    return (
        f"a film is called {positive} where its probability reaches its threshold, both averaged "
        f"over the {repeats} heads that tested it."
    )


def thresholds_text(
    point: OperatingPoint, positive: str, thresholds: Sequence[float], repeats: int
) -> str:
    """Say how the thresholds were chosen, how far they lie apart, and that they may overshoot.

    Args:
        point: The calls.
        positive: The positive class.
        thresholds: Of all heads, at least one.
        repeats: Heads that tested each film.
    """
    policy = point.policy
    chosen = (
        "chosen on validation films alone, "
        f"{aim_text(policy, positive, is_promised=point.promised is None)}"
    )
    if len(thresholds) == 1:
        return f"That threshold was {chosen}; no test film had a say."
    lowest, highest = map(probability_text, (min(thresholds), max(thresholds)))
    typically = (
        f", typically at {probability_text(point.threshold)}"
        if math.isfinite(point.threshold)
        else ""
    )
    lie = f"lie between {lowest} and {highest}{typically}"
    if lowest == highest:
        lie = f"all lie at {lowest}"
    text = f"The thresholds of the {len(thresholds)} heads {lie}. Each was {chosen}; no test film "
    text += "had a say."
    if repeats == 1 or policy.target is None:
        return text
    verb = "found" if policy.kind == "sensitivity" else "spared"
    return (
        f"{text} They were made for one head each, and the average of {repeats} strays less than "
        f"one: rather more than aimed at may be {verb}."
    )


def threshold_aside(point: OperatingPoint, heads: int) -> str:
    """Say briefly from which probability on a film is called."""
    if heads == 1:
        return f"calibrated probability of {probability_text(point.threshold)} or more"
    text = "calibrated probability at or above the threshold of the film’s own heads"
    if not math.isfinite(point.threshold):
        return text
    return f"{text}, typically {probability_text(point.threshold)}"


def outcome_text(point: OperatingPoint, positive: str) -> str:
    """Count what the threshold did on the test films."""
    tp, fn, tn, fp = (
        point.confusion.tp, point.confusion.fn, point.confusion.tn, point.confusion.fp,
    )  # fmt: skip
    return (
        f"Of {tp + fn:,} {positive} films it found {tp:,} and missed {fn:,}; of {tn + fp:,} "
        f"others it called {fp:,} by mistake."
    )


def promised_text(point: OperatingPoint, positive: str) -> str:
    """Say that validation films are too few to promise the target; empty if they are not."""
    if point.promised is None:
        return ""
    side = {
        "sensitivity": f"{point.n_validation:,} {positive} films",
        "specificity": f"{point.n_validation:,} other films",
        "youden": f"{films_text(point.n_validation)} of the scarcer side",
    }[point.policy.kind]
    aimed = (
        "" if point.policy.target is None else f", not the {prevalence_text(point.policy.target)}"
    )
    return (
        f"A head has about {side} to choose its threshold by. With so few, it can promise "
        f"{metric_value('sensitivity', point.promised)} of new films on average{aimed}."
    )


def useful_text(curve: DecisionCurve) -> str:
    """Say from which thresholds on acting on the model is better than not, and how surely."""
    # Where every film reaches the threshold, the model is acting on all but for rounding.
    otherwise = np.fmax(curve.act_on_all, 0.0) + _ROUNDING
    is_above, is_surely = curve.model > otherwise, curve.low > otherwise  # NaN is above nothing
    if not is_above.any():
        return "Here it is nowhere above both."
    by_line = _stretches_text(curve.thresholds, is_above)
    if not is_surely.any():
        return (
            "Here it is nowhere above both with its whole interval. By the line alone it is, "
            f"{by_line}."
        )
    surely = _stretches_text(curve.thresholds, is_surely)
    text = f"Here it is above both with its whole interval {surely}"
    return f"{text}." if surely == by_line else f"{text}; by the line alone, {by_line}."


def curve_label(title: str, curve: DecisionCurve) -> str:
    """Write the text alternative of the decision curve."""
    return (
        f"Net benefit of acting on {title}, on every film and on none, against the probability "
        f"from which on one acts. {useful_text(curve)}"
    )


def _stretches_text(
    thresholds: Float[np.ndarray, " points"], holds: Bool[np.ndarray, " points"]
) -> str:
    """Name the stretches of True: `from 20 % to 60 %`, or the longest of many."""
    edges = np.flatnonzero(np.diff(np.r_[False, holds, False].astype(np.int8)))
    stretches = list(zip(edges[::2], edges[1::2] - 1, strict=True))
    named = [
        f"at {prevalence_text(thresholds[first])}"
        if first == last
        else f"from {prevalence_text(thresholds[first])} to {prevalence_text(thresholds[last])}"
        for first, last in stretches
    ]
    if len(named) <= _STRETCHES_AT_MOST:
        return joined(named)
    longest = max(range(len(stretches)), key=lambda k: stretches[k][1] - stretches[k][0])
    return f"in {len(named)} stretches, the longest {named[longest]}"


_ABOUT_RIGHT = 1.25
"""Temperatures off 1 by no more than this factor make a difference that few would see, and that
few validation films make by chance."""

_CLEARLY_OFF = 2.0

_SAME = 0.02
"""Logarithms of a share's ratio to an equal share that nobody would see."""


def calibration_text(calibration: Calibration, films: int, repeats: int) -> str:
    """Say whether a probability can be taken at its word, against what chance does.

    Args:
        calibration: Of the probabilities.
        films: Test films.
        repeats: Heads that tested each film, over which its probability is averaged.
    """
    after = calibration.after
    error, chance = after.calibration_error.value, after.error_by_chance
    beside = (
        f"On average it is off by {error:.3f}; with {films_text(films)}, probabilities that are "
        f"exactly right would be off by up to {chance:.3f} in 95 of 100 cohorts, by chance alone."
    )
    if not (math.isfinite(error) and math.isfinite(chance)):
        return "Whether a probability means what it says cannot be told from so few films."
    if error <= chance:
        return f"These films do not show that a calibrated probability is wrong. {beside}"
    averaged = (
        f" Each is averaged over the {repeats} heads that tested the film; averaging logarithms "
        "leaves it less timid than a plain mean would be, but not therefore right."
        if repeats > 1
        else ""
    )
    return f"No: a calibrated probability does not mean what it says. {beside}{averaged}"


def scaling_text(calibration: Calibration, calibrators: Sequence[Calibrator]) -> str:
    """Say what calibration found and did, and whether it helped.

    Args:
        calibration: Of the probabilities.
        calibrators: Of all heads that tested the films, at least one.
    """
    temperature = float(np.median([calibrator.temperature for calibrator in calibrators]))
    off = max(temperature, 1 / temperature)
    were = "about as sure as they should be"
    if off > _ABOUT_RIGHT:
        were = "too sure of themselves" if temperature > 1 else "too timid"
        were = were if off > _CLEARLY_OFF else f"somewhat {were}"
    who, many = "The heads were", f"median over {len(calibrators)} heads"
    if len(calibrators) == 1:
        who, many = "The head was", "one head"
        were = were.replace("themselves", "itself").replace("they", "it")
    is_mixed = any(np.any(np.abs(c.log_prior_ratio) > _SAME) for c in calibrators)
    prior = (
        " Training took all classes as equally common; the probabilities were brought back to "
        "the mixture of this cohort."
        if is_mixed
        else ""
    )
    return (
        f"{who} {were} (temperature {temperature:.2f}, {many}; 1 changes nothing).{prior} "
        f"{_change_text(calibration)}"
    )


def recalibration_text(recalibration: Recalibration | None) -> str:
    """Tell calibration slope and intercept, and how to read them; empty where unknown."""
    if recalibration is None:
        return ""
    intercept = (
        f"alibration intercept {signed_estimate(recalibration.intercept)}: below 0, "
        "probabilities are too high on the whole"
    )
    if recalibration.slope is None:
        return f"C{intercept}. No calibration slope fits best, as scores part the classes."
    slope = recalibration.slope
    return (
        f"Calibration slope {slope.value:.2f} {interval_text(slope.low, slope.high, 2)}: below 1, "
        f"probabilities are too extreme. C{intercept}."
    )


def signed_estimate(estimate: Estimate, *, scale: float = 1.0, digits: int = 2) -> str:
    """Write a figure that may be below 0, and its interval, each with its sign."""
    value, low, high = (
        signed_text(scale * part, digits, is_zero_signed=False)
        for part in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def net_benefit_text(net_benefit: NetBenefit | None) -> str:
    """Say what the calls of an operating point are worth beside acting on all or none."""
    if net_benefit is None:
        return ""
    over_all, model = (
        signed_estimate(figure, scale=100, digits=1)
        for figure in (net_benefit.over_all, net_benefit.model)
    )
    return (
        f"At the operating point, with the price of a probability of "
        f"{probability_text(net_benefit.threshold)}, the calls have a net benefit of {model} "
        f"films found per 100: {over_all} against acting on every film."
    )


def mixture_text(prevalence: float, positive: str) -> str:
    """Say for which films the probabilities hold."""
    return (
        f"The probabilities hold where {prevalence_text(prevalence)} of the films are "
        f"{positive}, as here. Where fewer are, each is too high."
    )


def reliability_label(title: str, calibration: Calibration) -> str:
    """Write the text alternative of the reliability diagram."""
    before, after = (
        metric_text("calibration_error", figures.calibration_error)
        for figures in (calibration.before, calibration.after)
    )
    return (
        f"Reliability of {title}: share of positive films against the probability said. "
        f"Calibration error {before} as scored, {after} calibrated."
    )


def _change_text(calibration: Calibration) -> str:
    before, after = (
        f"{figures.brier_score.value:.3f}" for figures in (calibration.before, calibration.after)
    )
    if before == after:
        return f"All this left the Brier score at {after}; 0 is perfect."
    if after < before:
        return f"Calibrated, the Brier score fell from {before} to {after}; 0 is perfect."
    return (
        f"Calibration did not help here: the Brier score rose from {before} to {after}; 0 is "
        "perfect."
    )


_WIDTH_INCH = 5.0
_PANEL_INCH = 1.78
_ACTING_FROM = (0.1, 0.25, 0.5, 0.75, 0.9)

_PRICES = ("9", "3", "1", "⅓", "⅑")
"""False alarms that are accepted for one find by a reader who acts from those probabilities on."""

_BAND_OPACITY = 0.2


@dataclass(frozen=True)
class ReliabilityFigure:
    """What was said against what came, before and after calibration.

    Attributes:
        title: Of the backbone, or of the choice among several.
        calibration: Of the same.
    """

    title: str
    calibration: Calibration

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""
        return f"Reliability diagram, {self.title}"

    def frame(self) -> dict[str, list[Any]]:
        """List the bins of both panels."""
        before, after = self.calibration.before.reliability, self.calibration.after.reliability
        n_before, n_after = len(before.probability), len(after.probability)
        return {
            "probabilities": ["as scored"] * n_before + ["calibrated"] * n_after,
            "probability": [*before.probability.tolist(), *after.probability.tolist()],
            "share_positive": [*before.share_positive.tolist(), *after.share_positive.tolist()],
            "low": [*before.low.tolist(), *after.low.tolist()],
            "high": [*before.high.tolist(), *after.high.tolist()],
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        bottom, top, left, gap = 0.55, 0.78, 0.76, 0.42
        figure = new_figure(_WIDTH_INCH, bottom + _PANEL_INCH + top, figure)
        panels = (
            ("As scored", self.calibration.before, "s", palette.VALIDATION),
            ("Calibrated", self.calibration.after, "o", palette.SERIES[0]),
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
        _write_heading(figure, f"Reliability · {shortened(self.title)}")
        return figure


def _draw_bins(axes: Axes, figures: CalibrationFigures, marker: str, colour: str) -> None:
    """Draw one panel: a dot and its interval for each bin, and where the dots should lie."""
    from matplotlib.ticker import PercentFormatter

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


@dataclass(frozen=True)
class DecisionCurveFigure:
    """The net benefit of acting on the model, beside acting on all films and on none.

    Attributes:
        title: Of the backbone, or of the choice among several.
        curve: Of the same.
    """

    title: str
    curve: DecisionCurve

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""
        return f"Decision curve, {self.title}"

    def frame(self) -> dict[str, list[Any]]:
        """List the net benefit at every threshold."""
        names = ("model", "low", "high", "act_on_all")
        return {"threshold": self.curve.thresholds.tolist()} | {
            name: getattr(self.curve, name).tolist() for name in names
        }

    @svg.drawing_style()
    def plot(self, figure: Figure | None = None) -> Figure:
        """Draw it; see `Picture`."""
        curve = self.curve
        bottom, top = 1.62, 0.78
        figure = new_figure(_WIDTH_INCH, bottom + 2.5 + top, figure)
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
            [
                f"{percent_text(p, 0)}\n{price}"
                for p, price in zip(_ACTING_FROM, _PRICES, strict=True)
            ],
        )
        axes.set_xlabel(
            "Acting from this probability on\nbelow: false alarms accepted for one find"
        )
        axes.set_title(
            "Net benefit, positives found per 100 films", fontsize=10, fontweight="normal"
        )
        axes.title.set_x(-0.07)
        height = float(figure.get_size_inches()[1])
        figure.legend(
            loc="lower left", bbox_to_anchor=(0.04, 0.04 / height), borderaxespad=0.0,
            fontsize=9, handlelength=3.4,
        )  # fmt: skip
        _write_heading(figure, f"Decision curve · {shortened(self.title)}")
        return figure


def _write_heading(figure: Figure, heading: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(
        0.08 / width, 1 - 0.25 / height, heading,
        fontsize=heading_size(heading, at_most=int(9.5 * width)), fontweight="bold",
    )  # fmt: skip


_METRICS = ("sensitivity", "specificity", "accuracy")
_CALIBRATION = ("brier_score", "calibration_error")


@dataclass(frozen=True)
class RuleRow:
    """One way to turn scores into calls, and what came of it on the test films."""

    title: str
    aside: str
    cells: tuple[Cell, ...]
    missed: str
    alarms: str


@dataclass(frozen=True)
class CalibrationRow:
    """One figure of the probabilities, before and after calibration, with intervals."""

    title: str
    before: str
    before_interval: str
    after: str
    after_interval: str


@dataclass(frozen=True)
class OtherRow:
    """One backbone, or the average of all, in short; brackets hold intervals."""

    title: str
    is_verified: bool
    threshold: str
    shares: tuple[tuple[str, str], ...]
    brier_scores: str
    calibration_errors: str


@section("decisions", place=50)
def view_decisions(comparison: Comparison, figures: Mapping[str, str]) -> dict[str, Any] | None:
    """Put into words, rows and pictures what scores are worth once something is decided by them.

    Args:
        comparison: A finished study with at least one backbone.
        figures: SVG documents; `reliability-…` and `decision-curve-…` of those that are told of
            are shown where they are among them.

    Returns:
        What `decisions.html.j2` asks for; None where no validation films were kept apart,
        so that nothing could be chosen on them.
    """
    quoted = find_quoted(comparison)
    decisions, evaluation = quoted.decisions, quoted.evaluation
    if decisions is None:
        return None
    positive, repeats = comparison.positive, comparison.recipe.repeats
    point, title = decisions.operating_point, quoted.title
    of_members = [m.decisions for m in quoted.members if m.decisions is not None]
    calibrators = [calibrator for of_one in of_members for calibrator in of_one.calibrators]
    thresholds = [float(value) for of_one in of_members for value in of_one.thresholds]
    start, rules = _rules(decisions, evaluation, positive, len(thresholds))
    return {
        "title": title,
        "is_verified": quoted.is_verified,
        "is_pick": quoted.is_pick,
        "why": WHY_CHOSEN_ANEW if quoted.is_pick else "",
        "operating": operating_text(point, positive, len(thresholds), repeats),
        "thresholds": thresholds_text(point, positive, thresholds, repeats),
        "outcome": outcome_text(point, positive),
        "promised": promised_text(point, positive),
        "metrics": [metric_title(metric) for metric in _compared(evaluation)],
        "rules": rules,
        "start": start,
        "calibration": calibration_text(decisions.calibration, len(evaluation.films), repeats),
        "scaling": scaling_text(decisions.calibration, calibrators),
        "recalibration": recalibration_text(decisions.calibration.after.recalibration),
        "net_benefit": net_benefit_text(decisions.net_benefit),
        "mixture": mixture_text(decisions.decision_curve.prevalence, positive),
        "calibration_rows": _calibration_rows(decisions),
        "chance": f"{decisions.calibration.after.error_by_chance:.3f}",
        "reliability": inline_figure(
            figures,
            "reliability",
            quoted.stem,
            reliability_label(title, decisions.calibration),
        ),
        "prevalences": [make_row(values, point) for values in decisions.predictive_values],
        "slider": make_slider(decisions.predictive_values, point),
        "reading": READING_THE_CURVE,
        "useful": useful_text(decisions.decision_curve),
        "curve": inline_figure(
            figures,
            "decision-curve",
            quoted.stem,
            curve_label(title, decisions.decision_curve),
        ),
        "others": list(_others(comparison, quoted)),
    }


def _compared(evaluation: Evaluation) -> tuple[str, ...]:
    """Name the figures that both rules have.

    The accuracy of calls among more than two classes is no accuracy of one against the rest.
    """
    return _METRICS if evaluation.scores.shape[1] == 2 else _METRICS[:2]


def _rules(
    decisions: Decisions, evaluation: Evaluation, positive: str, heads: int
) -> tuple[float, tuple[RuleRow, ...]]:
    """Set the threshold beside the highest score; and tell where their bars begin."""
    point, metrics = decisions.operating_point, _compared(evaluation)
    chosen = {
        "sensitivity": point.sensitivity,
        "specificity": point.specificity,
        "accuracy": point.accuracy,
    }
    pairs = [(chosen[metric], evaluation.metrics[metric]) for metric in metrics]
    start = tenth_below([e.low for pair in pairs for e in pair if math.isfinite(e.low)])
    highest = (
        "score of 0.5 or more"
        if evaluation.scores.shape[1] == 2
        else f"{positive} where no class has more"
    )

    def row(title: str, aside: str, number: int, confusion: Confusion) -> RuleRow:
        return RuleRow(
            title=title,
            aside=aside,
            cells=tuple(
                make_cell(metric, pair[number], start)
                for metric, pair in zip(metrics, pairs, strict=True)
            ),
            missed=f"{confusion.fn:,} of {confusion.tp + confusion.fn:,}",
            alarms=f"{confusion.fp:,} of {confusion.tn + confusion.fp:,}",
        )

    return start, (
        row(
            "Threshold from validation films",
            threshold_aside(point, heads),
            0,
            point.confusion,
        ),
        row("Highest score", highest, 1, evaluation.confusion),
    )


def _calibration_rows(decisions: Decisions) -> tuple[CalibrationRow, ...]:
    before, after = decisions.calibration.before, decisions.calibration.after
    return tuple(
        CalibrationRow(
            title=metric_title(metric),
            before=metric_value(metric, getattr(before, metric).value),
            before_interval=metric_interval(metric, getattr(before, metric)),
            after=metric_value(metric, getattr(after, metric).value),
            after_interval=metric_interval(metric, getattr(after, metric)),
        )
        for metric in _CALIBRATION
    )


def _others(comparison: Comparison, quoted: Quoted) -> Iterator[OtherRow]:
    """Write a row for the average of all backbones, and for each but the one told of."""
    ensemble = comparison.ensemble
    if ensemble is not None and ensemble.decisions is not None:
        yield _other(ensemble_title(ensemble), True, ensemble.decisions)
    for result in comparison.backbones:
        if result.decisions is not None and (quoted.is_pick or result.name != quoted.stem):
            yield _other(result.title, result.weights.is_verified, result.decisions)


def _other(title: str, is_verified: bool, decisions: Decisions) -> OtherRow:
    point, calibration = decisions.operating_point, decisions.calibration

    def change(metric: str) -> str:
        pair: tuple[Estimate, Estimate] = (
            getattr(calibration.before, metric), getattr(calibration.after, metric),
        )  # fmt: skip
        return " → ".join(metric_value(metric, estimate.value) for estimate in pair)

    return OtherRow(
        title=title,
        is_verified=is_verified,
        threshold=probability_text(point.threshold),
        shares=tuple(
            (metric_value(metric, estimate.value), metric_interval(metric, estimate))
            for metric, estimate in (
                ("sensitivity", point.sensitivity),
                ("specificity", point.specificity),
            )
        ),
        brier_scores=change("brier_score"),
        calibration_errors=change("calibration_error"),
    )

"""What the section "From a score to a decision" says, for a reader who sees patients."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool

from hilum.evaluation.decisions import (
    Calibration,
    DecisionCurve,
    Decisions,
    OperatingPoint,
    OperatingPolicy,
)
from hilum.report.formatting import films_text, metric_text, metric_value
from hilum.report.prevalence_view import prevalence_text
from hilum.report.wording import UNVERIFIED_MARK

_ABOUT_RIGHT = (0.95, 1.05)
"""Temperatures between which nobody would see a difference in the probabilities."""
_DIGITS_AT_MOST = 7
_SAME = 0.02
"""Logarithms of a share's ratio to an equal share that nobody would see."""
READING_THE_CURVE = (
    "Net benefit counts the positive films found, less the false alarms, each at the price that "
    "the threshold sets: who acts from 10 % on accepts nine false alarms for one find.",
    "Acting on the model is worth it where its line lies above both others, acting on every film "
    "and acting on none.",
)


def aim_text(policy: OperatingPolicy, positive: str) -> str:
    """Say what the threshold is to reach, to follow "chosen on validation films"."""
    match policy.kind:
        case "sensitivity":
            return f"so as to find {_percent(policy.target)} of new {positive} films"
        case "specificity":
            return f"so as to spare {_percent(policy.target)} of new films that are not {positive}"
        case _:
            return "where sensitivity and specificity together were largest (Youden)"


def operating_text(point: OperatingPoint, positive: str, heads: int) -> str:
    """Say from where on a film is called, and how that was chosen."""
    text = (
        f"a film is called {positive} from a probability of "
        f"{probability_text(point.threshold)} on. That threshold was chosen on validation films "
        f"alone, {aim_text(point.policy, positive)}"
    )
    if heads == 1 or not math.isfinite(point.threshold_sd):
        return f"{text}; no test film had a say."
    return (
        f"{text}; no test film had a say. It is the mean over {heads} heads, whose own "
        f"thresholds have a standard deviation of {point.threshold_sd:.2f}."
    )


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
    aimed = "" if point.policy.target is None else f", not the {_percent(point.policy.target)}"
    return (
        f"A head has about {side} to choose its threshold by. With so few, it can promise "
        f"{metric_value('sensitivity', point.promised)} of new films on average{aimed}."
    )


def probability_text(probability: float) -> str:
    """Write a probability so that it is neither 0 nor 1 unless it is: `0.31`, `0.004`."""
    distance = min(probability, 1 - probability)
    digits = 2 if distance <= 0 else max(2, math.ceil(-math.log10(distance)))
    return f"{probability:.{min(digits, _DIGITS_AT_MOST)}f}"


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
        f" Each is the mean over {repeats} heads that tested the film, and a mean is more timid "
        "than its parts."
        if repeats > 1
        else ""
    )
    return f"No: a calibrated probability does not mean what it says. {beside}{averaged}"


def scaling_text(decisions: Decisions) -> str:
    """Say what temperature scaling found, and what it changed."""
    temperatures = [calibrator.temperature for calibrator in decisions.calibrators]
    middle = float(np.median(temperatures)) if temperatures else math.nan
    lowest, highest = _ABOUT_RIGHT
    were = "about as sure as they should be"
    if not lowest <= middle <= highest:
        were = "too sure of themselves" if middle > highest else "too timid"
    who, many = "The heads were", f"median over {len(temperatures)} heads"
    if len(temperatures) == 1:
        who, many = "The head was", "one head"
        were = were.replace("themselves", "itself").replace("they", "it")
    is_mixed = any(np.any(np.abs(c.log_prior_ratio) > _SAME) for c in decisions.calibrators)
    prior = (
        " Training took all classes as equally common; the probabilities were brought back to "
        "the mixture of this cohort."
        if is_mixed
        else ""
    )
    return (
        f"{who} {were} (temperature {middle:.2f}, {many}; 1 changes nothing).{prior} "
        f"{_change_text(decisions.calibration)}"
    )


def mixture_text(prevalence: float, positive: str) -> str:
    """Say for which films the probabilities hold."""
    return (
        f"The probabilities hold where {prevalence_text(prevalence)} of the films are "
        f"{positive}, as here. Where fewer are, each is too high."
    )


def useful_text(curve: DecisionCurve) -> str:
    """Say between which thresholds acting on the model is better than not."""
    model = curve.model
    above = _longest_run(np.isfinite(model) & (model > np.fmax(curve.act_on_all, 0.0)))
    if above is None:
        return "Here it is nowhere above both."
    first, last = (curve.thresholds[k] for k in above)
    return f"Here it is above both from {_percent(first)} to {_percent(last)}."


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


def curve_label(title: str, curve: DecisionCurve) -> str:
    """Write the text alternative of the decision curve."""
    return (
        f"Net benefit of acting on {title}, on every film and on none, against the probability "
        f"from which on one acts. {useful_text(curve)}"
    )


def short_title(title: str) -> str:
    """Write a backbone's title for a sentence that says of its weights what is to be said."""
    return title.removesuffix(UNVERIFIED_MARK)


def _change_text(calibration: Calibration) -> str:
    before, after = (
        f"{figures.brier_score.value:.3f}" for figures in (calibration.before, calibration.after)
    )
    if before == after:
        return f"The Brier score stayed at {after}."
    verb = "fell" if after < before else "rose"
    return f"The Brier score {verb} from {before} to {after}; 0 is perfect."


def _longest_run(holds: Bool[np.ndarray, " points"]) -> tuple[int, int] | None:
    """Find the first and the last place of the longest stretch of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, holds, False].astype(np.int8)))
    if not edges.size:
        return None
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest]) - 1


def _percent(share: float | None) -> str:
    """Write a round share: `95 %`, `97.5 %`."""
    return "all" if share is None else f"{100 * share:.3g} %"

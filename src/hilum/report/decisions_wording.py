"""What the section "From a score to a decision" says of calls, for a reader who sees patients.

What it says of probabilities stands in `calibration_wording`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from hilum.evaluation.decisions import DecisionCurve, OperatingPoint, OperatingPolicy
from hilum.report.formatting import NOT_DEFINED, films_text, metric_value
from hilum.report.prevalence_view import prevalence_text
from hilum.report.wording import joined

_LEAST_PROBABILITY = 1e-7
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


def probability_text(probability: float) -> str:
    """Write a probability so that it is neither 0 nor 1 unless it is: `0.31`, `0.004`."""
    if math.isnan(probability):
        return NOT_DEFINED
    if probability > 1:  # a threshold that no film can reach
        return "more than 1"
    distance = min(probability, 1 - probability)
    if 0 < distance < _LEAST_PROBABILITY:
        return f"< {_LEAST_PROBABILITY:.7f}" if probability < 0.5 else "> 0.9999999"
    digits = 2 if distance <= 0 else max(2, math.ceil(-math.log10(distance)))
    return f"{probability:.{digits}f}"


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

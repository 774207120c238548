"""What a call means where the disease is rarer or more common: a table, and a slider.

The slider's script gets no probabilities but odds. On the scale of log odds, both
predictive values and their bounds move with the prevalence by its own log odds and
by nothing else: so the odds where half of the films are positive are all that the
script needs to give, for any prevalence, what the table gives for a few.

Source: Mercaldo, Lau and Zhou (2007), Statistics in Medicine 26:2170-2183.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hilum.evaluation import Estimate, OperatingPoint, PredictiveValues
from hilum.wording import (
    NOT_DEFINED,
    fine_percents,
    prevalence_text,
)

LOWEST, HIGHEST = 0.001, 0.5

STEPS = 54
"""The slider goes from the lowest to the highest prevalence in equal ratios, 20 for a factor
of 10: so no two places of it are written alike."""

_TICKS = (0.001, 0.01, 0.1, 0.5)

_FILMS = ((0.1, 1_000), (0.01, 10_000), (0.0, 100_000))
"""From which prevalence on how many films are counted: 100 positive ones at the least, so that
rounding does not make nearly all of them all."""

_FARTHEST = 1e-6
"""Nearer to 0 or 1 than this, a prevalence says nothing that could be moved to another one."""


@dataclass(frozen=True)
class Counts:
    """The same in films, rounded: how people think of risks."""

    films: int
    positives: int
    found: int
    alarms: int

    @property
    def calls(self) -> int:
        """Films that are called positive."""
        return self.found + self.alarms


@dataclass(frozen=True)
class PrevalenceRow:
    """One prevalence of the table, written out."""

    prevalence: str
    is_of_cohort: bool
    ppv: str
    ppv_interval: str
    npv: str
    npv_interval: str
    counts: Counts | None


@dataclass(frozen=True)
class Slider:
    """Where the slider starts, and what its script needs.

    Attributes:
        step: Where it starts, from 0.
        steps: Of the whole slider.
        row: What stands there at the start.
        sensitivity: Share of the positive films that are called, as a literal.
        specificity: Share of the others that are not, as a literal.
        ppv_odds: Odds of being right when called, where half of the films are positive:
            lower bound, value, upper bound, as literals.
        npv_odds: Odds of being right when not called, likewise.
        ticks: Written prevalences, and how far along the slider they lie, 0 to 1.
    """

    step: int
    steps: int
    row: PrevalenceRow
    sensitivity: str
    specificity: str
    ppv_odds: str
    npv_odds: str
    ticks: tuple[tuple[str, float], ...]


def make_row(values: PredictiveValues, point: OperatingPoint) -> PrevalenceRow:
    """Write out what a call means at one prevalence."""
    n_positive = point.confusion.tp + point.confusion.fn
    n_films = n_positive + point.confusion.tn + point.confusion.fp
    return PrevalenceRow(
        prevalence=prevalence_text(values.prevalence),
        is_of_cohort=bool(n_films) and math.isclose(values.prevalence, n_positive / n_films),
        ppv=_value(values.ppv),
        ppv_interval=_interval(values.ppv),
        npv=_value(values.npv),
        npv_interval=_interval(values.npv),
        counts=count_films(values.prevalence, point),
    )


def make_slider(
    values: Sequence[PredictiveValues], point: OperatingPoint, start: float = 0.01
) -> Slider | None:
    """Prepare the slider.

    Args:
        values: Predictive values of the calls, at one prevalence at least.
        point: The calls.
        start: Prevalence at which the slider is to stand, as nearly as it can.

    Returns:
        None where nothing follows: sensitivity or specificity are not known, or there is no
        prevalence to start from.
    """
    known = (point.sensitivity.value, point.specificity.value)
    usable = [v for v in values if _FARTHEST <= v.prevalence <= 1 - _FARTHEST]
    if not usable or not all(map(math.isfinite, known)):
        return None
    base = min(usable, key=lambda v: abs(v.prevalence - 0.5))  # far off, bounds lose digits
    step = nearest_step(start)
    half = shifted(base, 0.5)
    return Slider(
        step=step,
        steps=STEPS,
        row=make_row(shifted(base, prevalence_of_step(step)), point),
        sensitivity=_literal(known[0]),
        specificity=_literal(known[1]),
        ppv_odds=_odds(half.ppv),
        npv_odds=_odds(half.npv),
        ticks=tuple((prevalence_text(p), _place(p)) for p in _TICKS),
    )


def shifted(values: PredictiveValues, prevalence: float) -> PredictiveValues:
    """Give predictive values for another prevalence, from those for one.

    Args:
        values: For a prevalence between 0 and 1, both excluded.
        prevalence: The other one, likewise.
    """
    ratio = _odds_of(prevalence) / _odds_of(values.prevalence)
    return PredictiveValues(
        prevalence, ppv=_moved(values.ppv, ratio), npv=_moved(values.npv, 1 / ratio)
    )


def prevalence_of_step(step: int) -> float:
    """Tell the prevalence at one place of the slider, to two digits."""
    return float(f"{LOWEST * (HIGHEST / LOWEST) ** (step / STEPS):.1e}")


def nearest_step(prevalence: float) -> int:
    """Find the place of the slider that is nearest to a prevalence."""
    return round(STEPS * _place(min(max(prevalence, LOWEST), HIGHEST)))


def count_films(prevalence: float, point: OperatingPoint) -> Counts | None:
    """Put sensitivity and specificity into so many films; None where they are not known."""
    sensitivity, specificity = point.sensitivity.value, point.specificity.value
    if not (math.isfinite(sensitivity) and math.isfinite(specificity)):
        return None
    films = next(films for least, films in _FILMS if prevalence >= least)
    positives = _rounded(films * prevalence)
    return Counts(
        films=films,
        positives=positives,
        found=_rounded(sensitivity * positives),
        alarms=_rounded((1 - specificity) * (films - positives)),
    )


def _value(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return NOT_DEFINED
    return f"{fine_percents(estimate.value)[0]} %"


def _interval(estimate: Estimate) -> str:
    if not all(map(math.isfinite, (estimate.value, estimate.low, estimate.high))):
        return ""
    low, high = fine_percents(estimate.low, estimate.high)
    return f"[{low}, {high}]"


def _place(prevalence: float) -> float:
    return math.log(prevalence / LOWEST) / math.log(HIGHEST / LOWEST)


def _rounded(number: float) -> int:
    """Round halves up, as the script does."""
    return math.floor(number + 0.5)


def _odds_of(share: float) -> float:
    return share / (1 - share) if share != 1 else math.inf


def _moved(estimate: Estimate, ratio: float) -> Estimate:
    value, low, high = (
        1 / (1 + 1 / (ratio * odds)) if odds else odds
        for odds in map(_odds_of, (estimate.value, estimate.low, estimate.high))
    )
    return Estimate(value, low, high, estimate.method)


def _odds(estimate: Estimate) -> str:
    shares = (estimate.low, estimate.value, estimate.high)
    return " ".join(_literal(_odds_of(share)) for share in shares)


def _literal(number: float) -> str:
    """Write a number as the script reads it."""
    if math.isinf(number):
        return "Infinity"
    return "NaN" if math.isnan(number) else repr(float(number))

"""What the section "From a score to a decision" says of probabilities, and of what mended them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hilum.evaluation.decisions import Calibration, Calibrator
from hilum.report.formatting import films_text, metric_text
from hilum.report.prevalence_view import prevalence_text

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

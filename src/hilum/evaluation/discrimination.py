"""How well a score ranks positive films above the others: AUROC and its curve.

The AUROC is the chance that a positive film drawn at random scores higher than
another film drawn at random, a tie counting one half. Only the order of scores
matters, never their size, so it says nothing about calibration.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.errors import NoTrialsError
from hilum.evaluation.results import RocCurve


def auroc_score(
    is_positive: Bool[np.ndarray, " films"], y_score: Float[np.ndarray, " films"]
) -> float:
    """Say how often a positive film outranks another one.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film; higher means more likely positive.

    Returns:
        Between 0 and 1; 0.5 is what a coin gets.

    Raises:
        NoTrialsError: One of the two sides has no film.

    Source: Hanley and McNeil (1982), Radiology 143:29-36.
    """
    return float(place_positives(is_positive, y_score).mean())


def place_positives(
    is_positive: Bool[np.ndarray, " films"], y_score: Float[np.ndarray, " films"]
) -> Float[np.ndarray, " positives"]:
    """Say for each positive film which share of the other films it outranks.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film.

    Returns:
        One fraction per positive film, in the order of the films; a tie counts
        one half. The mean is the AUROC.

    Raises:
        NoTrialsError: One of the two sides has no film.
    """
    positives, others = _divide(is_positive, y_score)
    others = np.sort(others)
    outranked = np.searchsorted(others, positives, side="left")
    not_above = np.searchsorted(others, positives, side="right")
    return np.asarray((outranked + not_above) / (2 * len(others)), dtype=np.float64)


def weighted_auroc_scores(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    weights: Float[np.ndarray, "films resamples"],
) -> Float[np.ndarray, " resamples"]:
    """Compute the AUROC of many resamples of the same films at once.

    The films are sorted once; each resample then costs one running sum.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film.
        weights: How often each film stands in each resample.

    Returns:
        One AUROC per resample. NaN where a resample lacks one of the two sides.

    Raises:
        NoTrialsError: One of the two sides has no film at all.
    """
    positives, others = _divide(is_positive, y_score)
    order = np.argsort(others, kind="stable")
    others = others[order]
    other_weights = weights[np.flatnonzero(~is_positive)[order]]
    running = np.zeros((len(others) + 1, weights.shape[1]))
    np.cumsum(other_weights, axis=0, out=running[1:])

    outranked = np.searchsorted(others, positives, side="left")
    not_above = np.searchsorted(others, positives, side="right")
    positive_weights = weights[is_positive]
    wins = np.einsum("ij,ij->j", positive_weights, running[outranked])
    is_tied = not_above > outranked
    wins += 0.5 * np.einsum(
        "ij,ij->j",
        positive_weights[is_tied],
        running[not_above[is_tied]] - running[outranked[is_tied]],
    )
    pairs = positive_weights.sum(axis=0) * running[-1]
    aurocs = np.full(len(pairs), np.nan)
    np.divide(wins, pairs, out=aurocs, where=pairs > 0)
    return aurocs


def trace_roc(
    is_positive: Bool[np.ndarray, " films"], y_score: Float[np.ndarray, " films"]
) -> RocCurve:
    """Trace what every possible threshold would find and what it would cost.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film; tied films cross the threshold together.

    Returns:
        The curve from (0, 0) to (1, 1). Points within a straight run are left
        out: they change neither the picture nor the area.

    Raises:
        NoTrialsError: One of the two sides has no film.

    Source: Fawcett (2006), Pattern Recognition Letters 27:861-874.
    """
    positives, others = _divide(is_positive, y_score)
    descending = np.argsort(-y_score, kind="stable")
    is_last_of_tie = np.append(np.diff(y_score[descending]) != 0, True)
    found = _from_zero(np.cumsum(is_positive[descending])[is_last_of_tie])
    alarmed = _from_zero(np.cumsum(~is_positive[descending])[is_last_of_tie])

    is_corner = np.diff(found)[1:] * np.diff(alarmed)[:-1] != (
        np.diff(found)[:-1] * np.diff(alarmed)[1:]
    )
    kept = np.concatenate(([True], is_corner, [True]))
    return RocCurve(
        false_positive_rate=alarmed[kept] / len(others),
        true_positive_rate=found[kept] / len(positives),
    )


def _from_zero(counts: Int[np.ndarray, " steps"]) -> Int[np.ndarray, " points"]:
    return np.concatenate(([0], counts))


def _divide(
    is_positive: Bool[np.ndarray, " films"], y_score: Float[np.ndarray, " films"]
) -> tuple[Float[np.ndarray, " positives"], Float[np.ndarray, " others"]]:
    if not np.all(np.isfinite(y_score)):
        raise ValueError("y_score must be finite: NaN and infinity cannot be ranked")
    positives, others = y_score[is_positive], y_score[~is_positive]
    if len(positives) == 0 or len(others) == 0:
        raise NoTrialsError(
            f"An AUROC compares positive films with others, and there are {len(positives)} "
            f"and {len(others)}.",
            fix="Make sure that every class has at least one tested film.",
        )
    return positives, others

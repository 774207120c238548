"""How pure the films are that a score puts first: average precision.

Go down the films from the highest score. At each positive film, note which share of
the films so far are positive; the mean of these shares is the average precision. Unlike
the AUROC it depends on how common the positive class is: a score that knows nothing gets
about the share of positive films.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from hilum.errors import NoTrialsError


def weighted_average_precision_scores(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    weights: Float[np.ndarray, "films resamples"],
) -> Float[np.ndarray, " resamples"]:
    """Compute the average precision of many resamples of the same films at once.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film; films that tie are passed together.
        weights: How often each film stands in each resample.

    Returns:
        One average precision per resample, between 0 and 1. NaN where a resample lacks
        positive films.

    Raises:
        NoTrialsError: One of the two sides has no film at all.

    Source: the step-wise sum over recall; Boyd, Eng and Page (2013), ECML PKDD,
    Lecture Notes in Computer Science 8190:451-466, call it average precision.
    """
    weight, found, alarmed = _pass_films(is_positive, y_score, weights)
    return _average(weight, found, alarmed)


def resampled_average_precision(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    weights: Float[np.ndarray, "films resamples"],
) -> Float[np.ndarray, " resamples"]:
    """Compute what average precision a new cohort, mixed like this one, might have had.

    Two things set it apart from `weighted_average_precision_scores`. Positive films keep
    their share of the cohort in each resample, as the figure is meant for that share. And
    films drawn twice are passed one after the other: no new cohort would hold them tied,
    and ties flatter.

    Args:
        is_positive: Which films are of the positive class.
        y_score: Score of each film.
        weights: How often each film stands in each resample, in whole numbers.

    Returns:
        One average precision per resample. NaN where a resample lacks one of the sides.

    Raises:
        NoTrialsError: One of the two sides has no film at all.
    """
    weight, found, alarmed = _pass_films(is_positive, y_score, weights)
    positives = weight.sum(axis=0)
    others = weights.sum(axis=0) - positives
    share = is_positive.sum() / np.sum(~is_positive)
    rescale = np.full(len(positives), np.nan)
    np.divide(positives, share * others, out=rescale, where=(positives > 0) & (others > 0))
    found -= np.maximum(weight - 1, 0) / 2
    alarmed *= rescale
    return _average(weight, found, alarmed)


def _average(
    weight: Float[np.ndarray, "positives resamples"],
    found: Float[np.ndarray, "positives resamples"],
    alarmed: Float[np.ndarray, "positives resamples"],
) -> Float[np.ndarray, " resamples"]:
    """Average the precision at each positive film over the positive films."""
    # A film that is not in a resample may be the first, with nothing found: 0 of 1.
    passed = found + alarmed
    passed[passed == 0] = 1
    precision = np.divide(found, passed, out=passed)
    positives = weight.sum(axis=0)
    averages = np.full(len(positives), np.nan)
    np.divide(
        np.einsum("ij,ij->j", weight, precision), positives, out=averages, where=positives > 0
    )
    return averages


def _pass_films(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    weights: Float[np.ndarray, "films resamples"],
) -> tuple[
    Float[np.ndarray, "positives resamples"],
    Float[np.ndarray, "positives resamples"],
    Float[np.ndarray, "positives resamples"],
]:
    """Per positive film, highest score first: its weight, and both sides down to its score."""
    if not np.all(np.isfinite(y_score)):
        raise ValueError("y_score must be finite: NaN and infinity cannot be ranked")
    positives, others = np.flatnonzero(is_positive), np.flatnonzero(~is_positive)
    if len(positives) == 0 or len(others) == 0:
        raise NoTrialsError(
            "Average precision sets positive films against others, and there are "
            f"{len(positives)} and {len(others)}.",
            fix="Make sure that every class has at least one tested film.",
        )
    positives = positives[np.argsort(-y_score[positives], kind="stable")]
    others = others[np.argsort(-y_score[others], kind="stable")]
    weight = weights[positives]
    running = np.zeros((len(others) + 1, weights.shape[1]))
    np.cumsum(weights[others], axis=0, out=running[1:])
    down_to = -y_score[positives]
    found = np.cumsum(weight, axis=0)[np.searchsorted(down_to, down_to, side="right") - 1]
    alarmed = running[np.searchsorted(-y_score[others], down_to, side="right")]
    return weight, found, alarmed

"""Scored films for tests and simulations, from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.scored_films import HeadScores, ScoredFilms
from hilum.folds.folds import Split


def score_films(
    is_positive: Bool[np.ndarray, " films"],
    y_score: Float[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"] | None = None,
    *,
    threshold: float = 0.5,
) -> ScoredFilms:
    """Score films of two classes; those above the threshold are called positive.

    Each film is a group of its own where no groups are given.
    """
    films = np.arange(len(is_positive))
    return ScoredFilms(
        films=films,
        y_true=is_positive.astype(np.int64),
        scores=np.stack([np.full(len(films), threshold), y_score.astype(np.float64)], axis=1),
        groups=films if groups is None else groups,
        positive=1,
    )


def score_heads(
    scores: Float[np.ndarray, "heads films classes"],
    y_true: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    groups: Int[np.ndarray, " films"] | None = None,
    *,
    positive: int = 1,
) -> HeadScores:
    """Put the scores of heads together; each film is a group of its own if not given."""
    alone = np.arange(len(y_true))
    return HeadScores(scores, y_true, splits, alone if groups is None else groups, positive)

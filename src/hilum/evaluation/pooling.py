"""From the scores of many heads to one score per film, out of fold only.

A head's scores for films that it was trained or chosen on are never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from hilum.cohort.splitting import Split


@dataclass(frozen=True)
class OutOfFold:
    """Scores for films that stood in the test part of the head that scored them.

    Attributes:
        films: Rows of the cohort that were tested at least once, ascending.
        scores: Probability of each class for each of `films`, averaged over the
            heads that tested it.
    """

    films: Int[np.ndarray, " tested"]
    scores: Float[np.ndarray, "tested classes"]

    @property
    def y_pred(self) -> Int[np.ndarray, " tested"]:
        """The class with the highest score; the first of them where classes tie."""
        return np.asarray(np.argmax(self.scores, axis=1), dtype=np.int64)


def pool_tested(
    scores: Float[np.ndarray, "heads films classes"], splits: Sequence[Split]
) -> OutOfFold:
    """Average each film's scores over the heads that tested it.

    Args:
        scores: Probability of each class for each film under each head.
        splits: Split h says which films head h tested.

    Returns:
        One row per film that was tested, however often it was.

    Raises:
        ValueError: There is not one split per head, or a score is not finite.
    """
    if len(scores) != len(splits):
        raise ValueError(f"need one split per head; got {len(scores)} heads, {len(splits)} splits")
    n_films, n_classes = scores.shape[1:]
    totals = np.zeros((n_films, n_classes))
    times_tested = np.zeros(n_films, dtype=np.int64)
    for head_scores, split in zip(scores, splits, strict=True):
        totals[split.test] += head_scores[split.test]
        times_tested[split.test] += 1
    films = np.flatnonzero(times_tested)
    means = totals[films] / times_tested[films, np.newaxis]
    if not np.all(np.isfinite(means)):
        raise ValueError("scores of tested films must be finite")
    return OutOfFold(films=films, scores=means)


def pool_each_repeat(
    scores: Float[np.ndarray, "heads films classes"], splits: Sequence[Split]
) -> tuple[OutOfFold, ...]:
    """Pool the folds of each repeat by themselves.

    Args:
        scores: Probability of each class for each film under each head.
        splits: Split h says which films head h tested, and in which repeat.

    Returns:
        One entry per repeat, in ascending order of repeats.

    Raises:
        ValueError: There is not one split per head, or a score is not finite.
    """
    if len(scores) != len(splits):
        raise ValueError(f"need one split per head; got {len(scores)} heads, {len(splits)} splits")
    pooled = []
    for repeat in sorted({split.repeat for split in splits}):
        heads = [head for head, split in enumerate(splits) if split.repeat == repeat]
        pooled.append(pool_tested(scores[heads], [splits[head] for head in heads]))
    return tuple(pooled)

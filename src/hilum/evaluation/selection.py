"""What choosing the best backbone is worth: chosen on validation films, judged on test films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from hilum.evaluation.results import SMALLEST_PROBABILITY
from hilum.evaluation.scored_films import HeadScores
from hilum.folds import Split


def pick_by_validation(
    backbones: Sequence[HeadScores], *, balances_classes: bool = True
) -> tuple[HeadScores, Int[np.ndarray, " films"]]:
    """Choose a backbone for every film by validation films, and take its scores.

    Evaluated on the same splits, the scores tell what choosing a backbone is worth: the
    films that test a choice had no say in it. The heads that tested a film in the several
    repeats choose together, so that one film is scored by one backbone: chosen head by head,
    averages over the repeats would mix backbones, and gain by that.

    Args:
        backbones: The scores of each one's heads, all of the same films and splits.
        balances_classes: Each class of the validation films weighs the same in the
            cross-entropy, however many films it has.

    Returns:
        Each head's scores for the films that it tested, NaN for all others; and for each
        film the place of its backbone in `backbones`, -1 where it was never tested. It is the
        one with the lowest cross-entropy on validation films, the first given of several.

    Raises:
        ValueError: There is no backbone, a validation score is not finite, or a split has no
            validation films apart from its test films.

    Source: Varma and Simon (2006), BMC Bioinformatics 7:91; Cawley and Talbot (2010),
    Journal of Machine Learning Research 11:2079-2107.
    """
    if not backbones:
        raise ValueError("there is no backbone to choose from")
    y, splits = backbones[0].y_true, backbones[0].splits
    stacked = np.stack([heads.scores for heads in backbones])
    losses = np.stack(
        [
            _validation_losses(stacked[:, head], y, split, balances_classes=balances_classes)
            for head, split in enumerate(splits)
        ]
    )
    totals = np.zeros((len(y), len(backbones)))
    is_tested = np.zeros(len(y), dtype=np.bool_)
    for of_head, split in zip(losses, splits, strict=True):
        totals[split.test] += of_head
        is_tested[split.test] = True
    chosen = np.where(is_tested, np.argmin(totals, axis=1), -1)
    picked = np.full(stacked.shape[1:], np.nan)
    for head, split in enumerate(splits):
        picked[head, split.test] = stacked[chosen[split.test], head, split.test]
    return replace(backbones[0], scores=picked), chosen


def _validation_losses(
    scores: Float[np.ndarray, "backbones films classes"],
    y: Int[np.ndarray, " films"],
    split: Split,
    *,
    balances_classes: bool,
) -> Float[np.ndarray, " backbones"]:
    """Compute the cross-entropy of each backbone's head on the validation films, in nats."""
    films = split.validation
    if not len(films) or np.isin(films, split.test).any():
        raise ValueError("a choice needs validation films apart from the test films")
    of_true_class = scores[:, films, y[films]].astype(np.float64)
    if not np.all(np.isfinite(of_true_class)):
        raise ValueError("scores of validation films must be finite")
    losses = -np.log(np.maximum(of_true_class, SMALLEST_PROBABILITY))
    weights = np.ones(len(films))
    if balances_classes:
        weights /= np.bincount(y[films])[y[films]]
    return np.asarray(np.average(losses, axis=1, weights=weights))

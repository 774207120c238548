"""Measuring baselines and the leak's worth: scores on the study's folds in, records out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from hilum.auditing.baselines import Baseline, BaselineName
from hilum.auditing.leaks import LeakWorth
from hilum.cohort.splitting import Split
from hilum.evaluation.folding import fold_inflation
from hilum.evaluation.pooling import OutOfFold, pool_tested
from hilum.evaluation.standing import measure_gain, stand_beside


def measure_baseline(
    name: BaselineName,
    scores: Float[np.ndarray, "heads rows classes"],
    model_scores: Float[np.ndarray, "heads films classes"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    positive: int,
    groups: Int[np.ndarray, " films"],
    rng: np.random.Generator,
    details: Mapping[str, float],
    seconds: float,
    kept: Int[np.ndarray, " kept"] | None = None,
    n_bootstraps: int = 2000,
) -> Baseline:
    """Set a baseline beside the model, on the films that both have tested.

    Args:
        name: Which baseline.
        scores: Its scores for each film under each head, from the same splits. Only the
            rows of a head's test films are read.
        model_scores: The model's, likewise.
        y: Class index of each film of the cohort.
        splits: Split h says which films head h tested.
        positive: Index of the positive class.
        groups: Group of each film of the cohort.
        rng: Where the resamples come from.
        details: Figures for the reader.
        seconds: What the scores cost.
        kept: Where the baseline exists for some films only: their rows, ascending.
            Row i of `scores` then belongs to film `kept[i]`, and its heads come from
            `splits_among(splits, kept)`. The model is judged on these films too.
        n_bootstraps: Resamples for the intervals.

    Raises:
        NoTrialsError: The positive class, or the rest, has no film here.
        ValueError: The scores do not fit the splits, or are not finite where tested.
    """
    if kept is None:
        pooled = pool_tested(scores, splits)
    else:
        among = pool_tested(scores, splits_among(splits, kept))
        pooled = replace(among, films=kept[among.films])
    films = pooled.films
    standing = stand_beside(
        y[films] == positive,
        pooled.scores[:, positive],
        _of_films(pool_tested(model_scores, splits), films)[:, positive],
        groups[films],
        rng=rng,
        n_bootstraps=n_bootstraps,
        inflation=fold_inflation(splits),
    )
    return Baseline(
        name=name,
        n_films=len(films),
        auroc=standing.baseline,
        model_auroc=standing.model,
        share=standing.share,
        p_below=standing.p_below,
        p_chance=standing.p_chance,
        details=details,
        seconds=seconds,
    )


def splits_among(splits: Sequence[Split], kept: Int[np.ndarray, " kept"]) -> tuple[Split, ...]:
    """Restrict splits to some films, whose rows are then counted among these.

    Args:
        splits: Of the whole cohort.
        kept: Rows of the cohort, ascending.

    Returns:
        As many splits, in the same order; a part may be empty.
    """

    def among(rows: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " kept_rows"]:
        return np.flatnonzero(np.isin(kept, rows))

    return tuple(
        replace(
            split,
            train=among(split.train),
            validation=among(split.validation),
            test=among(split.test),
        )
        for split in splits
    )


def weigh_leak(
    backbone: str,
    grouped_scores: Float[np.ndarray, "heads films classes"],
    grouped_splits: Sequence[Split],
    ungrouped_scores: Float[np.ndarray, "ungrouped_heads films classes"],
    ungrouped_splits: Sequence[Split],
    y: Int[np.ndarray, " films"],
    *,
    positive: int,
    groups: Int[np.ndarray, " films"],
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> LeakWorth:
    """Say what it gains to deal films out one by one, although some belong together.

    Args:
        backbone: Name of the backbone that was studied both ways.
        grouped_scores: Scores from splits that keep groups together.
        grouped_splits: Those splits.
        ungrouped_scores: Scores from splits that do not.
        ungrouped_splits: Those splits.
        y: Class index of each film.
        positive: Index of the positive class.
        groups: The true group of each film; whole groups are resampled.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film.
        ValueError: The scores do not fit the splits, or are not finite where tested.
    """
    grouped = pool_tested(grouped_scores, grouped_splits)
    ungrouped = pool_tested(ungrouped_scores, ungrouped_splits)
    films = np.intersect1d(grouped.films, ungrouped.films)
    gain = measure_gain(
        y[films] == positive,
        _of_films(grouped, films)[:, positive],
        _of_films(ungrouped, films)[:, positive],
        groups[films],
        rng=rng,
        n_bootstraps=n_bootstraps,
    )
    _, sizes = np.unique(groups, return_counts=True)
    return LeakWorth(
        backbone=backbone,
        n_films=int(sizes[sizes > 1].sum()),
        n_groups=int(np.sum(sizes > 1)),
        grouped=gain.before,
        ungrouped=gain.after,
        gain=gain.difference,
    )


def _of_films(
    pooled: OutOfFold, films: Int[np.ndarray, " wanted"]
) -> Float[np.ndarray, "wanted classes"]:
    """Pick the scores of some films, each of which was tested."""
    if not np.isin(films, pooled.films).all():
        raise ValueError("the model has not tested every film that the baseline has")
    return pooled.scores[np.searchsorted(pooled.films, films)]

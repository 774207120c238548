"""Measuring baselines and the leak's worth: scores on the study's folds in, records out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int

from hilum.auditing.baselines import Baseline, BaselineName
from hilum.auditing.leaks import LeakWorth
from hilum.cohort.splitting import Split
from hilum.evaluation.scored_films import HeadScores, ScoredFilms
from hilum.evaluation.standing import measure_gain, stand_beside


def measure_baseline(
    name: BaselineName,
    baseline: ScoredFilms,
    model: ScoredFilms,
    *,
    inflation: float,
    rng: np.random.Generator,
    details: Mapping[str, float],
    seconds: float,
    n_bootstraps: int = 2000,
) -> Baseline:
    """Set a baseline beside the model, on the films that the baseline has scored.

    Args:
        name: Which baseline.
        baseline: The films that it exists for, with its scores.
        model: These films and maybe more, with the model's scores.
        inflation: Of the study's folds; see `fold_inflation`.
        rng: Where the resamples come from.
        details: Figures for the reader.
        seconds: What the scores cost.
        n_bootstraps: Resamples for the intervals.

    Raises:
        NoTrialsError: The positive class, or the rest, has no film here.
        ValueError: The model has not scored every film that the baseline has.
    """
    standing = stand_beside(
        baseline,
        model.of(baseline.films),
        rng=rng,
        n_bootstraps=n_bootstraps,
        inflation=inflation,
    )
    return Baseline(
        name=name,
        n_films=len(baseline),
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
    grouped: HeadScores,
    ungrouped: HeadScores,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> LeakWorth:
    """Say what it gains to deal films out one by one, although some belong together.

    Args:
        backbone: Name of the backbone that was studied both ways.
        grouped: Scores from splits that keep groups together.
        ungrouped: Scores of the same films from splits that do not. Both have the true group
            of each film; whole groups are resampled.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film.
        ValueError: A score of a tested film is not finite.
    """
    before, after = grouped.tested(), ungrouped.tested()
    films = np.intersect1d(before.films, after.films)
    gain = measure_gain(before.of(films), after.of(films), rng=rng, n_bootstraps=n_bootstraps)
    _, sizes = np.unique(grouped.groups, return_counts=True)
    return LeakWorth(
        backbone=backbone,
        n_films=int(sizes[sizes > 1].sum()),
        n_groups=int(np.sum(sizes > 1)),
        grouped=gain.before,
        ungrouped=gain.after,
        gain=gain.difference,
    )

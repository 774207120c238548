"""Baselines: how well something that is not the disease predicts the label.

And what a leak between training and test is worth. Tables of few columns, such as what the files
are like, are scored by an additive model for each split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.evaluation import (
    Estimate,
    HeadScores,
    ScoredFilms,
    clustered_proportion,
    compare_baseline,
    measure_gain,
)
from hilum.folds import Split
from hilum.heads import score_in_closed_form


@dataclass(frozen=True)
class LeakWorth:
    """The same study with groups kept together, and with groups split.

    Attributes:
        backbone: Name of the backbone that was studied both ways.
        n_films: Films that share a group with another film.
        n_groups: The groups that they form.
        grouped: AUROC with groups kept together.
        ungrouped: AUROC with each film by itself.
        gain: `ungrouped` less `grouped`, with the paired bootstrap interval.
    """

    backbone: str
    n_films: int
    n_groups: int
    grouped: Estimate
    ungrouped: Estimate
    gain: Estimate


BaselineName = Literal[
    "metadata", "source", "frame", "processing", "objects", "objectless",
    "histogram", "centre", "blur", "lungs", "lungless",
]  # fmt: skip

Weight = Literal["withholds", "limits", "describes"]
"""What something does to the headline of the verdict."""

Bearing = Literal["diseaseless", "questionable", "remaining", "descriptive"]
"""What a baseline can show of the network: see `BEARINGS`."""

BEARINGS: Mapping[BaselineName, Bearing] = {
    # No disease is in there, so what it predicts, an artefact predicts.
    "metadata": "diseaseless",
    "source": "diseaseless",
    "frame": "diseaseless",
    "processing": "diseaseless",
    # A person can tell whether it is the disease.
    "objects": "questionable",
    "lungless": "questionable",
    # What must be left when an artefact is taken away.
    "objectless": "remaining",
    # Disease changes these too.
    "histogram": "descriptive",
    "blur": "descriptive",
    "centre": "descriptive",
    "lungs": "descriptive",
}

TITLES: Mapping[BaselineName, str] = {
    "metadata": "File metadata",
    "source": "Source",
    "frame": "Frame of the film",
    "processing": "Processing of the film",
    "objects": "Thin bright objects",
    "objectless": "Film without small objects",
    "histogram": "Grey levels",
    "centre": "Centre of the film",
    "blur": "Blurred film",
    "lungs": "Lungs alone",
    "lungless": "Film without its lungs",
}

SUBJECTS: Mapping[BaselineName, str] = {
    "metadata": "What is known of each film without one pixel (its file; view, sex and age where "
    "known)",
    "source": "Where the films come from, and nothing else,",
    "frame": "The frame of the film, its outermost 10 %, where there is hardly any lung,",
    "processing": "How the film was exposed and processed (sharpness, noise, contrast and grey "
    "levels of its frame)",
    "objects": "Where thin bright objects stand (writing, lines, tubes, clips), and nothing else,",
    "objectless": "The film without small objects (writing, markers, lines, tubes; nodules, too)",
    "histogram": "How often each grey level occurs, and not where,",
    "centre": "The film without its frame",
    "blur": "The film at 14 x 14 px, too coarse for most findings,",
    "lungs": "What lies inside the lung masks",
    "lungless": "The film with its lungs blacked out",
}
"""Each as the subject of a sentence."""

SIGHTS: Mapping[BaselineName, str] = {
    "metadata": "size, format, compression and what the table says of the patient; not one pixel",
    "source": "where the film came from, and nothing else",
    "frame": "the outermost 10 % of each side, where there is hardly any lung",
    "processing": "sharpness, noise, contrast and grey levels of the frame, and not what it shows",
    "objects": "where things stand that are brighter than their surroundings and narrower than "
    "1.4 % of the film",
    "objectless": "the film after everything narrower than 4 % of it was taken away",
    "histogram": "how often each grey level occurs, and how far the picture compresses; not where",
    "centre": "the film without its frame",
    "blur": "the film at 14 x 14 px",
    "lungs": "what lies inside the lung masks",
    "lungless": "the film with its lungs blacked out",
}


@dataclass(frozen=True)
class Baseline:
    """What one such thing alone predicts, on the folds of the study.

    Attributes:
        name: Which one; `TITLES` and `SIGHTS` tell people what it is and sees.
        n_films: Films on which it and the model were compared.
        auroc: The positive class against the rest, out of fold.
        model_auroc: The model on the same films.
        share: Of the model's discrimination, (AUROC - 0.5) / (model's AUROC - 0.5), with a
            bootstrap interval; 0 where the baseline is at chance or below. NaN where the
            model itself is not above chance.
        p_below: One-sided p of the paired test that the baseline is as good as the model;
            small where the model is better.
        p_chance: One-sided p that the baseline does no better than chance.
        caught: Share of the positive films that the baseline tells from 95 % of the others: high
            where it gives away a part of them for certain.
        details: Figures for the reader, such as the AUROC of each column by itself.
        seconds: What it cost.
        weight: What it does to the headline; None where it does nothing.
        is_weighed: The verdict has put the weight there, by all draws of the folds.
    """

    name: BaselineName
    n_films: int
    auroc: Estimate
    model_auroc: Estimate
    share: Estimate
    p_below: float
    p_chance: float
    caught: Estimate
    details: Mapping[str, float]
    seconds: float
    weight: Weight | None = None
    is_weighed: bool = False

    @property
    def bearing(self) -> Bearing:
        """What it can show of the network."""
        return BEARINGS[self.name]

    @property
    def can_withhold(self) -> bool:
        """Tell whether it holds no disease at all."""
        return self.bearing == "diseaseless"

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]

    @property
    def sees(self) -> str:
        """What it looks at."""
        return SIGHTS[self.name]


_QUANTILES = (10, 30, 50, 70, 90)
"""Percent: above each of them or not, a column is cut into steps."""

_OFTEN = 0.1
"""A value that so large a share of the films has exactly is a step of its own."""

_FURTHEST = 3.0
"""Standard deviations: what lies further out is as good as there."""


def score_by_table(
    table: Float[np.ndarray, "films columns"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    n_classes: int,
) -> Float[np.ndarray, "heads films classes"]:
    """Score films by a table of few columns: an additive model of steps, in closed form.

    Each column is cut at quantiles and at values that many films share, so that rules such as "1024
    px wide means no COVID-19" are found as well as trends. It is fitted on the training and
    validation films of each split, without any film that is tested; it has nothing to be tuned and
    no draws of its own.

    Args:
        table: What is known of each film, as finite numbers.
        y: Class index of each film.
        splits: Who is fitted and who is tested.
        n_classes: Classes of the study.

    Returns:
        A score for each class, for the test films of each split; the rows of all other films are
        NaN. Where all films are alike, the share of each class.

    Source: Hastie and Tibshirani (1986), Statistical Science 1:297-310, with a ridge penalty.
    """
    scores = np.full((len(splits), len(y), n_classes), np.nan)
    for head, split in enumerate(splits):
        steps = _cut(table, split.fitting)
        (scores[head],) = score_in_closed_form(steps, y, [split], n_classes=n_classes)
    return scores


def _cut(
    table: Float[np.ndarray, "films columns"], fitted: Int[np.ndarray, " fitted"]
) -> Float32[np.ndarray, "films steps"]:
    """Write each column as steps and as a trend, both laid out on the fitted films."""
    seen = table[fitted]
    steps = (
        [table > limit for limit in np.percentile(seen, _QUANTILES, axis=0)] if len(seen) else []
    )
    for column in range(table.shape[1]):
        values, counts = np.unique(seen[:, column], return_counts=True)
        often = values[counts >= _OFTEN * len(seen)]
        if len(values) > 1:
            steps += [(table[:, column] == value)[:, np.newaxis] for value in often]
    scale = seen.std(axis=0)
    trend = (table - seen.mean(axis=0)) / np.where(scale > 0, scale, 1)
    steps.append(np.clip(trend, -_FURTHEST, _FURTHEST))
    return np.concatenate(steps, axis=1).astype(np.float32)


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
    compared = compare_baseline(
        baseline,
        model.of(baseline.films),
        rng=rng,
        n_bootstraps=n_bootstraps,
        inflation=inflation,
    )
    return Baseline(
        name=name,
        n_films=len(baseline),
        auroc=compared.baseline,
        model_auroc=compared.model,
        share=compared.share,
        p_below=compared.p_below,
        p_chance=compared.p_chance,
        caught=_caught(baseline),
        details=details,
        seconds=seconds,
    )


_SPARED = 0.95
"""Of the films of other classes, when a baseline's surest calls are counted."""


def _caught(baseline: ScoredFilms) -> Estimate:
    """Count the positive films that score above 95 % of the others."""
    is_positive = baseline.is_positive
    limit = np.quantile(baseline.y_score[~is_positive], _SPARED)
    positives = baseline.take(is_positive)
    return clustered_proportion(positives.y_score > limit, positives.groups)


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

"""What is settled before any head is trained: how the films are related, and the folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from hilum.auditing.portraits import Portraits
from hilum.auditing.report import Kinship
from hilum.auditing.twins import Twin, find_twins
from hilum.backbones.weights import Backbone
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds, Split
from hilum.evaluation.scored_films import HeadScores
from hilum.features.extraction import ExtractionCost
from hilum.features.views import FilmViews
from hilum.studies.comparison import Recipe
from hilum.studies.extracting import Workshop
from hilum.studies.options import StudyPlan
from hilum.studies.preparing import draw_folds

_ROWS_AT_ONCE = 1024
"""Films compared with all others at a time: the whole table of similarities never exists."""


@dataclass(frozen=True)
class Groundwork:
    """What every later stage stands on.

    Attributes:
        cohort: The films.
        positive: The class that sensitivity speaks of.
        recipe: How the study is run.
        seed: Where every draw begins.
        folds: Who trains, validates and tests.
        portraits: What each film tells without a network.
        kinship: How the films are related.
    """

    cohort: Cohort
    positive: str
    recipe: Recipe
    seed: int
    folds: Folds
    portraits: Portraits
    kinship: Kinship

    @property
    def positive_index(self) -> int:
        """Index of the positive class."""
        return self.cohort.classes.index(self.positive)

    def head_scores(
        self,
        scores: Float[np.ndarray, "heads films classes"],
        splits: Sequence[Split] | None = None,
    ) -> HeadScores:
        """Put scores together with the truth and the groups of the cohort's films.

        Args:
            scores: Of heads on `splits`.
            splits: Those of the study if not given.
        """
        return HeadScores(
            scores=scores,
            y_true=self.cohort.y,
            splits=self.folds.splits if splits is None else splits,
            groups=self.folds.groups,
            positive=self.positive_index,
        )

    def rng(self) -> np.random.Generator:
        """Start the resamples: the same ones for every backbone and baseline."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Survey:
    """What looking at the films has told, before anything is split.

    Attributes:
        cohort: The films that could be read.
        portraits: What each film tells without a network.
        kinship: How the films are related.
    """

    cohort: Cohort
    portraits: Portraits
    kinship: Kinship


def survey_films(
    cohort: Cohort,
    backbones: Sequence[Backbone],
    views: FilmViews,
    workshop: Workshop,
    twins: Sequence[Twin] | None = None,
) -> tuple[Survey, tuple[ExtractionCost, ...]]:
    """Look at every film, and compute every backbone's features.

    Args:
        cohort: The films.
        backbones: Those to run.
        views: Of each film.
        workshop: Where features are computed.
        twins: Films known to be one film; they are looked for if not given.

    Returns:
        What the films told, and what each backbone cost.
    """
    looked_at, portraits = workshop.look_at(cohort)
    cohort, costs = workshop.extract_all(looked_at, backbones, views)
    left = {film.film_id for film in cohort.films}
    rows = [row for row, film in enumerate(looked_at.films) if film.film_id in left]
    portraits = portraits.of(np.array(rows))
    kinship = relate_films(cohort, portraits, backbones, views, workshop, twins)
    return Survey(cohort, portraits, kinship), costs


def lay_ground(survey: Survey, plan: StudyPlan) -> Groundwork:
    """Draw the folds of a study over the films that were looked at.

    Raises:
        FoldsError: A class is too small for them.
    """
    return Groundwork(
        cohort=survey.cohort,
        positive=plan.positive,
        recipe=plan.recipe,
        seed=plan.options.seed,
        folds=draw_folds(survey.cohort, plan.recipe, plan.options.seed, survey.kinship.twins),
        portraits=survey.portraits,
        kinship=survey.kinship,
    )


def relate_films(
    cohort: Cohort,
    portraits: Portraits,
    backbones: Sequence[Backbone],
    views: FilmViews,
    workshop: Workshop,
    twins: Sequence[Twin] | None = None,
) -> Kinship:
    """Find the films that are one film, and how near each is to any other.

    Args:
        cohort: The films.
        portraits: Theirs.
        backbones: Those whose features are stored; the smallest proposes which films to
            compare.
        views: The views that are stored.
        workshop: Where features are found.
        twins: The films that are one film, if that is known.
    """
    guide = min(backbones, key=lambda backbone: backbone.record.parameters)
    features = workshop.recall(cohort.films, guide, views).values
    if twins is None:
        workshop.watcher.begin("Copies", "films")
        twins = find_twins(cohort.films, portraits, features)
        number = "1 pair" if len(twins) == 1 else f"{len(twins)} pairs"
        workshop.watcher.end(f"{number} of films that are one film")
    return Kinship(tuple(twins), measure_affinity(features[:, 0], twins))


def measure_affinity(
    features: Float32[np.ndarray, "films width"], twins: Sequence[Twin]
) -> Float[np.ndarray, " films"]:
    """Find each film's highest cosine similarity with a film that is not its twin.

    Args:
        features: Of the upright films.
        twins: The films that are one film.

    Returns:
        -1 to 1; -1 where there is no other film.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = features / np.where(lengths > 0, lengths, 1)
    partners: dict[int, set[int]] = {row: {row} for row in range(len(features))}
    for twin in twins:
        partners[twin.first].add(twin.second)
        partners[twin.second].add(twin.first)
    affinity = np.empty(len(features))
    for start in range(0, len(features), _ROWS_AT_ONCE):
        block = directions[start : start + _ROWS_AT_ONCE] @ directions.T
        for offset, similarities in enumerate(block):
            similarities[list(partners[start + offset])] = -1
        affinity[start : start + len(block)] = block.max(axis=1, initial=-1)
    return affinity

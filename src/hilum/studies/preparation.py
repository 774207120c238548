"""What is settled before any head is trained: backbones, relations of films, and folds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from hilum.auditing import FilmRelations
from hilum.backbones import (
    CATALOG,
    Backbone,
    BackboneRecord,
    LocalWeights,
    describe_file,
    fed_differently,
    find_backbones,
    with_top,
)
from hilum.cohort import Cohort
from hilum.disk import check_writable
from hilum.duplicates import Duplicate, find_duplicates, join_duplicates
from hilum.errors import (
    CacheError,
    FoldsError,
    UnknownBackboneError,
    UntrustedModelError,
    WeightsError,
)
from hilum.evaluation import HeadScores
from hilum.features import ExtractionCost, FilmTraits, FilmViews
from hilum.folds import Folds, Split, group_films, repeated_folds, single_split
from hilum.studies.extraction import StudyContext
from hilum.studies.options import StudyPlan
from hilum.studies.results import Recipe, Unavailable


def choose_backbones(
    names: Sequence[str] | None,
    local_weights: LocalWeights,
    *,
    allows_unverified: bool = False,
    needs_top: bool = False,
) -> tuple[tuple[Backbone, ...], tuple[Unavailable, ...]]:
    """Find the backbones to run and prove their weights, before any work starts.

    Args:
        names: Those that must run; None for all that can. A group's name stands for
            its members, `onnx:PATH` for a model file.
        local_weights: Where weights are looked for.
        allows_unverified: Take weights whose hash is not the catalog's.
        needs_top: Take the weights that hold the ImageNet classifier as well.

    Returns:
        The backbones, and those that cannot take part.

    Raises:
        UnknownBackboneError: A name is in no catalog, or there is no name.
        WeightsError: A named backbone is not available, or none is; all are listed. Or one
            that needs a classifier has none.
        UntrustedModelError: Weights of a named backbone are not what they should be.
    """
    if names is not None and not names:
        raise UnknownBackboneError(
            "No backbone is named.", fix=f"Choose among: {', '.join(CATALOG)}."
        )
    if local_weights.asked is not None and not local_weights.asked.is_dir():
        raise WeightsError(
            f"There is no folder '{local_weights.asked}' to look for weights in.",
            fix="Check --weights-dir.",
        )
    wanted = [names] if isinstance(names, str) else names
    records = tuple(CATALOG.values()) if wanted is None else find_backbones(wanted)
    if needs_top:
        records = tuple(map(with_top, records))
    if wanted is not None:
        return _all_of(records, local_weights, allows_unverified), ()
    available, unavailable = [], []
    for record in records:
        try:
            available.append(local_weights.find(record))
        except (WeightsError, UntrustedModelError) as error:
            # The message alone: what to do names folders, and results go round.
            is_refused = isinstance(error, UntrustedModelError)
            unavailable.append(Unavailable(record.name, error.message, is_refused))
    if not available:
        raise WeightsError(
            "No backbone is available.",
            fix="Install Hilum again; its default backbones come with it.",
        )
    return tuple(available), tuple(unavailable)


def _all_of(
    records: Sequence[BackboneRecord], local_weights: LocalWeights, allows_unverified: bool
) -> tuple[Backbone, ...]:
    """Find every one, or say of all that are missing at once what to do."""
    found, missing = [], []
    for record in records:
        try:
            found.append(local_weights.find(record, allows_unverified=allows_unverified))
        except WeightsError as error:
            missing.append((record, error))
    if len(missing) == 1:
        raise missing[0][1]
    if missing:
        files = "\n  ".join(
            f"{record.title}: {describe_file(record.weights)}" for record, _ in missing
        )
        names = " ".join(record.name for record, _ in missing)
        top = " --with-top" if any(r.weights == r.top_weights for r, _ in missing) else ""
        raise WeightsError(
            f"{len(missing)} backbones need files that are not here:\n  {files}\n",
            fix=f"Run `hilum backbones fetch {names}{top}`, or put the files into "
            f"{local_weights.home}; `hilum backbones` says where each can be downloaded.",
        )
    return tuple(found)


def fed_as(recipe: Recipe, backbone: Backbone) -> Backbone:
    """Give a backbone the input and pooling that a recipe asks for."""
    record = fed_differently(
        backbone.record, size_px=recipe.input_px, scaling=recipe.scaling, pooling=recipe.pooling
    )
    return replace(backbone, record=record)


def draw_folds(
    cohort: Cohort, recipe: Recipe, seed: int, duplicates: Sequence[Duplicate] = ()
) -> Folds:
    """Draw a recipe's splits over a cohort.

    Args:
        cohort: The films.
        recipe: How to split them.
        seed: Where the draws begin, unless the recipe says.
        duplicates: Films that are one film, and so stay together.

    Raises:
        FoldsError: A class is too small for them; films that could not be read are named.
    """
    seed = seed if recipe.split_seed is None else recipe.split_seed
    groups = group_films(cohort, join_duplicates(duplicates, len(cohort)))
    try:
        if recipe.folds == 0:
            # By film, as published; the groups tell the statistics, and the reader, what leaks.
            split = single_split(cohort.y, seed=seed, class_names=cohort.classes)
            return replace(split, groups=groups)
        return repeated_folds(
            cohort.y,
            groups,
            n_folds=recipe.folds,
            n_repeats=recipe.repeats,
            seed=seed,
            class_names=cohort.classes,
        )
    except FoldsError as error:
        unread = "".join(f"\n  {e.path}: {e.code}: {e.message}" for e in cohort.excluded[:20])
        if not unread:
            raise
        message = f"{error.message} Not read: {len(cohort.excluded)}{unread}\n"
        raise FoldsError(message, fix=f"Replace the files that cannot be read. {error.fix}") from (
            error
        )


def check_cache(cache: Path) -> None:
    """Find out before any work whether results can be kept.

    Raises:
        CacheError: They cannot.
    """
    try:
        check_writable(cache)
    except OSError as error:
        raise CacheError(
            f"The cache folder '{cache}' cannot be written: {error.strerror}.",
            fix="Name another folder with --cache-dir or HILUM_CACHE_DIR.",
        ) from error


def hash_cohort(cohort: Cohort) -> str:
    """Hash what was studied: every film's content, class, patient and source, in order."""
    rows = [(film.sha256, film.label, film.patient, film.source) for film in cohort.films]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@dataclass(frozen=True)
class StudyDesign:
    """What every later stage stands on.

    Attributes:
        cohort: The films.
        plan: What is studied, and how.
        folds: Who trains, validates and tests.
        film_traits: What each film tells without a network.
        relations: How the films are related.
    """

    cohort: Cohort
    plan: StudyPlan
    folds: Folds
    film_traits: FilmTraits
    relations: FilmRelations

    @property
    def recipe(self) -> Recipe:
        """How the study is run."""
        return self.plan.recipe

    @property
    def seed(self) -> int:
        """Where every draw begins."""
        return self.plan.options.seed

    @property
    def positive_index(self) -> int:
        """Index of the positive class."""
        return self.cohort.classes.index(self.plan.positive)

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
    """What the films tell before anything is split.

    Attributes:
        cohort: The films that could be read.
        film_traits: What each film tells without a network.
        relations: How the films are related.
    """

    cohort: Cohort
    film_traits: FilmTraits
    relations: FilmRelations


def survey_films(
    cohort: Cohort,
    backbones: Sequence[Backbone],
    views: FilmViews,
    context: StudyContext,
    duplicates: Sequence[Duplicate] | None = None,
) -> tuple[Survey, tuple[ExtractionCost, ...]]:
    """Measure every film, and compute every backbone's features.

    Args:
        cohort: The films.
        backbones: Those to run.
        views: Of each film.
        context: Where features are computed.
        duplicates: Films known to be one film; they are looked for if not given.

    Returns:
        The survey, and what each backbone cost.
    """
    measured, film_traits = context.measure_traits(cohort)
    cohort, costs = context.store_features(measured, backbones, views)
    left = {film.film_id for film in cohort.films}
    rows = [row for row, film in enumerate(measured.films) if film.film_id in left]
    film_traits = film_traits.of(np.array(rows))
    relations = _relate_films(cohort, film_traits, backbones, views, context, duplicates)
    return Survey(cohort, film_traits, relations), costs


def design_study(survey: Survey, plan: StudyPlan) -> StudyDesign:
    """Draw the folds of a study over the films that were surveyed.

    Raises:
        FoldsError: A class is too small for them.
    """
    return StudyDesign(
        cohort=survey.cohort,
        plan=plan,
        folds=draw_folds(
            survey.cohort, plan.recipe, plan.options.seed, survey.relations.duplicates
        ),
        film_traits=survey.film_traits,
        relations=survey.relations,
    )


def _relate_films(
    cohort: Cohort,
    film_traits: FilmTraits,
    backbones: Sequence[Backbone],
    views: FilmViews,
    context: StudyContext,
    duplicates: Sequence[Duplicate] | None,
) -> FilmRelations:
    """Find the films that are one film, and how near each is to any other.

    The smallest backbone proposes which films to compare.
    """
    guide = min(backbones, key=lambda backbone: backbone.record.parameters)
    features = context.load_features(cohort.films, guide, views).values
    if duplicates is None:
        context.watcher.begin("Copies", "films")
        duplicates = find_duplicates(cohort.films, film_traits, features)
        number = "1 pair" if len(duplicates) == 1 else f"{len(duplicates)} pairs"
        context.watcher.end(f"{number} of films that are one film")
    return FilmRelations(tuple(duplicates), measure_affinity(features[:, 0], duplicates))


_ROWS_AT_ONCE = 1024
"""Films compared with all others at a time: the whole table of similarities never exists."""


def measure_affinity(
    features: Float32[np.ndarray, "films width"], duplicates: Sequence[Duplicate]
) -> Float[np.ndarray, " films"]:
    """Find each film's highest cosine similarity with a film that is not its duplicate.

    Args:
        features: Of the upright films.
        duplicates: The films that are one film.

    Returns:
        -1 to 1; -1 for the only film.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = features / np.where(lengths > 0, lengths, 1)
    partners: dict[int, set[int]] = {row: {row} for row in range(len(features))}
    for duplicate in duplicates:
        partners[duplicate.first].add(duplicate.second)
        partners[duplicate.second].add(duplicate.first)
    affinity = np.empty(len(features))
    for start in range(0, len(features), _ROWS_AT_ONCE):
        block = directions[start : start + _ROWS_AT_ONCE] @ directions.T
        for offset, similarities in enumerate(block):
            similarities[list(partners[start + offset])] = -1
        affinity[start : start + len(block)] = block.max(axis=1, initial=-1)
    return affinity

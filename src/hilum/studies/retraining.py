"""A classifier from a finished comparison: its heads once more, from features that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hilum.backbones.catalog import CATALOG
from hilum.backbones.compiling import graph_key
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds
from hilum.errors import RunError
from hilum.evaluation.deciding import decide
from hilum.evaluation.decisions import Decisions, OperatingPolicy
from hilum.evaluation.scored_films import HeadScores
from hilum.features.views import rotated_views
from hilum.heads.training import TrainedHeads, train_heads
from hilum.studies.comparison import Recipe
from hilum.studies.extracting import Workshop
from hilum.studies.options import PREVALENCES, FromRunOptions
from hilum.studies.preparing import choose_backbones, fed_as
from hilum.studies.training import (
    Choice,
    TrainedClassifier,
    assemble,
    check_recipe,
    choose_backbone,
)

_SAME = 1e-3
"""How far the thresholds of the heads may lie from those of the run: rounding, no more."""

_AGAIN = "Train on the films themselves: `hilum train DATA`."


@dataclass(frozen=True)
class PastBackbone:
    """One backbone of a finished comparison.

    Attributes:
        name: Its catalog name, or that of the user's model file.
        title: The name as papers write it.
        parameters: Of the frozen part.
        is_verified: It ran on the published weights.
        policy: By which rule its thresholds were chosen; None where none were.
        thresholds: Of its heads.
    """

    name: str
    title: str
    parameters: int
    is_verified: bool
    policy: OperatingPolicy | None
    thresholds: tuple[float, ...]


@dataclass(frozen=True)
class PastRun:
    """What a finished comparison tells, as far as a classifier needs it.

    Attributes:
        cohort: The films, found where they were and unchanged.
        folds: Who trained, validated and tested.
        recipe: How the study was run.
        seed: Where every draw began.
        positive: The class that sensitivity speaks of.
        backbones: The best first.
        tiers: Names of those that the films cannot tell apart, the best tier first.
        graphs: Address of each backbone's graph.
        results: The whole of its `results.json`.
    """

    cohort: Cohort
    folds: Folds
    recipe: Recipe
    seed: int
    positive: str
    backbones: tuple[PastBackbone, ...]
    tiers: tuple[tuple[str, ...], ...]
    graphs: Mapping[str, str]
    results: Mapping[str, object]


def train_again(past: PastRun, options: FromRunOptions, workshop: Workshop) -> TrainedClassifier:
    """Make a classifier of a finished comparison; see `hilum.train_from_run`.

    Args:
        past: The comparison, read from its run folder.
        options: Which backbone, and where weights lie.
        workshop: Where the features of the run are kept.


    Raises:
        RunError: Backbone or heads are not the same here any more.
        RecipeError: The run fixed no threshold.
        WeightsError: The backbone is not available here.
    """
    check_recipe(past.recipe)
    told, choice = _choose(past, options.backbone)
    network = _find_backbone(past, told, WeightsShelf(workshop.cache_dir, options.weights_dir))
    heads, decisions = _train_again(past, told, network, workshop)
    _check_same(told, decisions)
    return assemble(
        past.cohort,
        past.folds.groups,
        network,
        heads,
        decisions,
        workshop,
        positive=past.positive,
        seed=past.seed,
        choice=choice,
        study=past.results,
    )


def _choose(past: PastRun, wanted: str | None) -> tuple[PastBackbone, Choice]:
    by_name = {told.name: told for told in past.backbones}
    if wanted is not None and wanted not in by_name:
        raise RunError(
            f"The run did not compare '{wanted}'.",
            fix=f"Choose one of {', '.join(by_name)}, or leave --backbone out.",
        )
    name, choice = choose_backbone(
        [wanted] if wanted is not None else list(by_name),
        {name: told.parameters for name, told in by_name.items()},
        past.tiers,
        is_named=wanted is not None,
    )
    return by_name[name], choice


def _find_backbone(past: PastRun, told: PastBackbone, shelf: WeightsShelf) -> Backbone:
    name, title = told.name, told.title
    if name not in CATALOG:
        raise RunError(
            f"The run used the model file {name}, and does not say where it lies.",
            fix="Train on the films: `hilum train DATA --backbone onnx:PATH`.",
        )
    (found,), _ = choose_backbones([name], shelf, allows_unverified=not told.is_verified)
    network = fed_as(past.recipe, found)
    if graph_key(network) != past.graphs.get(name):
        raise RunError(
            f"{title} would not be the same network here: its weights, Keras, OpenVINO or Hilum "
            "have changed since the run.",
            fix=_AGAIN,
        )
    return network


def _train_again(
    past: PastRun, told: PastBackbone, network: Backbone, workshop: Workshop
) -> tuple[TrainedHeads, Decisions]:
    cohort, folds = past.cohort, past.folds
    views = rotated_views(past.recipe.rotated_views, past.seed)
    extraction = workshop.extract(cohort.films, network, views)
    if extraction.unreadable:
        raise RunError("A film of the run cannot be read any more.", fix=_AGAIN)
    workshop.watcher.begin(f"{network.title}: heads", "heads")
    heads = train_heads(
        extraction.table.values,
        cohort.y,
        folds.splits,
        past.recipe.head,
        n_classes=len(cohort.classes),
        seed=past.seed,
        keeps_weights=True,
        on_progress=workshop.watcher.advance,
    )
    assert told.policy is not None, "a recipe with validation films fixes thresholds"
    positive = cohort.classes.index(past.positive)
    decisions = decide(
        HeadScores(heads.scores, cohort.y, folds.splits, folds.groups, positive),
        told.policy,
        PREVALENCES,
        balances_classes=past.recipe.head.balances_classes,
        rng=np.random.default_rng(past.seed),
    )
    workshop.watcher.end(f"{len(folds.splits)} heads")
    return heads, decisions


def _check_same(told: PastBackbone, decisions: Decisions) -> None:
    """Make sure that these are the heads whose figures the run holds."""
    before = np.array(told.thresholds)
    here = decisions.thresholds
    if before.shape != here.shape or not np.all(np.abs(before - here) <= _SAME):
        raise RunError(
            "The heads do not come out as in the run, so its figures would not be theirs: it was "
            "made by another version of Hilum or JAX.",
            fix=_AGAIN,
        )

"""A classifier from a finished comparison: its heads once more, from features that are stored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hilum.backbones.catalog import CATALOG
from hilum.backbones.compiling import graph_key
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.errors import RunError
from hilum.evaluation.deciding import decide
from hilum.evaluation.decisions import Decisions
from hilum.evaluation.operating import parse_policy
from hilum.evaluation.scored_films import HeadScores
from hilum.features.views import rotated_views
from hilum.heads.training import TrainedHeads, train_heads
from hilum.studies.extracting import Workshop, open_workshop
from hilum.studies.options import PREVALENCES, FromRunOptions, takes
from hilum.studies.past_runs import PastRun, read_run
from hilum.studies.preparing import choose_backbones, fed_as
from hilum.studies.training import TrainedClassifier, assemble, check_recipe, choose_backbone

_SAME = 1e-3
"""How far the thresholds of the heads may lie from those of the run: rounding, no more."""

_AGAIN = "Train on the films themselves: `hilum train DATA`."


@takes(FromRunOptions)
def train_from_run(run: str | Path, options: FromRunOptions) -> TrainedClassifier:
    """Make a classifier of a finished comparison, without running a backbone again.

    The same heads are trained on the stored features, which takes seconds, and are checked
    against the run's: so its figures, threshold and verdict are the classifier's.

    Args:
        run: The folder that `hilum compare` wrote.
        options: By keyword.

    Returns:
        The classifier; `hilum.save_bundle` writes it to a folder.

    Raises:
        RunError: The folder is no run, or its films, backbone or heads are not the same
            here any more.
        RecipeError: The run fixed no threshold.
        WeightsError: The backbone is not available here.
    """
    return train_from_run_with(run, options, open_workshop(options))


def train_from_run_with(
    run: str | Path, options: FromRunOptions, workshop: Workshop
) -> TrainedClassifier:
    """Train from a run in a workshop of the caller's; see `train_from_run`."""
    past = read_run(Path(run))
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


def _choose(past: PastRun, wanted: str | None) -> tuple[Mapping[str, Any], Any]:
    by_name = {told["name"]: told for told in past.results["backbones"]}
    if wanted is not None and wanted not in by_name:
        raise RunError(
            f"The run did not compare '{wanted}'.",
            fix=f"Choose one of {', '.join(by_name)}, or leave --backbone out.",
        )
    name, choice = choose_backbone(
        [wanted] if wanted is not None else list(by_name),
        {name: told["parameters"] for name, told in by_name.items()},
        tuple(tuple(tier) for tier in past.results["tiers"]),
        is_named=wanted is not None,
    )
    return by_name[name], choice


def _find_backbone(past: PastRun, told: Mapping[str, Any], shelf: WeightsShelf) -> Backbone:
    name, title = told["name"], told["title"]
    if name not in CATALOG:
        raise RunError(
            f"The run used the model file {name}, and does not say where it lies.",
            fix="Train on the films: `hilum train DATA --backbone onnx:PATH`.",
        )
    (found,), _ = choose_backbones(
        [name], shelf, allows_unverified=not told["weights"]["is_verified"]
    )
    network = fed_as(past.recipe, found)
    if graph_key(network) != past.graphs.get(name):
        raise RunError(
            f"{title} would not be the same network here: its weights, Keras, OpenVINO or Hilum "
            "have changed since the run.",
            fix=_AGAIN,
        )
    return network


def _train_again(
    past: PastRun, told: Mapping[str, Any], network: Backbone, workshop: Workshop
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
    policy = told["decisions"]["operating_point"]["policy"]
    kind, target = policy["kind"], policy["target"]
    positive = cohort.classes.index(past.positive)
    decisions = decide(
        HeadScores(heads.scores, cohort.y, folds.splits, folds.groups, positive),
        parse_policy(kind if target is None else f"{kind}={target}"),
        PREVALENCES,
        balances_classes=past.recipe.head.balances_classes,
        rng=np.random.default_rng(past.seed),
    )
    workshop.watcher.end(f"{len(folds.splits)} heads")
    return heads, decisions


def _check_same(told: Mapping[str, Any], decisions: Decisions) -> None:
    """Make sure that these are the heads whose figures the run holds."""
    before = np.array(told["decisions"]["operating_point"]["threshold_per_head"], float)
    here = decisions.thresholds
    if before.shape != here.shape or not np.all(np.abs(before - here) <= _SAME):
        raise RunError(
            "The heads do not come out as in the run, so its figures would not be theirs: it was "
            "made by another version of Hilum or JAX.",
            fix=_AGAIN,
        )

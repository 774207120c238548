"""From a cohort, or a finished comparison, to a classifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, UInt8

from hilum.backbones import (
    CATALOG,
    Backbone,
    LocalWeights,
    compile_backbone,
    find_backbones,
    graph_key,
)
from hilum.classifier import (
    DomainGuard,
    FeatureGraph,
    HeadStack,
    ReferenceMaps,
    choose_reference_films,
    fit_guard,
    make_references,
)
from hilum.cohort import Cohort, load_registered
from hilum.errors import RecipeError, RunError, UnknownBackboneError
from hilum.evaluation import Decisions, HeadScores, OperatingPolicy, decide
from hilum.features import resize_film, rotated_views
from hilum.films import decode_film
from hilum.folds import Folds
from hilum.heads import TrainedHeads, train_heads
from hilum.studies.comparing import run_study
from hilum.studies.extraction import StudyContext, open_context
from hilum.studies.options import (
    PREVALENCES,
    ComparisonOptions,
    FromRunOptions,
    TrainOptions,
    converted,
    plan_study,
    takes,
)
from hilum.studies.preparation import choose_backbones, fed_as
from hilum.studies.recipes import as_recipe
from hilum.studies.results import Comparison, Recipe


def average_references(
    cohort: Cohort, backbone: Backbone, context: StudyContext, rng: np.random.Generator
) -> ReferenceMaps | None:
    """Average the feature maps of some films of each class.

    Features are stored, maps are not, being 50 times as large: so these films are looked at
    once more.

    Args:
        cohort: The training films.
        backbone: The network, fed as in the study.
        context: Whose cache holds its graph.
        rng: Draws the films.

    Returns:
        The maps; None where the backbone shows none.

    Raises:
        FilmChangedError: A film has changed since it was registered.
    """
    record = backbone.record
    graph = FeatureGraph(
        compile_backbone(backbone, context.cache_dir),
        size_px=record.input.size_px,
        width=record.feature_width,
    )
    if not graph.has_map:
        return None
    rows = choose_reference_films(cohort.y, rng)
    context.watcher.begin("References", "films")

    def squares() -> Iterator[tuple[UInt8[np.ndarray, "size size"], int]]:
        for done, row in enumerate(rows, start=1):
            film = cohort.films[row]
            image = decode_film(
                load_registered(film), suffix=film.path.suffix, at_least_px=graph.size_px
            )
            yield resize_film(image.pixels, graph.size_px), int(cohort.y[row])
            context.watcher.advance(done, len(rows))

    references = make_references(graph, squares(), len(cohort.classes))
    context.watcher.end(f"{len(rows)} films that explanations compare with")
    return references


Choice = Literal["named", "only", "smallest of the best tier"]
"""How the backbone was chosen."""


@dataclass(frozen=True, repr=False)
class TrainedClassifier:
    """A classifier before it is written; `hilum.save_bundle` writes it.

    Attributes:
        classes: In the order of the probabilities.
        positive: The class that the operating point speaks of.
        backbone: The network under the heads, fed as in the study.
        choice: How it was chosen.
        heads: The heads of all folds.
        guard: What the training films are like.
        references: What explanations compare a film with; None where the backbone shows no
            feature map.
        policy: By which rule the threshold was chosen.
        study: What stands behind it: the comparison, or the `results.json` of its run.
        cache_dir: Where the backbone's graph lies.
    """

    classes: tuple[str, ...]
    positive: str
    backbone: Backbone
    choice: Choice
    heads: HeadStack
    guard: DomainGuard
    references: ReferenceMaps | None
    policy: OperatingPolicy
    study: Comparison | Mapping[str, object]
    cache_dir: Path

    def __repr__(self) -> str:
        """Say what it is."""
        return (
            f"TrainedClassifier({' / '.join(self.classes)}, positive {self.positive}, on "
            f"{self.backbone.title}); write it with hilum.save_bundle"
        )


@takes(TrainOptions)
def train(cohort: Cohort, options: TrainOptions) -> TrainedClassifier:
    """Study a cohort, and make a classifier of the heads of all its folds.

    The study is that of `compare`: its figures come from films that the heads which
    scored them never saw. The classifier averages all heads.

    Args:
        cohort: The films and their labels.
        options: By keyword.

    Returns:
        The classifier; `hilum.save_bundle` writes it to a folder.

    Raises:
        RecipeError: The recipe keeps no validation films to fix a threshold on; and as for
            `compare`.
        HilumError: As for `compare`.
    """
    return train_with(cohort, options, open_context(options))


def train_with(cohort: Cohort, options: TrainOptions, context: StudyContext) -> TrainedClassifier:
    """Train in a context of the caller's; see `train`."""
    recipe, backbone = as_recipe(options.recipe), options.backbone
    check_recipe(recipe)
    if backbone is not None:
        _check_single(backbone)
    names = None if backbone is None else [backbone]
    plan = plan_study(cohort, recipe, converted(options, ComparisonOptions, backbones=names))
    plan = replace(plan, keeps_heads=True)
    comparison = run_study(cohort, plan, context)
    chosen, choice = choose_backbone(
        [result.name for result in comparison.backbones],
        {result.name: result.parameters for result in comparison.backbones},
        comparison.tiers,
        is_named=backbone is not None,
    )
    (result,) = (result for result in comparison.backbones if result.name == chosen)
    assert result.decisions is not None  # the recipe was checked
    (found,), _ = choose_backbones(
        [backbone or chosen],
        LocalWeights(context.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
    )
    return assemble(
        comparison.cohort,
        comparison.folds.groups,
        fed_as(recipe, found),
        result.heads,
        result.decisions,
        context,
        positive=plan.positive,
        seed=options.seed,
        choice=choice,
        # The heads stand in the classifier from here on.
        study=replace(
            comparison,
            backbones=tuple(
                replace(each, heads=replace(each.heads, weights=()))
                for each in comparison.backbones
            ),
        ),
    )


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe without films to fix a threshold on.

    Raises:
        RecipeError: It validates on its test films.
    """
    if recipe.folds == 0:
        raise RecipeError(
            f"The recipe '{recipe.name}' validates on its test films, so no threshold and no "
            "calibration can be fixed for a classifier.",
            fix="Train with the recipe 'hilum'.",
        )


def _check_single(backbone: str) -> None:
    n_meant = len(find_backbones([backbone]))
    if n_meant != 1:
        raise UnknownBackboneError(
            f"'{backbone}' stands for {n_meant} backbones; a classifier has one.",
            fix="Name one, or leave --backbone out: the smallest of the best tier is taken.",
        )


def choose_backbone(
    ranked: list[str],
    parameters: Mapping[str, int],
    tiers: tuple[tuple[str, ...], ...],
    *,
    is_named: bool,
) -> tuple[str, Choice]:
    """Choose the backbone of a classifier among those of a study.

    Args:
        ranked: All of them, best first.
        parameters: Of each.
        tiers: Those that the films cannot tell apart, the best tier first.
        is_named: The user named one, so nothing is chosen.

    Returns:
        Of the best tier the one with the fewest parameters: nothing shows that a larger
        one is better. Where nothing was ranked, the first.
    """
    if is_named or len(ranked) == 1:
        return ranked[0], "named" if is_named else "only"
    tier = tiers[0] if tiers else ranked[:1]
    return min(tier, key=lambda name: parameters[name]), "smallest of the best tier"


def assemble(
    cohort: Cohort,
    groups: Int[np.ndarray, " films"],
    backbone: Backbone,
    heads: TrainedHeads,
    decisions: Decisions,
    context: StudyContext,
    *,
    positive: str,
    seed: int,
    choice: Choice,
    study: Comparison | Mapping[str, object],
) -> TrainedClassifier:
    """Put heads, calibration, operating point and guard together.

    Args:
        cohort: The training films.
        groups: Group of each.
        backbone: The network, fed as in the study.
        heads: Its heads, their weights kept.
        decisions: Their calibrators and thresholds.
        context: Where features are found.
        positive: The class that the operating point speaks of.
        seed: Where draws begin.
        choice: How the backbone was chosen.
        study: What stands behind it.
    """
    upright: Float[np.ndarray, "films width"]
    upright = context.load_features(cohort.films, backbone, rotated_views(0, seed)).values[:, 0]
    point = decisions.operating_point
    return TrainedClassifier(
        classes=cohort.classes,
        positive=positive,
        backbone=backbone,
        choice=choice,
        heads=HeadStack.of(
            heads.weights,
            decisions.calibrators,
            positive=cohort.classes.index(positive),
            threshold=point.threshold,
        ),
        guard=fit_guard(upright, groups, rng=np.random.default_rng(seed)),
        references=average_references(cohort, backbone, context, np.random.default_rng(seed)),
        policy=point.policy,
        study=study,
        cache_dir=context.cache_dir,
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


def train_again(past: PastRun, options: FromRunOptions, context: StudyContext) -> TrainedClassifier:
    """Make a classifier of a finished comparison; see `hilum.train_from_run`.

    Args:
        past: The comparison, read from its run folder.
        options: Which backbone, and where weights lie.
        context: Where the features of the run are kept.

    Raises:
        RunError: Backbone or heads are not the same here any more.
        RecipeError: The run fixed no threshold.
        WeightsError: The backbone is not available here.
    """
    check_recipe(past.recipe)
    told, choice = _choose(past, options.backbone)
    network = _find_backbone(past, told, LocalWeights(context.cache_dir, options.weights_dir))
    heads, decisions = _train_again(past, told, network, context)
    _check_same(told, decisions)
    return assemble(
        past.cohort,
        past.folds.groups,
        network,
        heads,
        decisions,
        context,
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


def _find_backbone(past: PastRun, told: PastBackbone, local_weights: LocalWeights) -> Backbone:
    name, title = told.name, told.title
    if name not in CATALOG:
        raise RunError(
            f"The run used the model file {name}, and does not say where it lies.",
            fix="Train on the films: `hilum train DATA --backbone onnx:PATH`.",
        )
    (found,), _ = choose_backbones([name], local_weights, allows_unverified=not told.is_verified)
    network = fed_as(past.recipe, found)
    if graph_key(network) != past.graphs.get(name):
        raise RunError(
            f"{title} would not be the same network here: its weights, Keras, OpenVINO or Hilum "
            "have changed since the run.",
            fix=_AGAIN,
        )
    return network


def _train_again(
    past: PastRun, told: PastBackbone, network: Backbone, context: StudyContext
) -> tuple[TrainedHeads, Decisions]:
    cohort, folds = past.cohort, past.folds
    views = rotated_views(past.recipe.rotated_views, past.seed)
    extraction = context.extract(cohort.films, network, views)
    if extraction.unreadable:
        raise RunError("A film of the run cannot be read any more.", fix=_AGAIN)
    context.watcher.begin(f"{network.title}: heads", "heads")
    heads = train_heads(
        extraction.table.values,
        cohort.y,
        folds.splits,
        past.recipe.head,
        n_classes=len(cohort.classes),
        seed=past.seed,
        keeps_weights=True,
        on_progress=context.watcher.advance,
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
    context.watcher.end(f"{len(folds.splits)} heads")
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

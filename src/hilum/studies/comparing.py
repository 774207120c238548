"""The main job: which backbone separates the classes of a cohort, and how sure is it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hilum.auditing.twins import Twin
from hilum.backbones.compiling import Output, graph_key
from hilum.backbones.engine import Engine, open_engine
from hilum.backbones.records import fed_differently
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.cohort.manifest import Cohort
from hilum.evaluation.comparing import compare_pairs
from hilum.evaluation.evaluating import evaluate
from hilum.features.extraction import ExtractionCost, FeatureTable
from hilum.features.masks import find_masks
from hilum.features.views import rotated_views
from hilum.heads.training import train_heads
from hilum.memory import peak_rss_bytes
from hilum.settings import default_cache_dir
from hilum.studies.comparison import (
    BackboneResult,
    Comparison,
    Recipe,
    Seconds,
    WeightsRecord,
)
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork, lay_ground, survey_films
from hilum.studies.plans import ShortcutPlan, StudyPlan
from hilum.studies.preparing import check_cache, choose_backbones, draw_folds, hash_cohort
from hilum.studies.provenance import describe_run
from hilum.studies.recipes import find_recipe
from hilum.studies.scrutiny import audit_study, check_labels_agree
from hilum.studies.shortcuts import Champion
from hilum.studies.watching import Silence, Watcher


def compare(
    cohort: Cohort,
    *,
    positive: str | None = None,
    backbones: Sequence[str] | None = None,
    recipe: str | Recipe = "hilum",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    weights_dir: str | Path | None = None,
    allows_unverified_weights: bool = False,
    probes: bool = True,
    masks: str | Path | None = None,
    engine: Callable[[Backbone, Path, Output], Engine] = open_engine,
    watcher: Watcher | None = None,
    command_line: tuple[str, ...] = (),
) -> Comparison:
    """Compare pretrained backbones as frozen feature extractors on a cohort.

    Args:
        cohort: The films and their labels.
        positive: The class that sensitivity speaks of; may be left out where one of
            two classes is plainly without disease.
        backbones: Names from the catalog; all that are available if not given.
        recipe: How to split and train: a name or a changed recipe.
        seed: Where every draw begins: folds, angles, heads, bootstrap.
        cache_dir: Where graphs and features are kept; the user's cache if not given.
        weights_dir: A folder of weight files placed by hand; that of HILUM_WEIGHTS_DIR
            if not given. Weights are looked for in the cache as well.
        allows_unverified_weights: Run named backbones on weights that are not the
            published ones; titles, verdict and report say so.
        probes: Try what parts of the films predict by themselves: frame, centre, blur.
            Without them the verdict is `limited` at best.
        masks: A folder of lung masks, named as the films are and ending in `.png`; the
            lungs alone, and the films without them, are then tried as well.
        engine: Opens a backbone.
        watcher: Told what is going on.
        command_line: Kept in the provenance.

    Returns:
        The finished study; `hilum.save_run` writes it to a folder.

    Raises:
        CohortError: The films cannot be compared.
        PositiveClassError: It cannot be told which class is meant.
        FoldsError: A class is too small for the folds.
        UnknownBackboneError: A name is in no catalog.
        WeightsError: A named backbone is not available here.
        UntrustedModelError: A weight file or model file is not what it should be.
        RecipeError: There is no such recipe, or the seed is negative.
        CacheError: The cache folder cannot be written, or has no room.
    """
    return run_study(
        cohort,
        StudyPlan(
            positive=cohort.positive_class(positive),
            recipe=find_recipe(recipe) if isinstance(recipe, str) else recipe,
            seed=seed,
            backbones=backbones,
            weights_dir=None if weights_dir is None else Path(weights_dir),
            allows_unverified_weights=allows_unverified_weights,
            shortcuts=ShortcutPlan(
                has_probes=probes,
                masks={} if masks is None else find_masks(cohort.films, Path(masks)),
            ),
            command_line=command_line,
        ),
        Workshop(
            Path(cache_dir) if cache_dir is not None else default_cache_dir(),
            engine,
            watcher or Silence(),
        ),
    )


def run_study(
    cohort: Cohort, plan: StudyPlan, workshop: Workshop, *, twins: Sequence[Twin] | None = None
) -> Comparison:
    """Run one study to its end; see `compare`.

    Args:
        cohort: The films and their labels.
        plan: What is studied, and how.
        workshop: Where features are computed.
        twins: Films known to be one film, from an earlier study of the same films.
    """
    recipe, seed = plan.recipe, plan.seed
    chosen, unavailable = choose_backbones(
        plan.backbones,
        WeightsShelf(workshop.cache_dir, plan.weights_dir),
        allows_unverified=plan.allows_unverified_weights,
    )
    chosen = tuple(_fed_as(recipe, backbone) for backbone in chosen)
    check_labels_agree(cohort)
    check_cache(workshop.cache_dir)
    draw_folds(cohort, recipe, seed)  # fails before any work, not after it

    views = rotated_views(recipe.rotated_views, seed)
    survey, costs = survey_films(cohort, chosen, views, workshop, twins)
    ground = lay_ground(survey, plan)
    cohort, folds = ground.cohort, ground.folds
    results = []
    for backbone, cost in zip(chosen, costs, strict=True):
        table = workshop.recall(cohort.films, backbone, views)
        results.append(judge_backbone(ground, backbone, table, cost, workshop.watcher))
    results.sort(key=_rank)
    leader = next((result for result in results if result.weights.is_verified), results[0])
    champion = Champion(next(b for b in chosen if b.name == leader.name), leader.heads)
    return Comparison(
        cohort=cohort,
        positive=plan.positive,
        recipe=recipe,
        seed=seed,
        folds=folds,
        backbones=tuple(results),
        comparisons=compare_pairs(
            {result.name: result.evaluation for result in results},
            cohort.y,
            positive=ground.positive_index,
            groups=folds.groups,
        ),
        unavailable=unavailable,
        audit=audit_study(ground, champion, results, plan.shortcuts, workshop),
        provenance=describe_run(plan.command_line)
        | {
            "films_sha256": hash_cohort(cohort),
            "graphs": {backbone.name: graph_key(backbone) for backbone in chosen},
            "split_seed": seed if recipe.split_seed is None else recipe.split_seed,
        },
        peak_rss_bytes=peak_rss_bytes(),
    )


def _fed_as(recipe: Recipe, backbone: Backbone) -> Backbone:
    """Give a backbone the input and pooling that the recipe asks for."""
    record = fed_differently(
        backbone.record, size_px=recipe.input_px, scaling=recipe.scaling, pooling=recipe.pooling
    )
    return replace(backbone, record=record)


def judge_backbone(
    ground: Groundwork,
    backbone: Backbone,
    table: FeatureTable,
    cost: ExtractionCost,
    watcher: Watcher,
) -> BackboneResult:
    """Train all heads of one backbone and measure them on films they never saw."""
    cohort, folds = ground.cohort, ground.folds
    watcher.begin(f"{backbone.title}: heads", "heads")
    heads = train_heads(
        table.values,
        cohort.y,
        folds.splits,
        ground.recipe.head,
        n_classes=len(cohort.classes),
        seed=ground.seed,
        on_progress=watcher.advance,
    )
    evaluation = evaluate(
        heads.scores,
        cohort.y,
        folds.splits,
        positive=ground.positive_index,
        groups=folds.groups,
        rng=ground.rng(),
    )
    n_heads = len(folds.splits)
    watcher.end(
        f"{n_heads} head{'s' if n_heads > 1 else ''}, "
        f"accuracy {evaluation.metrics['accuracy'].value:.3f}"
    )
    record = backbone.record
    return BackboneResult(
        name=backbone.name,
        title=backbone.title,
        parameters=record.parameters,
        size_px=record.input.size_px,
        feature_width=record.feature_width,
        weights=WeightsRecord.of(backbone),
        heads=heads,
        evaluation=evaluation,
        seconds=Seconds(extract=cost.seconds, train=heads.seconds),
        views_per_second=cost.views_per_second,
    )


def _rank(result: BackboneResult) -> tuple[float, float, int]:
    metrics = result.evaluation.metrics
    return -metrics["accuracy"].value, -metrics["auroc"].value, result.parameters

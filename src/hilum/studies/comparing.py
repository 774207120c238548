"""The main job: which backbone separates the classes of a cohort, and how sure is it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hilum.backbones.compiling import Output, graph_key
from hilum.backbones.engine import Engine, open_engine
from hilum.backbones.records import fed_differently
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds
from hilum.errors import FilmChangedError, RecipeError
from hilum.evaluation.comparing import compare_pairs
from hilum.evaluation.evaluating import evaluate
from hilum.features.extraction import (
    Extraction,
    ExtractionCost,
    FeatureTable,
    extract_features,
)
from hilum.heads.training import train_heads
from hilum.memory import peak_rss_bytes
from hilum.settings import default_cache_dir
from hilum.studies.checking import check_cohort, check_labels_agree, give_verdict
from hilum.studies.comparison import (
    BackboneResult,
    Comparison,
    Recipe,
    Seconds,
    WeightsRecord,
)
from hilum.studies.preparing import check_cache, choose_backbones, draw_folds, hash_cohort
from hilum.studies.provenance import describe_run
from hilum.studies.recipes import find_recipe
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
    watcher = watcher or Silence()
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    if seed < 0:
        raise RecipeError(f"The seed is {seed}.", fix="Give 0 or more.")
    positive = cohort.positive_class(positive)
    shelf = WeightsShelf(cache, None if weights_dir is None else Path(weights_dir))
    chosen, unavailable = choose_backbones(
        backbones, shelf, allows_unverified=allows_unverified_weights
    )
    chosen = tuple(_fed_as(recipe, backbone) for backbone in chosen)
    check_labels_agree(cohort)
    check_cache(cache)
    draw_folds(cohort, recipe, seed)  # fails before any work, not after it

    costs = []
    for backbone in chosen:
        extraction = _extract(cohort, backbone, recipe, seed, cache, engine, watcher)
        cohort = cohort.without(extraction.unreadable)
        costs.append(extraction.cost)
        del extraction  # one backbone's features in memory at a time

    folds = draw_folds(cohort, recipe, seed)
    results = []
    for backbone, cost in zip(chosen, costs, strict=True):
        stored = _extract(cohort, backbone, recipe, seed, cache, engine, Silence())
        if stored.unreadable:  # only if a shard was damaged and its film changed, both just now
            raise FilmChangedError("Films changed while the study ran.", fix="Run the study again.")
        results.append(
            _judge(cohort, positive, folds, recipe, seed, backbone, stored.table, cost, watcher)
        )
    results.sort(key=_rank)
    return Comparison(
        cohort=cohort,
        positive=positive,
        recipe=recipe,
        seed=seed,
        folds=folds,
        backbones=tuple(results),
        comparisons=compare_pairs(
            {result.name: result.evaluation for result in results},
            cohort.y,
            positive=cohort.classes.index(positive),
            groups=folds.groups,
        ),
        unavailable=unavailable,
        findings=check_cohort(cohort, folds),
        verdict=give_verdict(cohort, folds, results),
        provenance=describe_run(command_line)
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


def _extract(
    cohort: Cohort,
    backbone: Backbone,
    recipe: Recipe,
    seed: int,
    cache: Path,
    engine: Callable[[Backbone, Path, Output], Engine],
    watcher: Watcher,
) -> Extraction:
    watcher.begin(f"{backbone.title}: features", "views")
    extraction = extract_features(
        cohort.films,
        backbone,
        n_rotated=recipe.rotated_views,
        seed=seed,
        cache_dir=cache,
        engine=engine,
        on_progress=watcher.advance,
    )
    n_films, n_views, _ = extraction.table.values.shape
    n_stored = n_films * n_views - extraction.cost.n_computed
    watcher.end(
        f"{n_films * n_views} views of {n_films} films, {extraction.cost.n_computed} computed, "
        f"{max(n_stored, 0)} from the store"
    )
    return extraction


def _judge(
    cohort: Cohort,
    positive: str,
    folds: Folds,
    recipe: Recipe,
    seed: int,
    backbone: Backbone,
    table: FeatureTable,
    cost: ExtractionCost,
    watcher: Watcher,
) -> BackboneResult:
    """Train all heads of one backbone and measure them on films they never saw."""
    watcher.begin(f"{backbone.title}: heads", "heads")
    heads = train_heads(
        table.values,
        cohort.y,
        folds.splits,
        recipe.head,
        n_classes=len(cohort.classes),
        seed=seed,
        on_progress=watcher.advance,
    )
    evaluation = evaluate(
        heads.scores,
        cohort.y,
        folds.splits,
        positive=cohort.classes.index(positive),
        groups=folds.groups,
        rng=np.random.default_rng(seed),
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

"""The main job: which backbone separates the classes of a cohort, and how sure is it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hilum.backbones.catalog import CATALOG, BackboneRecord, find_backbone
from hilum.backbones.engine import Engine, open_engine
from hilum.backbones.weights import find_weights, verify_weights
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds, repeated_folds, single_split
from hilum.errors import WeightsError
from hilum.evaluation.comparing import compare_pairs
from hilum.evaluation.evaluating import evaluate
from hilum.features.extraction import Extraction, extract_features
from hilum.heads.training import train_heads
from hilum.settings import default_cache_dir
from hilum.studies.checking import check_cohort, check_labels_agree, give_verdict
from hilum.studies.comparison import (
    BackboneResult,
    Comparison,
    Recipe,
    Seconds,
    Unavailable,
    WeightsRecord,
)
from hilum.studies.provenance import describe_run, peak_rss_bytes
from hilum.studies.recipes import find_recipe
from hilum.studies.watching import Silence, Watcher

PAPER_SEED = 42
"""The split of the paper's ancestor."""


def compare(
    cohort: Cohort,
    *,
    positive: str | None = None,
    backbones: Sequence[str] | None = None,
    recipe: str | Recipe = "hilum",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    engine: Callable[[BackboneRecord, Path], Engine] = open_engine,
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
        RecipeError: There is no such recipe.
    """
    watcher = watcher or Silence()
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    positive = cohort.positive_class(positive)
    records, unavailable = choose_backbones(backbones)
    check_labels_agree(cohort)
    _draw_folds(cohort, recipe, seed)  # fails before any work, not after it

    extractions: list[tuple[BackboneRecord, Extraction]] = []
    for record in records:
        extraction = _extract(cohort, record, recipe, seed, cache, engine, watcher)
        cohort = cohort.without(extraction.unreadable)
        extractions.append((record, extraction))

    folds = _draw_folds(cohort, recipe, seed)
    results = [
        _judge(cohort, positive, folds, recipe, seed, record, extraction, watcher)
        for record, extraction in extractions
    ]
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
        findings=check_cohort(cohort),
        verdict=give_verdict(cohort, recipe),
        provenance=describe_run(command_line),
        peak_rss_bytes=peak_rss_bytes(),
    )


def choose_backbones(
    names: Sequence[str] | None,
) -> tuple[tuple[BackboneRecord, ...], tuple[Unavailable, ...]]:
    """Find the backbones to run, before any work starts.

    Args:
        names: Those that must run; None for all that can.

    Returns:
        The records, and those that cannot take part.

    Raises:
        UnknownBackboneError: A name is in no catalog.
        WeightsError: A named backbone is not available, or none is.
    """
    if names is not None:
        records = tuple(dict.fromkeys(find_backbone(name) for name in names))
        for record in records:
            verify_weights(find_weights(record), record.weights)
        return records, ()
    available, unavailable = [], []
    for record in CATALOG.values():
        try:
            verify_weights(find_weights(record), record.weights)
            available.append(record)
        except WeightsError as error:
            unavailable.append(Unavailable(record.name, str(error)))
    if not available:
        raise WeightsError(
            "No backbone is available: " + " ".join(absent.why for absent in unavailable),
            fix="Install Hilum again; its default backbones come with it.",
        )
    return tuple(available), tuple(unavailable)


def _draw_folds(cohort: Cohort, recipe: Recipe, seed: int) -> Folds:
    if recipe.folds == 0:
        return single_split(cohort.y, seed=PAPER_SEED, class_names=cohort.classes)
    return repeated_folds(
        cohort.y,
        group_films(cohort),
        n_folds=recipe.folds,
        n_repeats=recipe.repeats,
        seed=seed,
        class_names=cohort.classes,
    )


def _extract(
    cohort: Cohort,
    record: BackboneRecord,
    recipe: Recipe,
    seed: int,
    cache: Path,
    engine: Callable[[BackboneRecord, Path], Engine],
    watcher: Watcher,
) -> Extraction:
    watcher.begin(f"{record.title}: features", "views")
    extraction = extract_features(
        cohort.films,
        record,
        n_rotated=recipe.rotated_views,
        seed=seed,
        cache_dir=cache,
        engine=engine,
        on_progress=watcher.advance,
    )
    n_views = extraction.table.values.shape[0] * extraction.table.values.shape[1]
    watcher.end(
        f"{n_views} views of {len(extraction.table.film_ids)} films, "
        f"{extraction.n_computed} computed, {n_views - extraction.n_computed} from the store"
    )
    return extraction


def _judge(
    cohort: Cohort,
    positive: str,
    folds: Folds,
    recipe: Recipe,
    seed: int,
    record: BackboneRecord,
    extraction: Extraction,
    watcher: Watcher,
) -> BackboneResult:
    """Train all heads of one backbone and measure them on films they never saw."""
    # A later backbone may have met a film that an earlier one still had in the store.
    kept = {film.film_id for film in cohort.films}
    rows = [row for row, film_id in enumerate(extraction.table.film_ids) if film_id in kept]
    watcher.begin(f"{record.title}: heads", "heads")
    heads = train_heads(
        extraction.table.values[rows],
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
    accuracy = evaluation.metrics["accuracy"].value
    watcher.end(f"{len(folds.splits)} heads, accuracy {accuracy:.3f}")
    is_computed = extraction.n_computed > 0
    return BackboneResult(
        name=record.name,
        title=record.title,
        parameters=record.parameters,
        size_px=record.input.size_px,
        feature_width=record.feature_width,
        weights=WeightsRecord(
            origin=f"{record.weights.package.replace('_', '-')}, {record.weights.trained_on}",
            sha256=record.weights.sha256,
            licence=record.weights.licence,
        ),
        heads=heads,
        evaluation=evaluation,
        seconds=Seconds(extract=extraction.seconds, train=heads.seconds),
        films_per_second=extraction.n_computed / extraction.compute_seconds
        if is_computed
        else None,
    )


def _rank(result: BackboneResult) -> tuple[float, float, int]:
    metrics = result.evaluation.metrics
    return -metrics["accuracy"].value, -metrics["auroc"].value, result.parameters

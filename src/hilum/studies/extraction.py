"""How a study reads films and computes features: cache, engine and progress in one context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from hilum.backbones import Backbone, Engine, Output, open_engine
from hilum.cohort import Cohort, Film
from hilum.errors import FilmChangedError
from hilum.features import (
    Extraction,
    ExtractionCost,
    FeatureTable,
    FilmTraits,
    FilmViews,
    extract_features,
    measure_traits,
)
from hilum.folds import Split
from hilum.heads import HeadRecipe, TrainedHeads, load_or_train_heads, train_heads
from hilum.machine import default_cache_dir
from hilum.studies.options import PlaceOptions
from hilum.studies.progress import Silence, Watcher


@dataclass(frozen=True)
class StudyContext:
    """What every stage needs to read films: cache, engine, and who hears of the progress.

    Attributes:
        cache_dir: Hilum's cache folder.
        engine: Opens a backbone.
        watcher: Hears of each stage.
        command_line: Kept in the provenance; empty for a run from Python.
    """

    cache_dir: Path
    engine: Callable[[Backbone, Path, Output], Engine]
    watcher: Watcher
    command_line: tuple[str, ...] = ()

    def quiet(self) -> StudyContext:
        """Return the same context, with nothing reported."""
        return replace(self, watcher=Silence())

    def measure_traits(self, cohort: Cohort) -> tuple[Cohort, FilmTraits]:
        """Decode every film once, and measure what it tells without a network.

        Returns:
            The cohort without the films that cannot be read, and the others' traits.
        """
        self.watcher.begin("Films", "films")
        measured = measure_traits(
            cohort.films, cache_dir=self.cache_dir, on_progress=self.watcher.advance
        )
        n_known = len(cohort) - measured.n_measured
        self.watcher.end(
            f"{len(cohort)} films, {measured.n_measured} read, {max(n_known, 0)} from the store"
        )
        return cohort.without(measured.unreadable), measured.film_traits

    def store_features(
        self,
        cohort: Cohort,
        backbones: Sequence[Backbone],
        views: FilmViews,
        *,
        output: Output = "features",
    ) -> tuple[Cohort, tuple[ExtractionCost, ...]]:
        """Have every backbone's features computed and stored, one backbone after another.

        Returns:
            The cohort without the films that turned out unreadable, and what each
            backbone cost.
        """
        costs = []
        for backbone in backbones:
            extraction = self.extract(cohort.films, backbone, views, output=output)
            cohort = cohort.without(extraction.unreadable)
            costs.append(extraction.cost)
            del extraction  # one backbone's features in memory at a time
        return cohort, tuple(costs)

    def load_features(
        self,
        films: Sequence[Film],
        backbone: Backbone,
        views: FilmViews,
        *,
        output: Output = "features",
    ) -> FeatureTable:
        """Load features that were stored before.

        Raises:
            FilmChangedError: A shard was damaged and its film changed, both just now.
        """
        stored = self.quiet().extract(films, backbone, views, output=output)
        if stored.unreadable:
            raise FilmChangedError("Films changed while the study ran.", fix="Run the study again.")
        return stored.table

    def extract(
        self,
        films: Sequence[Film],
        backbone: Backbone,
        views: FilmViews,
        *,
        output: Output = "features",
        stage: str | None = None,
    ) -> Extraction:
        """Compute one backbone's features, or load those that are stored, and report it."""
        what = "features" if output == "features" else "names"
        self.watcher.begin(stage or f"{backbone.title}: {what}", "views")
        extraction = extract_features(
            films,
            backbone,
            views=views,
            cache_dir=self.cache_dir,
            output=output,
            engine=self.engine,
            on_progress=self.watcher.advance,
        )
        n_films, n_views, _ = extraction.table.values.shape
        n_stored = n_films * n_views - extraction.cost.n_computed
        self.watcher.end(
            f"{n_films * n_views} views of {n_films} films, {extraction.cost.n_computed} computed, "
            f"{max(n_stored, 0)} from the store"
        )
        return extraction

    def train_heads(
        self,
        features: Float32[np.ndarray, "films views width"],
        y: Int[np.ndarray, " films"],
        splits: Sequence[Split],
        recipe: HeadRecipe,
        *,
        n_classes: int,
        seed: int,
        keeps_weights: bool = False,
    ) -> TrainedHeads:
        """Train heads and report it, or load what was trained before; see `hilum.heads`.

        Weights are not stored: heads whose weights are wanted are trained.
        """
        if keeps_weights:
            return train_heads(
                features,
                y,
                splits,
                recipe,
                n_classes=n_classes,
                seed=seed,
                keeps_weights=True,
                on_progress=self.watcher.advance,
            )
        return load_or_train_heads(
            self.cache_dir,
            features,
            y,
            splits,
            recipe,
            n_classes=n_classes,
            seed=seed,
            on_progress=self.watcher.advance,
        )


def open_context(
    options: PlaceOptions,
    *,
    engine: Callable[[Backbone, Path, Output], Engine] = open_engine,
    watcher: Watcher | None = None,
    command_line: tuple[str, ...] = (),
) -> StudyContext:
    """Open the context that the options ask for.

    Args:
        options: They name the cache folder, and the watcher.
        engine: Opens a backbone.
        watcher: In place of the one that the options name.
        command_line: Kept in the provenance.
    """
    cache_dir = default_cache_dir() if options.cache_dir is None else Path(options.cache_dir)
    return StudyContext(cache_dir, engine, watcher or options.progress or Silence(), command_line)

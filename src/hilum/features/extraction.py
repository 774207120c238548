"""Feature extraction: from films on disk to features in memory, each computed at most once.

Reading, resizing and rotating run in threads while the backbone computes. Finished features
go to the store in shards, so an interrupted extraction loses one shard at most.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from hilum.backbones import N_CLASSES, Backbone, Engine, Output, graph_key, open_engine, release
from hilum.cohort import Exclusion, Film, load_registered
from hilum.disk import nearest_folder
from hilum.errors import CacheError, FilmError
from hilum.features.store import FeatureKey, FeatureStore, stored_in_shards
from hilum.features.views import UPRIGHT, VIEWS_VERSION, FilmViews, View, render_views
from hilum.films import READING_VERSION, decode_film
from hilum.machine import map_ahead

_GRAPH_BYTES_PER_PARAMETER = 8
"""Disk space for a graph beside the features: its weights, twice while they are written."""

Progress = Callable[[int, int], None]
"""Called with the number of views done and the number in all."""


@dataclass(frozen=True)
class FeatureTable:
    """Features that one backbone gives to every readable film.

    Attributes:
        backbone: Name of the backbone.
        film_ids: Row order.
        values: Features of each view of each film, in the order of the views.
    """

    backbone: str
    film_ids: tuple[str, ...]
    values: Float32[np.ndarray, "films views width"]


@dataclass(frozen=True)
class ExtractionCost:
    """What an extraction took.

    Attributes:
        n_computed: Views that the backbone ran on; the others were stored already.
        seconds: Wall-clock time, loading the backbone included.
        compute_seconds: The part from the first film read to the last shard stored.
    """

    n_computed: int
    seconds: float
    compute_seconds: float

    @property
    def views_per_second(self) -> float | None:
        """Views computed per second; None if all were stored."""
        return self.n_computed / self.compute_seconds if self.n_computed else None


@dataclass(frozen=True)
class Extraction:
    """A feature table and what it took.

    Attributes:
        table: Features of the films that could be read.
        unreadable: The films that could not, each with its reason.
        cost: What it took.
    """

    table: FeatureTable
    unreadable: tuple[Exclusion, ...]
    cost: ExtractionCost


def extract_features(
    films: Sequence[Film],
    backbone: Backbone,
    *,
    views: FilmViews,
    cache_dir: Path,
    output: Output = "features",
    engine: Callable[[Backbone, Path, Output], Engine] = open_engine,
    on_progress: Progress | None = None,
) -> Extraction:
    """Load or compute the features of every film's views.

    A film that cannot be read is listed and left out.

    Args:
        films: Rows of the cohort.
        backbone: The backbone, its weights verified.
        views: Gives the wanted views of a film, equally many for each.
        cache_dir: Hilum's cache folder.
        output: The pooled features, or the probabilities of the ImageNet classes.
        engine: Opens the backbone; called only if features are missing.
        on_progress: Called while the backbone runs.

    Raises:
        CompilingError: The backbone's graph could not be made.
        CacheError: The features cannot be stored.
    """
    started = time.perf_counter()
    width = backbone.record.feature_width if output == "features" else N_CLASSES
    store = FeatureStore(_store_folder(backbone, cache_dir, output), width)
    places = _Places(films, views)
    values = np.empty((len(films), places.n_views, width), np.float32)
    for key, vector in store.load(places.cells):
        places.fill(values, key, vector)
    missing = places.missing()
    unreadable: dict[str, FilmError] = {}
    n_computed, compute_seconds = 0, 0.0
    if missing:
        n_missing = sum(len(wanted) for _, wanted in missing)
        graph_bytes = _GRAPH_BYTES_PER_PARAMETER * backbone.record.parameters
        _check_space(cache_dir, round(1.5 * 4 * n_missing * width) + graph_bytes)
        opened = engine(backbone, cache_dir, output)
        first_film = time.perf_counter()
        for key, vector in stored_in_shards(_compute(missing, opened, unreadable), store.add):
            places.fill(values, key, vector)
            n_computed += 1
            if on_progress:
                on_progress(n_computed, n_missing)
        compute_seconds = time.perf_counter() - first_film
    is_readable = np.array([film.sha256 not in unreadable for film in films])
    return Extraction(
        table=FeatureTable(
            backbone.name,
            tuple(film.film_id for film in films if film.sha256 not in unreadable),
            values if is_readable.all() else values[is_readable],
        ),
        unreadable=Exclusion.from_errors(films, unreadable),
        cost=ExtractionCost(n_computed, time.perf_counter() - started, compute_seconds),
    )


class _Places:
    """Cells of the table for each film's views, and which of them are still empty."""

    def __init__(self, films: Sequence[Film], views: FilmViews) -> None:
        self._views = {film.sha256: views(film) for film in films}
        self._films = {film.sha256: film for film in films}
        self.cells: dict[FeatureKey, list[tuple[int, int]]] = {}
        for row, film in enumerate(films):
            for column, view in enumerate(self._views[film.sha256]):
                # Identical films share a key; each has its own cell.
                self.cells.setdefault((film.sha256, view.key), []).append((row, column))
        self._empty = set(self.cells)

    @property
    def n_views(self) -> int:
        """Number of views of each film."""
        return len(next(iter(self._views.values()), ()))

    def fill(
        self,
        values: Float32[np.ndarray, "films views width"],
        key: FeatureKey,
        vector: Float32[np.ndarray, " width"],
    ) -> None:
        for cell in self.cells[key]:
            values[cell] = vector
        self._empty.discard(key)

    def missing(self) -> list[tuple[Film, tuple[View, ...]]]:
        """List the films to read, each once, with the views to draw."""
        films = []
        for sha256, film in self._films.items():
            views = [view for view in self._views[sha256] if (sha256, view.key) in self._empty]
            if views:
                films.append((film, tuple(dict.fromkeys(views))))
        return films


def _store_folder(backbone: Backbone, cache_dir: Path, output: Output) -> Path:
    """Return the folder of all features that are computed in the same way."""
    parts = {
        "graph": graph_key(backbone, output),
        "reading": READING_VERSION,
        "views": VIEWS_VERSION,
        # Its resampling and its JPEG decoder decide the last bit of a picture.
        "pillow": release("pillow"),
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    return cache_dir / "features" / f"{backbone.name}-{digest}"


def _check_space(cache_dir: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(nearest_folder(cache_dir)).free
    if free < n_bytes:
        raise CacheError(
            f"Graph and features need {n_bytes / 1e6:.1f} MB and the cache's disk has "
            f"{free / 1e6:.1f} MB left.",
            fix="Free some space, or name another folder with --cache-dir.",
        )


def _compute(
    films: Sequence[tuple[Film, tuple[View, ...]]],
    engine: Engine,
    unreadable: dict[str, FilmError],
) -> Iterator[tuple[FeatureKey, Float32[np.ndarray, " width"]]]:
    """Run the backbone over films, reading ahead; `unreadable` collects the errors of others."""
    keys: deque[FeatureKey] = deque()

    def pictures() -> Iterator[UInt8[np.ndarray, "size size"]]:
        for (film, views), drawn in map_ahead(
            lambda item: _draw(item[0], item[1], engine.size_px), films
        ):
            if isinstance(drawn, FilmError):
                unreadable[film.sha256] = drawn
                continue
            for view, picture in zip(views, drawn, strict=True):
                keys.append((film.sha256, view.key))
                yield picture

    for vector in engine.features(pictures()):
        yield keys.popleft(), vector


def stream_maps(
    films: Sequence[Film], engine: Engine
) -> Iterator[tuple[Film, Float32[np.ndarray, "rows columns channels"]]]:
    """Yield the last feature map of each upright film, one at a time: together they are large.

    Args:
        films: Each is read once; one that can no longer be read is passed over.
        engine: Yields maps.

    Raises:
        ValueError: It yields none.
    """
    if engine.map_shape is None:
        raise ValueError("this engine yields no feature maps")
    unreadable: dict[str, FilmError] = {}
    by_hash = {film.sha256: film for film in films}
    wanted = [(film, (UPRIGHT,)) for film in by_hash.values()]
    for (sha256, _), vector in _compute(wanted, engine, unreadable):
        yield by_hash[sha256], vector.reshape(*engine.map_shape, -1)


def _draw(
    film: Film, views: tuple[View, ...], size_px: int
) -> list[UInt8[np.ndarray, "size size"]] | FilmError:
    """Read a film and draw its views; for an unreadable one, return the error."""
    try:
        data = load_registered(film)
        image = decode_film(data, suffix=film.path.suffix, at_least_px=size_px)
        return render_views(image.pixels, views, size_px)
    except FilmError as error:
        return error

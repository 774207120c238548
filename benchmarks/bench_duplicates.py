"""Copies planted in the public films: how many are found, and what is found beside them.

Run as `python -m benchmarks.bench_duplicates [FOLDER]`; FOLDER receives a picture of each pair of
different files that is taken for one film. Look at them: public sets hold true copies.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.films import public_folder
from benchmarks.planting_duplicates import KINDS, plant
from hilum.backbones.catalog import CATALOG
from hilum.backbones.weights import LocalWeights
from hilum.cohort.films import Film
from hilum.duplicates.duplicates import Duplicate, find_duplicates, join_duplicates
from hilum.features.extraction import extract_features
from hilum.features.traits import FilmTraits, measure_traits
from hilum.features.views import rotated_views
from hilum.films.film import is_film_name, read_film
from hilum.folds.groups import join_by_keys

COHORTS = ("paper-cohort", "radiography", "darkcovidnet", "cohen/images")
N_COPIES = 100
"""Of each kind in each cohort."""

SHOWN_PX = 400


@dataclass(frozen=True)
class Looked:
    """Films and what was seen in them."""

    films: tuple[Film, ...]
    film_traits: FilmTraits
    features: np.ndarray


def look(paths: Sequence[Path], cache: Path) -> Looked:
    films = tuple(_register(path) for path in paths)
    measured = measure_traits(films, cache_dir=cache)
    extraction = extract_features(
        films,
        LocalWeights(cache).find(CATALOG["efficientnet-lite0"]),
        views=rotated_views(0, seed=0),
        cache_dir=cache,
    )
    assert not measured.unreadable
    assert not extraction.unreadable
    return Looked(films, measured.film_traits, extraction.table.values)


def _register(path: Path) -> Film:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Film(sha256[:12], path, sha256, "film")


def together(films: Looked, copies: Looked) -> Looked:
    one, other = films.film_traits, copies.film_traits
    film_traits = FilmTraits(
        one.traits + other.traits,
        np.concatenate([one.levels, other.levels]),
        np.concatenate([one.pictures, other.pictures]),
    )
    features = np.concatenate([films.features, copies.features])
    return Looked(films.films + copies.films, film_traits, features)


def find(looked: Looked) -> tuple[tuple[Duplicate, ...], float]:
    started = time.process_time()
    duplicates = find_duplicates(looked.films, looked.film_traits, looked.features)
    return duplicates, (time.process_time() - started) / len(looked.films)


def show(duplicates: Sequence[Duplicate], looked: Looked, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for duplicate in duplicates:
        pair = [looked.films[row].path for row in (duplicate.first, duplicate.second)]
        shown = [
            Image.fromarray(read_film(path).pixels).resize((SHOWN_PX, SHOWN_PX)) for path in pair
        ]
        stems = "-".join(path.stem[:40] for path in pair)
        name = f"{duplicate.correlation:.3f}-{duplicate.kind}-{stems}.png"
        Image.fromarray(np.hstack([np.asarray(picture) for picture in shown])).save(folder / name)


def measure(name: str, paths: Sequence[Path], cache: Path, shown: Path | None) -> dict[str, float]:
    films = look(paths, cache)
    already, seconds = find(films)
    n_films = len(films.films)
    print(
        f"{name}: {n_films} films, {len(already)} pairs of one film among them, "
        f"{1000 * seconds:.1f} ms of one core per film"
    )
    if shown is not None:
        show(already, films, shown / name)
    known = join_by_keys(range(n_films), join_duplicates(already, n_films))
    rows = np.unique(np.linspace(0, n_films - 1, min(N_COPIES, n_films)).astype(int))
    origins = np.concatenate([known, known[rows]])
    recalls, n_false, n_looked_at = {}, 0, 0
    for kind in KINDS:
        rng = np.random.default_rng(0)
        with tempfile.TemporaryDirectory() as folder:
            planted = [plant(kind, paths[row], Path(folder) / f"{row}", rng) for row in rows]
            both = together(films, look(planted, cache))
            duplicates, seconds = find(both)
            groups = join_by_keys(
                range(len(both.films)), join_duplicates(duplicates, len(both.films))
            )
            recalls[kind] = float(np.mean(groups[rows] == groups[n_films:]))
            false = [
                duplicate
                for duplicate in duplicates
                if origins[duplicate.first] != origins[duplicate.second]
            ]
            if shown is not None:
                show(false, both, shown / name / kind)
        n_false += len(false)
        n_looked_at += len(both.films)
        print(
            f"  {kind:26} {100 * recalls[kind]:5.1f} % found, {len(false)} other pairs, "
            f"{1000 * seconds:.1f} ms per film"
        )
    print(f"  pairs of different films per 300: {300 * n_false / n_looked_at:.2f}")
    return recalls


def main(shown: Path | None = None) -> dict[str, dict[str, float]]:
    print(f"Planted copies, up to {N_COPIES} of each kind at a time")
    root = public_folder()
    figures = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in COHORTS:
            paths = sorted(path for path in (root / name).rglob("*") if is_film_name(path))
            if paths:
                figures[name] = measure(name, paths, Path(cache), shown)
    return figures


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)

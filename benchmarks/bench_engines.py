"""Films per second through each of the six: our extraction against `predict` of Keras.

Keras runs on TensorFlow, JAX and PyTorch, each in an environment and a process of its
own, with the same weights, the same films from memory, and the batch size that suits
it. Turns alternate and one process works at a time. Ours is timed twice: with films
from memory as theirs, and from files to stored features, decoding included.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import (
    TITLES,
    Worker,
    environments_folder,
    find_environment,
    write_random_weights,
)
from benchmarks.films import generated_cohort, public_cohort
from hilum.backbones.catalog import PAPER_SIX, find_backbone
from hilum.backbones.engine import open_engine
from hilum.backbones.records import fed_differently
from hilum.backbones.weights import LocalWeights
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.cohort.registration import load_registered
from hilum.features.extraction import extract_features
from hilum.features.views import resize_film, rotated_views
from hilum.films.film import decode_film

SIZE_PX = 224
ROUNDS = 3
TURN_SECONDS = 5.0
"""What a turn of ours should take about; the others are given the same films."""

LONGEST_TURN_SECONDS = 12.0
"""A contender that would take longer is given fewer."""

STEP = 32
"""Films per turn are a multiple of it: whole batches for all."""

N_ROTATED = 0
"""Every film is then decoded for one picture only: the hardest case from files."""

TOLERANCE = 1e-3
TARGET = 1.25


@dataclass(frozen=True)
class Bench:
    """What all turns share: films as files and as an array, weights, and where to put things."""

    cohort: Cohort
    pictures: np.ndarray
    weights: Path
    scratch: Path

    @property
    def pictures_file(self) -> Path:
        return self.scratch / "films.npy"


class Ours:
    """One backbone in our engine, from memory or from files."""

    def __init__(self, name: str, bench: Bench) -> None:
        cache = bench.scratch / "cache"
        found = LocalWeights(cache, bench.weights).find(find_backbone(name), allows_unverified=True)
        self._backbone = replace(found, record=fed_differently(found.record, size_px=SIZE_PX))
        started = time.perf_counter()
        self._engine = open_engine(self._backbone, cache)
        self.opening_seconds = time.perf_counter() - started

    def features(self, pictures: np.ndarray) -> np.ndarray:
        return np.stack(list(self._engine.features(pictures)))

    def rate(self, pictures: np.ndarray) -> float:
        started = time.perf_counter()
        self.features(pictures)
        return len(pictures) / (time.perf_counter() - started)

    def rate_from_files(self, films: Sequence[Film]) -> float:
        with tempfile.TemporaryDirectory() as fresh:
            extraction = extract_features(
                films,
                self._backbone,
                views=rotated_views(N_ROTATED, seed=0),
                cache_dir=Path(fresh),
                engine=lambda backbone, folder, output: self._engine,
            )
        rate = extraction.cost.views_per_second
        assert rate is not None
        return rate


class Theirs:
    """The same backbone in Keras, in a process that has loaded it and warmed up."""

    def __init__(self, worker: Worker, name: str, bench: Bench) -> None:
        self._worker = worker
        features = bench.scratch / "features.npy"
        self.about = worker.ask(
            do="load",
            network=name,
            weights=str(bench.weights / find_backbone(name).weights.file),
            size_px=SIZE_PX,
            films=str(bench.pictures_file),
            features=str(features),
        )
        self.features = np.load(features)

    def rate(self, n_films: int) -> float:
        batch = self.about["batch"]
        longest = int(self.about["rate"] * LONGEST_TURN_SECONDS) // batch * batch
        n_films = max(min(n_films, longest), batch)
        return n_films / self._worker.ask(do="predict", films=n_films)["seconds"]


def read_pictures(cohort: Cohort) -> np.ndarray:
    """Decode and resize once, for everybody."""
    return np.stack(
        [
            resize_film(
                decode_film(
                    load_registered(film), suffix=film.path.suffix, at_least_px=SIZE_PX
                ).pixels,
                SIZE_PX,
            )
            for film in cohort.films
        ]
    )


def difference(features: np.ndarray, reference: np.ndarray) -> float:
    """Largest difference as a share of the largest feature; infinite where one is no number."""
    n_films = min(len(features), len(reference))
    gap = np.abs(features[:n_films] - reference[:n_films]).max() / np.abs(reference).max()
    return float(gap) if np.isfinite(gap) else math.inf


def measure(name: str, bench: Bench, workers: dict[str, Worker]) -> dict[str, Any]:
    ours = Ours(name, bench)
    reference = ours.features(bench.pictures[:STEP])
    turns = round(ours.rate(bench.pictures[:STEP]) * TURN_SECONDS / STEP)
    n_films = STEP * min(max(turns, 1), len(bench.pictures) // STEP)
    theirs = {backend: Theirs(worker, name, bench) for backend, worker in workers.items()}
    rates: dict[str, list[float]] = {key: [] for key in ("files", "memory", *theirs)}
    for _ in range(ROUNDS):
        rates["files"].append(ours.rate_from_files(bench.cohort.films[:n_films]))
        rates["memory"].append(ours.rate(bench.pictures[:n_films]))
        for backend, contender in theirs.items():
            rates[backend].append(contender.rate(n_films))
    return {
        "films": n_films,
        "opening_seconds": ours.opening_seconds,
        "rates": {key: statistics.median(found) for key, found in rates.items()},
        "difference": {
            backend: difference(contender.features, reference)
            for backend, contender in theirs.items()
        },
        "chosen": {backend: contender.about for backend, contender in theirs.items()},
    }


def print_head(backends: Iterable[str]) -> None:
    print("ours from files and from memory; of each other its rate, and ours as multiples of it")
    titles = "".join(f"{TITLES[backend]:>21}" for backend in backends)
    print(f"{'network':12} {'films':>5} {'files':>7} {'memory':>7}{titles}")


def print_row(name: str, figures: dict[str, Any]) -> None:
    rates = figures["rates"]
    row = f"{name:12} {figures['films']:5} {rates['files']:7.2f} {rates['memory']:7.2f}"
    notes = [f"ours opened in {figures['opening_seconds']:.1f} s, compiling included"]
    for backend, about in figures["chosen"].items():
        row += f"  {rates[backend]:7.2f} {rates['files'] / rates[backend]:5.2f}"
        row += f" {rates['memory'] / rates[backend]:5.2f}"
        gap = figures["difference"][backend]
        notes.append(
            f"{TITLES[backend]} in batches of {about['batch']}, "
            + (f"agrees to {gap:.0e}" if gap < TOLERANCE else f"DISAGREES by {gap:.0e}")
        )
    print(f"{row}\n{'':12} {'; '.join(notes)}", flush=True)


def print_means(figures: dict[str, dict[str, Any]], backends: Sequence[str]) -> dict[str, float]:
    means = {}
    for backend in backends:
        for way in ("files", "memory"):
            ratios = [row["rates"][way] / row["rates"][backend] for row in figures.values()]
            means[f"{way}/{backend}"] = statistics.geometric_mean(ratios)
            means[f"{way}/{backend}, least"] = min(ratios)
        target = f" (target {TARGET})" if backend == "tensorflow" else ""
        print(
            f"geometric mean over {TITLES[backend]}: from files {means[f'files/{backend}']:.2f}, "
            f"from memory {means[f'memory/{backend}']:.2f}{target}; least "
            f"{means[f'files/{backend}, least']:.2f} and {means[f'memory/{backend}, least']:.2f}"
        )
    return means


def main(names: Sequence[str] = PAPER_SIX) -> dict[str, dict[str, Any]]:
    print(f"Films per second at {SIZE_PX} px, random weights, against Keras's predict")
    with ExitStack() as stack:
        folder = stack.enter_context(environments_folder())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cohort = public_cohort("paper-cohort") or generated_cohort(scratch / "phantoms")
        weights = write_random_weights(names, folder)
        bench = Bench(cohort, read_pictures(cohort), weights, scratch)
        np.save(bench.pictures_file, bench.pictures)
        workers = {}
        for backend in TITLES:
            python = find_environment(backend, folder)
            if python:
                worker = Worker(python, "keras_predict.py", backend, scratch / f"{backend}.log")
                workers[backend] = stack.enter_context(closing(worker))
        print_head(workers)
        figures = {}
        for name in names:
            figures[name] = measure(name, bench, workers)
            print_row(name, figures[name])
        return figures | {"means": print_means(figures, list(workers))}


if __name__ == "__main__":
    main()

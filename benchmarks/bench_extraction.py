"""From files to stored features, against the bare compiled graph on arrays in memory."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.films import generated_cohort, public_cohort
from hilum.backbones.catalog import CATALOG
from hilum.backbones.compilation import compile_backbone
from hilum.backbones.engine import OpenVinoEngine
from hilum.backbones.weights import LocalWeights
from hilum.cohort.cohort import Cohort
from hilum.features.extraction import extract_features
from hilum.features.views import rotated_views

ROUNDS = 3
N_ROTATED = 2
TARGETS = {"radiography": 0.8, "paper-cohort": 0.7}


class BareGraph:
    """The same graph fed by OpenVINO's own asynchronous queue: nothing of ours around it."""

    def __init__(self, graph: Path, size_px: int) -> None:
        import openvino

        model = openvino.Core().read_model(graph / "graph.xml")
        model.remove_result(model.get_results()[1])
        model.reshape([4, size_px, size_px, 1])
        settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(model, "CPU", settings)
        self._queue = openvino.AsyncInferQueue(compiled)

    def rate(self, films: np.ndarray) -> float:
        started = time.perf_counter()
        for first in range(0, len(films), 4):
            self._queue.start_async({0: films[first : first + 4]}, share_inputs=True)
        self._queue.wait_all()
        return len(films) / (time.perf_counter() - started)


def engine_rate(engine: OpenVinoEngine, films: np.ndarray) -> float:
    started = time.perf_counter()
    for _ in engine.features(films[..., 0]):
        pass
    return len(films) / (time.perf_counter() - started)


def measure(name: str, cohort: Cohort, cache: Path, n_films: int = 160) -> dict[str, float]:
    backbone = LocalWeights(cache).find(CATALOG["efficientnet-lite0"])
    size_px = backbone.record.input.size_px
    graph = compile_backbone(backbone, cache)
    bare, engine = BareGraph(graph, size_px), OpenVinoEngine(graph)
    # Every other film, so that both classes take part.
    films = cohort.films[:: max(1, len(cohort.films) // n_films)][:n_films]
    rng = np.random.default_rng(0)
    shape = (len(films) * (N_ROTATED + 1) // 4 * 4, size_px, size_px, 1)
    arrays = rng.integers(0, 256, shape, dtype=np.uint8)
    bare.rate(arrays[:64])
    rates: dict[str, list[float]] = {"bare": [], "engine": [], "films": []}
    for _ in range(ROUNDS):
        rates["bare"].append(bare.rate(arrays))
        rates["engine"].append(engine_rate(engine, arrays))
        with tempfile.TemporaryDirectory() as fresh:
            extraction = extract_features(
                films,
                backbone,
                views=rotated_views(N_ROTATED, seed=0),
                cache_dir=Path(fresh),
                engine=lambda backbone, folder, output: engine,
            )
            rates["films"].append(extraction.cost.views_per_second)
    best = max(statistics.median(rates["bare"]), statistics.median(rates["engine"]))
    ratio = statistics.median(rates["films"]) / best
    print(
        f"{name:14} {statistics.median(rates['films']):6.1f} views/s from files to stored "
        f"features; bare graph {statistics.median(rates['bare']):6.1f} (asynchronous queue), "
        f"{statistics.median(rates['engine']):6.1f} (our engine); "
        f"ratio to the better one {ratio:.2f}"
        + (f" (target {TARGETS[name]})" if name in TARGETS else "")
    )
    return {"views_per_second": statistics.median(rates["films"]), "ratio": ratio}


def main() -> dict[str, dict[str, float]]:
    print("Extraction, EfficientNet-Lite0, upright and 2 rotated views per film")
    figures = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in TARGETS:
            cohort = public_cohort(name)
            if cohort is not None:
                figures[name] = measure(name, cohort, Path(cache))
        if not figures:
            cohort = generated_cohort(Path(cache) / "phantoms")
            figures["phantoms"] = measure("phantoms", cohort, Path(cache))
    return figures


if __name__ == "__main__":
    main()

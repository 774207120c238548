"""From the start of a process to the first feature vector, the graph being there already."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.environments import environments_folder, write_random_weights
from hilum.backbones.catalog import find_backbone
from hilum.backbones.engine import open_engine
from hilum.backbones.weights import LocalWeights

ROUNDS = 3
TARGET_SECONDS = {"VGG16": 2.0, "NASNetLarge": 6.0}


def infer(name: str, cache: Path, weights: Path) -> None:
    """The life of the process that is timed: prove the weights, load, run one film."""
    backbone = LocalWeights(cache, weights).find(find_backbone(name), allows_unverified=True)
    engine = open_engine(backbone, cache)
    film = np.zeros((engine.size_px, engine.size_px), np.uint8)
    vector = next(iter(engine.features([film])))
    print(len(vector), flush=True)


def time_start(name: str, cache: Path, weights: Path) -> float:
    """Seconds from asking for the process to its first answer."""
    command = [sys.executable, "-m", "benchmarks.bench_start", name, str(cache), str(weights)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        answer = process.stdout.readline()
        seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    assert int(answer) == find_backbone(name).feature_width
    return seconds


def main() -> dict[str, dict[str, float]]:
    print("From the start of a process to the first feature vector, at the network's own size")
    figures = {}
    with environments_folder() as folder, tempfile.TemporaryDirectory() as scratch:
        weights = write_random_weights(TARGET_SECONDS, folder)
        for name, target in TARGET_SECONDS.items():
            cache = Path(scratch) / name
            first = time_start(name, cache, weights)
            again = statistics.median(time_start(name, cache, weights) for _ in range(ROUNDS))
            print(
                f"{name:12} {first:5.1f} s when its graph is compiled first, {again:4.2f} s when "
                f"it is there (target {target:.0f} s)"
            )
            figures[name] = {"first": first, "again": again}
    return figures


if __name__ == "__main__":
    if sys.argv[1:]:
        infer(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()

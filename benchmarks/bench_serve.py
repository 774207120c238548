"""The server under load, against the bare graph fed by OpenVINO's own queue on the same cores.

The load generator shares the cores with the server, so the ratio holds its cost as well.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.films import generated_cohort, public_cohort
from benchmarks.made_bundle import write_made_bundle
from hilum.cohort.cohort import Cohort
from hilum.films.film import read_film
from hilum.machine import default_cache_dir, usable_cores

COMMAND = [sys.executable, "-m", "hilum"]
N_CLIENTS = 16
N_FILMS = 64
SIZE_PX = 224
ROUNDS = 5
TARGET_RATIO, TARGET_P95_SECONDS, TARGET_GROWTH = 0.7, 0.5, 0.05


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(bundle: Path, cache: Path) -> Iterator[Running]:
    command = [*COMMAND, "serve", str(bundle), "--port", "0",
               "--cache-dir", str(cache)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if "http://" in line:
                port = int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])
                break
        else:
            raise RuntimeError("the server did not start")
        try:
            yield Running(process, port)
        finally:
            process.terminate()


def load(port: int, films: Path, mode: str, rate: float, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.load_generator", str(port), str(films), mode,
               str(rate), str(seconds)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


class BareGraph:
    """The bundle's graph fed by OpenVINO's queue: the features alone, at its best feed."""

    def __init__(self, graph: Path) -> None:
        import openvino

        core = openvino.Core()
        self._queues = {}
        for batch in (1, 4):
            model = core.read_model(graph / "graph.xml")
            for result in model.get_results()[1:]:
                model.remove_result(result)
            model.reshape([batch, SIZE_PX, SIZE_PX, 1])
            compiled = core.compile_model(
                model,
                "CPU",
                {
                    "NUM_STREAMS": usable_cores(),
                    "INFERENCE_NUM_THREADS": usable_cores(),
                    "INFERENCE_PRECISION_HINT": "f32",
                },
            )
            self._queues[batch] = openvino.AsyncInferQueue(compiled)

    def rate(self, films: np.ndarray, seconds: float) -> tuple[float, float]:
        """Films per second, and processor seconds per film, of the better batch."""
        figures = []
        for batch, queue in self._queues.items():
            started, cpu, n = time.perf_counter(), time.process_time(), 0
            while time.perf_counter() < started + seconds / len(self._queues):
                for first in range(0, len(films), batch):
                    queue.start_async({0: films[first : first + batch]}, share_inputs=True)
                queue.wait_all()
                n += len(films)
            elapsed = time.perf_counter() - started
            figures.append((n / elapsed, (time.process_time() - cpu) / n))
        return max(figures)


def write_films(cohort: Cohort, folder: Path) -> np.ndarray:
    """Write JPEG films of the graph's own size; returns their pixels."""
    folder.mkdir()
    pictures = []
    for k, film in enumerate(cohort.films[:: max(1, len(cohort.films) // N_FILMS)][:N_FILMS]):
        picture = Image.fromarray(read_film(film.path).pixels).resize((SIZE_PX, SIZE_PX))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        (folder / f"{k:03}.jpg").write_bytes(buffer.getvalue())
        pictures.append(np.asarray(picture))
    return np.stack(pictures)[..., np.newaxis]


def watch_health(port: int, is_over: Event) -> list[float]:
    """Ask ten times a second whether the server lives; returns the seconds of each answer."""
    seconds: list[float] = []
    while not is_over.wait(0.1):
        started = time.perf_counter()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
            seconds.append(time.perf_counter() - started)
        except (urllib.error.URLError, OSError):
            seconds.append(float("inf"))
    return seconds


def overload(running: Running, films: Path, rate: float, seconds: float) -> dict[str, Any]:
    """Send more than can be answered, and ask meanwhile whether the server lives."""
    is_over, health = Event(), []
    watcher = Thread(target=lambda: health.extend(watch_health(running.port, is_over)))
    watcher.start()
    sent = load(running.port, films, "open", rate, seconds)
    is_over.set()
    watcher.join()
    return sent | {"health": health}


def main(minutes: float = 0.5, seconds: float = 4.0) -> dict[str, float]:
    print(f"Server, EfficientNet-Lite0, JPEG films of {SIZE_PX} px, {usable_cores()} cores")
    cache = default_cache_dir()
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        cohort = public_cohort("radiography") or generated_cohort(here / "phantoms", N_FILMS)
        pictures = write_films(cohort, here / "films")
        graph = write_made_bundle(here / "bundle", cache)
        bare = BareGraph(graph)
        bare.rate(pictures, 1.0)
        with serving(here / "bundle", cache) as running:
            load(running.port, here / "films", "closed", N_CLIENTS, 2.0)
            return measure(running, here / "films", bare, pictures, seconds, 60 * minutes)


def measure(
    running: Running,
    films: Path,
    bare: BareGraph,
    pictures: np.ndarray,
    seconds: float,
    long_seconds: float,
) -> dict[str, float]:
    ratios, cpu_ratios, rates = [], [], []
    for _ in range(ROUNDS):
        before = bare.rate(pictures, seconds / 2)
        cpu = running.cpu_seconds()
        served = load(running.port, films, "closed", N_CLIENTS, seconds)
        cpu = running.cpu_seconds() - cpu
        after = bare.rate(pictures, seconds / 2)
        n = served["statuses"]["200"]
        rates.append(served["rate"])
        ratios.append(2 * served["rate"] / (before[0] + after[0]))
        cpu_ratios.append((before[1] + after[1]) / 2 / ((cpu + served["cpu_seconds"]) / n))
        print(
            f"  bare {before[0]:5.0f} and {after[0]:5.0f} films/s, served {served['rate']:5.0f}; "
            f"processor time per film {1000 * before[1]:.2f} ms bare, {1000 * cpu / n:.2f} ms "
            f"served, {1000 * served['cpu_seconds'] / n:.2f} ms in the load generator"
        )
    capacity = statistics.median(rates)
    ratio = statistics.median(ratios)
    print(
        f"{N_CLIENTS} clients: {capacity:.0f} films/s, {ratio:.2f} of the bare graph (target "
        f"{TARGET_RATIO}; rounds {', '.join(f'{r:.2f}' for r in ratios)}); by processor time, "
        f"which other programs disturb less, {statistics.median(cpu_ratios):.2f}"
    )
    rss = running.rss_bytes()
    steady = load(running.port, films, "open", 0.8 * capacity, long_seconds)
    print(
        f"0.8 of that for {long_seconds / 60:g} min: p50 {1000 * steady['p50']:.0f} ms, p95 "
        f"{1000 * steady['p95']:.0f} ms (target {1000 * TARGET_P95_SECONDS:.0f}); "
        f"{steady['statuses']}"
    )
    growth = running.rss_bytes() / rss - 1
    print(f"memory: {rss / 1e6:.0f} MB, growth {growth:.1%} (target {TARGET_GROWTH:.0%})")
    much = overload(running, films, 5 * capacity, min(long_seconds, 60))
    health = sorted(much["health"])
    print(
        f"five times as much: {much['statuses']}, {much['lost']} connections lost, "
        f"{much['refusals_without_retry']} refusals without Retry-After; answered "
        f"{much['rate']:.0f}/s, p95 {1000 * much['p95']:.0f} ms; {len(health)} health checks, "
        f"slowest {1000 * health[-1]:.0f} ms; memory {running.rss_bytes() / 1e6:.0f} MB"
    )
    return {"rate": capacity, "ratio": ratio, "p95_seconds": steady["p95"], "growth": growth}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=0.5, help="How long the steady load lasts."
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="How long each round lasts.")
    options = parser.parse_args()
    main(options.minutes, options.seconds)

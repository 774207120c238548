"""From the start of `hilum predict` to its answers: the first film, and each further one."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench_serve import write_films
from benchmarks.films import generated_cohort, public_cohort
from benchmarks.made_bundle import write_made_bundle
from hilum.machine import default_cache_dir

ROUNDS = 5
N_FILMS = 200
TARGET_FIRST_SECONDS, TARGET_FURTHER_MS = 1.5, 25.0


def time_command(bundle: Path, films: list[Path]) -> float:
    """Seconds from asking for the process to its end."""
    command = [sys.executable, "-m", "hilum", "predict", str(bundle), *map(str, films), "--json"]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> dict[str, float]:
    print("hilum predict, EfficientNet-Lite0, 25 heads, JPEG films of 224 px")
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        cohort = public_cohort("radiography") or generated_cohort(here / "phantoms", N_FILMS)
        write_films(cohort, here / "films")
        films = sorted((here / "films").iterdir())[:N_FILMS]
        bundle = here / "bundle"
        write_made_bundle(bundle, default_cache_dir())
        first = statistics.median(time_command(bundle, films[:1]) for _ in range(ROUNDS))
        all_of_them = statistics.median(time_command(bundle, films) for _ in range(3))
    further_ms = 1000 * (all_of_them - first) / (len(films) - 1)
    print(f"  first answer {first:.2f} s (target {TARGET_FIRST_SECONDS} s)")
    print(f"  each further film {further_ms:.1f} ms (target {TARGET_FURTHER_MS:.0f} ms)")
    return {"first_seconds": first, "further_ms": further_ms}


if __name__ == "__main__":
    main()

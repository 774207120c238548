"""The whole command, from nothing and from the store: time and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.films import generated_cohort, public_cohort

PEAK_TARGET_BYTES = 1.5e9
AGAIN_TARGET_SECONDS = 10.0


def compare(data: Path, positive: str, cache: Path, out: Path) -> tuple[float, int]:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "hilum", "compare", str(data), "--positive", positive,
         "--out", str(out), "--quiet"],
        env=os.environ | {"HILUM_CACHE_DIR": str(cache)},
        check=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    return seconds, json.loads((out / "results.json").read_text())["peak_rss_bytes"]


def main() -> dict[str, dict[str, float]]:
    print("The whole comparison, three backbones, 25 heads each")
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        jobs = [
            (name, cohort.films[0].path.parents[1], positive)
            for name, positive in (("paper-cohort", "COVID-19"), ("radiography", "COVID"))
            if (cohort := public_cohort(name)) is not None
        ]
        if not jobs:
            generated_cohort(here / "phantoms")
            jobs = [("phantoms", here / "phantoms" / "films.csv", "Opacity")]
        for name, data, positive in jobs:
            cache = here / f"cache-{name}"
            first, first_peak = compare(data, positive, cache, here / "run")
            again, again_peak = compare(data, positive, cache, here / "run")
            print(
                f"{name:14} from nothing {first:5.1f} s, peak {first_peak / 1e6:5.0f} MB "
                f"(target {PEAK_TARGET_BYTES / 1e6:.0f}); again {again:4.1f} s, peak "
                f"{again_peak / 1e6:.0f} MB; ratio {first / again:.1f}"
                + (f" (target {AGAIN_TARGET_SECONDS:.0f} s)" if name == "paper-cohort" else "")
            )
            figures[name] = {"first": first, "again": again, "peak_bytes": first_peak}
    return figures


if __name__ == "__main__":
    main()

"""The whole comparison of the six, against transfer learning as it is usually written.

Ours: six backbones, 25 heads each, from nothing: compiling, every view of every film
through each backbone once, training, statistics, report. The classic script: the
frozen base runs over freshly turned films in each of 25 epochs, for one head. It is
timed for a few epochs, the first as it is, and the rest is extrapolated.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import hilum
from benchmarks.bench_engines import SIZE_PX, read_pictures
from benchmarks.environments import (
    Worker,
    environments_folder,
    find_environment,
    write_random_weights,
)
from benchmarks.films import generated_cohort, public_cohort
from hilum.backbones.catalog import PAPER_SIX, find_backbone
from hilum.cohort.cohort import Cohort
from hilum.studies.recipes import find_recipe

EPOCHS = 25
TIMED_EPOCHS = 3
TRAIN_FRACTION = 0.8
TARGET = 7.0


def find_cohort(scratch: Path) -> Cohort:
    """The same films whenever it is asked: public ones, or generated on the first call."""
    public, folder = public_cohort("paper-cohort"), scratch / "phantoms"
    if public is not None:
        return public
    return Cohort.from_csv(folder / "films.csv") if folder.exists() else generated_cohort(folder)


def run_ours(scratch: Path, weights: Path, names: Sequence[str]) -> None:
    """The life of the process that is timed; leaves seconds per backbone behind."""
    cohort = find_cohort(scratch)
    found = hilum.compare(
        cohort,
        positive=cohort.classes[0],
        backbones=names,
        # At their own sizes three of the six would do twice the work.
        recipe=replace(find_recipe("hilum"), input_px=SIZE_PX),
        cache_dir=scratch / "cache",
        weights_dir=weights,
        allows_unverified_weights=True,
    )
    hilum.save_run(found, scratch / "run", cache_dir=scratch / "cache")
    seconds = {
        result.name: {"extract": result.seconds.extract, "train": result.seconds.train}
        for result in found.backbones
    }
    (scratch / "seconds.json").write_text(json.dumps(seconds))


def time_ours(scratch: Path, weights: Path, names: Sequence[str]) -> dict[str, Any]:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_classic", str(scratch), str(weights), *names],
        check=True,
    )
    in_all = time.perf_counter() - started
    return {"in_all": in_all, "parts": json.loads((scratch / "seconds.json").read_text())}


def time_classic(
    python: Path, scratch: Path, weights: Path, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    cohort = find_cohort(scratch)
    films, labels = scratch / "films.npy", scratch / "labels.npy"
    order = np.random.default_rng(0).permutation(len(cohort.films))
    np.save(films, read_pictures(cohort)[order])
    np.save(labels, np.asarray(cohort.y)[order])
    figures = {}
    for name in names:
        # A process for each, as for each run of such a script.
        log = scratch / "classic.log"
        with closing(Worker(python, "classic_script.py", "tensorflow", log)) as worker:
            answer = worker.ask(
                do="train",
                network=name,
                weights=str(weights / find_backbone(name).weights.file),
                films=str(films),
                labels=str(labels),
                n_train=round(TRAIN_FRACTION * len(order)),
                epochs=TIMED_EPOCHS,
            )
        first, *rest = answer["epoch_seconds"]
        epoch = statistics.median(rest)
        figures[name] = {
            "first": first,
            "epoch": epoch,
            "in_all": answer["build_seconds"] + first + (EPOCHS - 1) * epoch,
        }
    return figures


def main(names: Sequence[str] = PAPER_SIX) -> dict[str, Any]:
    print(
        f"The comparison of {len(names)} at {SIZE_PX} px, 25 heads each, from nothing, against "
        f"the classic script on Keras and TensorFlow: one head, {EPOCHS} epochs, of which "
        f"{TIMED_EPOCHS} are timed"
    )
    with environments_folder() as folder, tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        weights = write_random_weights(names, folder)
        find_cohort(scratch)  # drawn before the clock runs, where it has to be drawn
        ours = time_ours(scratch, weights, names)
        python = find_environment("tensorflow", folder)
        if python is None:
            print(f"ours {ours['in_all']:.0f} s in all; there is nothing to compare it with")
            return {"ours": ours}
        classic = time_classic(python, scratch, weights, names)
    for name in names:
        parts, theirs = ours["parts"][name], classic[name]
        print(
            f"{name:12} ours {parts['extract']:6.1f} s extracting, compiling included, and "
            f"{parts['train']:5.1f} s for heads; classic {theirs['in_all']:7.1f} s "
            f"({theirs['epoch']:.1f} s an epoch, the first {theirs['first']:.1f} s); "
            f"{theirs['in_all'] / (parts['extract'] + parts['train']):.1f} times as long"
        )
    classic_seconds = sum(row["in_all"] for row in classic.values())
    ratio = classic_seconds / ours["in_all"]
    print(
        f"in all, report included: ours {ours['in_all']:.0f} s, classic {classic_seconds:.0f} s "
        f"(extrapolated): {ratio:.1f} times as long (target {TARGET:.0f})"
    )
    return {"ours": ours, "classic": classic, "ratio": ratio}


if __name__ == "__main__":
    if sys.argv[1:]:
        run_ours(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
    else:
        main()

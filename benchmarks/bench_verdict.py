"""Does the verdict say what it should, on films whose truth is known because we drew them?

Cohorts of 400 generated films: without a fault (to be supported), with each shortcut
planted (to be withheld, naming it), and with shuffled labels (never to be supported).

    python -m benchmarks.bench_verdict FOLDER [SEEDS] [CASE,CASE]

Drawn films, features and every verdict stay in FOLDER, so that a run can be gone on with.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from hilum.cohort.cohort import Cohort
from hilum.phantoms.cohort import write_phantoms
from hilum.phantoms.plan import Plants
from hilum.studies.auditing import Audit, audit

N_FILMS = 400
SEEDS = 20
# What must be named, so that the reader knows which shortcut it is: a planted exposure is in
# the frame as well as in the grey levels.
CASES: dict[str, tuple[Plants, frozenset[str]]] = {
    "clean": (Plants(), frozenset()),
    "shuffled": (Plants(), frozenset()),
    "size": (Plants(size_shortcut=True), frozenset({"metadata"})),
    "marker": (Plants(marker_shortcut=True), frozenset({"frame"})),
    "frame": (Plants(frame_shortcut=True), frozenset({"frame"})),
    "source": (Plants(source_shortcut=True), frozenset({"source"})),
    "exposure": (Plants(exposure_shortcut=True), frozenset({"frame", "histogram"})),
}


def main() -> None:
    folder = Path(sys.argv[1])
    n_seeds = int(sys.argv[2]) if len(sys.argv) > 2 else SEEDS
    cases = sys.argv[3].split(",") if len(sys.argv) > 3 else list(CASES)
    for seed in range(n_seeds):
        for case in cases:
            known = folder / "verdicts" / f"{case}-{seed}.json"
            if not known.exists():
                known.parent.mkdir(parents=True, exist_ok=True)
                known.write_text(json.dumps(try_case(case, seed, folder)), encoding="utf-8")
    tell(folder, cases)


def try_case(case: str, seed: int, folder: Path) -> dict[str, object]:
    """Draw a cohort, audit it, and keep what the verdict said."""
    plants, expected = CASES[case]
    films = folder / f"films-{'clean' if case == 'shuffled' else case}-{seed}"
    if not (films / "films.csv").exists():
        write_phantoms(films, n_films=N_FILMS, seed=seed, plants=plants)
    cohort = Cohort.from_csv(films / "films.csv")
    if case == "shuffled":
        cohort = shuffled(cohort, seed)
    started = time.perf_counter()
    found = audit(cohort, positive="Opacity", seed=seed, cache_dir=folder / f"cache-{seed}")
    return describe(found, expected) | {"case": case, "seed": seed,
                                        "seconds": time.perf_counter() - started}  # fmt: skip


def shuffled(cohort: Cohort, seed: int) -> Cohort:
    """Deal the labels out anew, patient by patient, so that nothing can predict them."""
    rng = np.random.default_rng(seed)
    patients = sorted({film.patient or film.film_id for film in cohort.films})
    labels = [cohort.classes[k % len(cohort.classes)] for k in range(len(patients))]
    given = dict(zip(patients, rng.permutation(labels).tolist(), strict=True))
    films = tuple(replace(film, label=given[film.patient or film.film_id]) for film in cohort.films)
    return replace(cohort, films=films)


def describe(found: Audit, expected: frozenset[str]) -> dict[str, object]:
    """Sum up one audit."""
    report = found.report
    causes = {reason.cause: reason.weight for reason in report.verdict.grounds}
    assert found.model is not None
    return {
        "headline": report.verdict.headline,
        "causes": causes,
        "is_named": bool(expected & set(causes)),
        "warned_of_metadata": any(
            finding.check == "metadata" and finding.severity != "note"
            for finding in report.findings
        ),
        "auroc": found.model.evaluation.metrics["auroc"].value,
        "sensitivity_low": found.model.evaluation.metrics["sensitivity"].low,
        "specificity_low": found.model.evaluation.metrics["specificity"].low,
        "baselines": {b.name: b.auroc.value for b in report.baselines},
        "twins": len(report.relations.duplicates),
        "findings": sorted({f.check for f in report.findings if f.severity != "note"}),
    }


def tell(folder: Path, cases: list[str]) -> None:
    """Print one line per case, and write all of it as a table."""
    rows = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((folder / "verdicts").glob("*.json"))
    ]
    for case in cases:
        of_case = [row for row in rows if row["case"] == case]
        counts = {
            headline: sum(row["headline"] == headline for row in of_case)
            for headline in ("supported", "limited", "withheld")
        }
        named = sum(bool(row["is_named"]) for row in of_case)
        warned = sum(bool(row["warned_of_metadata"]) for row in of_case)
        print(
            f"{case:9} n {len(of_case):3}  {counts}  shortcut named {named}, "
            f"metadata warned of {warned}, "
            f"mean AUROC {np.mean([row['auroc'] for row in of_case]):.3f}"
        )
    with (folder / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()

"""Does the verdict say what it should, on cohorts whose truth is known because we planted it?

Labels are dealt at random over films of one source, and one thing is painted into one class: a
disease, a shortcut, or a shortcut beside a disease (`benchmarks/planting_cohorts.py`). For each
family the strength is looked for at which the smallest network reaches the wanted AUROC; then
cohorts with other seeds are audited, and what the verdict said is set against the truth.

    python -m benchmarks.bench_verdict FOLDER --films FILMS --seeds 20 --families patchy,pacemaker

Strengths and verdicts stay in FOLDER, so that a run can be gone on with; the films do not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.planting.families import FAMILIES
from benchmarks.planting_cohorts import Truth, plant
from hilum.backbones import LocalWeights, open_engine
from hilum.cohort import Cohort
from hilum.evaluation import auroc_score
from hilum.features import extract_features, rotated_views
from hilum.folds import repeated_folds
from hilum.heads import score_in_closed_form
from hilum.studies.auditing import Audit, audit
from hilum.studies.preparation import choose_backbones

WANTED = 0.95
"""AUROC of the network: below 0.9 a verdict is limited for want of precision alone."""

STRENGTHS = (0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0)
POSITIVE = "Finding"

NAMES: dict[str, frozenset[str]] = {
    "objects": frozenset({"objects", "objectless", "place", "lettering", "frame", "lungless"}),
    "processing": frozenset({"processing", "frame"}),
    "geometry": frozenset({"frame", "processing", "lungless", "place"}),
    "attribute": frozenset({"metadata", "source", "age", "sex", "view"}),
    "order": frozenset({"processing", "frame"}),
}
"""Causes of the verdict that name what was planted: any of them sends the reader to it."""

BESIDE = {
    f"{share:g} of {name} beside patchy": {"family": name, "share": share, "beside": "patchy"}
    for share in (1.0, 0.5, 1 / 3)
    for name in ("writing-centre", "pacemaker", "nasogastric-tube", "exposure", "collimator")
}
"""Shortcuts on all, half or a third of the patients beside a disease."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--films", default="phantoms", help="a folder of films of one source")
    asked.add_argument("--n", type=int, default=240)
    asked.add_argument("--seeds", type=int, default=20)
    asked.add_argument("--families", default=",".join([*FAMILIES, *BESIDE]))
    options = asked.parse_args()
    names = options.families.split(",")
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, options.seeds + 1):
        for name in names:
            known = options.folder / f"{name.replace(' ', '-')}-{seed}.json"
            if not known.exists():
                judged = judge(name, seed, options.films, options.n, options.folder)
                known.write_text(json.dumps(judged), encoding="utf-8")
                print(name, seed, judged["headline"], judged["causes"], flush=True)
    print(tabulate(options.folder, names))


def judge(name: str, seed: int, films: str, n_films: int, folder: Path) -> dict[str, object]:
    """Plant one cohort, audit it, and keep what the verdict said."""
    planted = BESIDE.get(name, {"family": name})
    strength = find_strength(str(planted["family"]), films, n_films, folder)
    place = folder / "cohort"
    shutil.rmtree(place, ignore_errors=True)
    beside = {"beside_strength": 0.8} if "beside" in planted else {}
    truth = plant(
        films=films, out=place, seed=seed, n=n_films, strength=strength, **beside, **planted
    )
    started = time.perf_counter()
    found = audit(
        Cohort.from_csv(place / "films.csv"), positive=POSITIVE, cache_dir=folder / "cache"
    )
    described = describe(found, truth) | {"seconds": time.perf_counter() - started}
    shutil.rmtree(place)
    return described


def find_strength(family: str, films: str, n_films: int, folder: Path) -> float:
    """Find the least strength at which the network reaches the wanted AUROC, on one more seed."""
    known = folder / "strengths.json"
    found: dict[str, float] = json.loads(known.read_text()) if known.exists() else {}
    if family not in found and FAMILIES[family].nature != "nothing":
        for strength in STRENGTHS:
            place = folder / "trial"
            shutil.rmtree(place, ignore_errors=True)
            plant(family, films, place, seed=0, n=n_films, strength=strength)
            reached = measure(Cohort.from_csv(place / "films.csv"), folder / "cache")
            found[family] = strength
            if reached >= WANTED:
                break
        shutil.rmtree(folder / "trial")
        known.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found.get(family, 1.0)


def measure(cohort: Cohort, cache: Path) -> float:
    """Measure the AUROC that the smallest network reaches, by heads in closed form."""
    (backbone, *_), _ = choose_backbones(["efficientnet-lite0"], LocalWeights(cache, None))
    views = rotated_views(0, 0)
    values = extract_features(
        cohort.films, backbone, views=views, cache_dir=cache, engine=open_engine
    ).table.values[:, 0]
    splits = repeated_folds(
        cohort.y, np.arange(len(cohort)), n_repeats=2, seed=0, class_names=cohort.classes
    ).splits
    scores = np.nanmean(score_in_closed_form(values, cohort.y, splits, n_classes=2), axis=0)
    positive = cohort.classes.index(POSITIVE)
    return auroc_score(cohort.y == positive, scores[:, positive])


def describe(found: Audit, truth: Truth) -> dict[str, object]:
    """Sum up one audit beside its truth."""
    report, verdict = found.report, found.report.verdict
    assert found.model is not None
    causes = [reason.cause for reason in verdict.grounds if reason.weight != "describes"]
    right = frozenset().union(*(NAMES[cause] for cause in truth.causes))
    return {
        "family": truth.family,
        "nature": truth.nature,
        "strength": truth.strength,
        "share": truth.share,
        "beside": truth.beside,
        "expected": truth.expected,
        "headline": verdict.headline,
        "agree": [verdict.n_agree, verdict.n_draws],
        "causes": causes,
        "is_named": bool(right & set(causes)),
        "names_falsely": bool(set(causes) - right - {"precision", "chance"}),
        "auroc": found.model.evaluation.metrics["auroc"].value,
        "baselines": {b.name: [b.auroc.value, b.share.value, b.caught.value]
                      for b in report.baselines},
        "place": None if report.place is None else report.place.share,
    }  # fmt: skip


def tabulate(folder: Path, names: Sequence[str]) -> str:
    """Write a table: what was planted, what the verdict said, and whether the cause was named."""
    rows = [
        "| Planted | Strength | n | AUROC | Supported | Limited | Withheld | Named | Wrongly |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        paths = sorted(folder.glob(f"{name.replace(' ', '-')}-[0-9]*.json"))
        told = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        if not told:
            continue
        counts = [
            sum(row["headline"] == headline for row in told)
            for headline in ("supported", "limited", "withheld")
        ]
        is_shortcut = told[0]["nature"] == "shortcut"
        named = sum(row["is_named"] for row in told) if is_shortcut else ""
        falsely = sum(row["names_falsely"] for row in told)
        mean = np.mean([row["auroc"] for row in told])
        rows.append(
            f"| {name} | {told[0]['strength']:g} | {len(told)} | {mean:.2f} | "
            + " | ".join(map(str, [*counts, named, falsely]))
            + " |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()

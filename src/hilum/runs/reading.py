"""A finished comparison, read back from its run folder: its films, folds and figures."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hilum.cohort import Cohort, Film
from hilum.errors import FilmError, RunError
from hilum.evaluation import OperatingPolicy
from hilum.films import load_bytes
from hilum.folds import Folds, Split
from hilum.heads import HeadRecipe
from hilum.runs.audit import AuditJson
from hilum.runs.comparison import RecipeJson, ResultsJson
from hilum.runs.documents import conform
from hilum.runs.figures import BackboneJson
from hilum.spreadsheets import unescape_cell
from hilum.studies import (
    FromRunOptions,
    PastBackbone,
    PastRun,
    Recipe,
    StudyContext,
    TrainedClassifier,
    open_context,
    takes,
    train_again,
)

_MOST_BYTES = 500_000_000
_AGAIN = "Run `hilum compare` again, or `hilum train` on the films."
_COLUMNS = ("repeat", "fold", "part", "film_id", "path", "label", "group", "row")


def read_run(folder: Path) -> PastRun:
    """Read a finished comparison, and make sure that its films are still those.

    Args:
        folder: What `hilum compare` wrote. Where its films were named by relative paths,
            they are looked for from the same working folder.

    Raises:
        RunError: The folder holds no run, a file in it is damaged, or a film is gone or has
            changed.
    """
    told = _read_json(folder / "results.json")
    if told.get("schema") != "hilum.results/1":
        raise RunError(
            f"'{folder}' holds no comparison by a single recipe that this Hilum reads.",
            fix="Give the run folder of `hilum compare`; of several recipes, the folder of one.",
        )
    provenance = _read_json(folder / "provenance.json")
    try:
        results = conform(told, ResultsJson)
        cohort, folds = _read_folds(folder / "folds.csv", results)
        return PastRun(
            cohort=cohort,
            folds=folds,
            recipe=_recipe(results["recipe"]),
            seed=results["seed"],
            positive=results["positive"],
            backbones=tuple(_backbone(told) for told in results["backbones"]),
            tiers=tuple(tuple(tier) for tier in results["tiers"]),
            graphs=conform(provenance["graphs"], dict[str, str]),
            results=results,
        )
    except (LookupError, ValueError, TypeError, csv.Error) as error:
        raise RunError(f"The run folder '{folder}' is damaged.", fix=_AGAIN) from error


@takes(FromRunOptions)
def train_from_run(run: str | Path, options: FromRunOptions) -> TrainedClassifier:
    """Make a classifier of a finished comparison, without running a backbone again.

    The same heads are trained on the stored features, which takes seconds, and are checked
    against the run's: so its figures, threshold and verdict are the classifier's.

    Args:
        run: The folder that `hilum compare` wrote.
        options: By keyword.

    Returns:
        The classifier; `hilum.save_bundle` writes it to a folder.

    Raises:
        RunError: The folder is no run, or its films, backbone or heads are not the same
            here any more.
        RecipeError: The run fixed no threshold.
        WeightsError: The backbone is not available here.
    """
    return train_from_run_with(run, options, open_context(options))


def train_from_run_with(
    run: str | Path, options: FromRunOptions, context: StudyContext
) -> TrainedClassifier:
    """Train from a run in a context of the caller's; see `train_from_run`."""
    return train_again(read_run(Path(run)), options, context)


def needs_attention(folder: Path) -> bool:
    """Tell whether a person should look at a finished run before anybody believes its figures.

    Args:
        folder: What `hilum compare` wrote.

    Raises:
        RunError: The folder holds no run, or a damaged one.
    """
    told, audit = _read_json(folder / "results.json"), _read_json(folder / "audit.json")
    try:
        results = conform(told, ResultsJson)
        checks = conform(audit, AuditJson)["checks"]
    except ValueError as error:
        raise RunError(f"The run folder '{folder}' is damaged.", fix=_AGAIN) from error
    return (
        results["verdict"]["headline"] == "withheld"
        or bool(results["cohort"]["excluded"])
        or any(
            finding["severity"] == "fail" and not finding.get("muted", False) for finding in checks
        )
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError
        told = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError as error:
        raise RunError(
            f"'{path.parent}' is no run folder: its {path.name} cannot be read.",
            fix="Give a folder that `hilum compare` wrote.",
        ) from error
    except ValueError as error:
        raise RunError(f"The {path.name} of '{path.parent}' is damaged.", fix=_AGAIN) from error
    if not isinstance(told, dict):
        raise RunError(f"The {path.name} of '{path.parent}' is damaged.", fix=_AGAIN)
    return told


def _recipe(told: RecipeJson) -> Recipe:
    head = told["head"]
    return Recipe(
        name=told["name"],
        summary=told["summary"],
        rotated_views=told["rotated_views"],
        head=HeadRecipe(**head),
        folds=told["folds"],
        repeats=told["repeats"],
        input_px=told["input_px"],
        scaling=told["scaling"],
        pooling=told["pooling"],
        split_seed=told["split_seed"],
    )


def _backbone(told: BackboneJson) -> PastBackbone:
    decisions = told["decisions"]
    point = None if decisions is None else decisions["operating_point"]
    return PastBackbone(
        name=told["name"],
        title=told["title"],
        parameters=told["parameters"],
        is_verified=told["weights"]["is_verified"],
        policy=None if point is None else OperatingPolicy(**point["policy"]),
        thresholds=() if point is None else tuple(point["threshold_per_head"]),
    )


def _read_folds(path: Path, results: ResultsJson) -> tuple[Cohort, Folds]:
    """Read who stood where; films are listed once per split."""
    try:
        # A file name that is no valid text was written as it came.
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise RunError(f"The run folder '{path.parent}' has no folds.csv.", fix=_AGAIN) from error
    if not rows or not set(_COLUMNS) <= set(rows[0]):
        raise RunError(
            f"The folds.csv of '{path.parent}' was written by an older version of Hilum.",
            fix=_AGAIN,
        )
    parts: dict[tuple[int, int], dict[str, list[int]]] = {}
    films: dict[int, dict[str, str]] = {}
    for line in rows:
        row = int(line["row"])
        films[row] = line
        split = parts.setdefault((int(line["repeat"]), int(line["fold"])), {})
        split.setdefault(line["part"], []).append(row)
    if sorted(films) != list(range(len(films))):
        raise ValueError("rows are missing")
    splits = tuple(
        Split(
            repeat,
            fold,
            *(np.array(sorted(of[part])) for part in ("training", "validation", "test")),
        )
        for (repeat, fold), of in sorted(parts.items())
    )
    cohort = Cohort(
        name=results["cohort"]["name"],
        films=tuple(_find_film(films[row]) for row in range(len(films))),
        classes=tuple(results["classes"]),
    )
    groups = np.array([int(films[row]["group"]) for row in range(len(films))])
    return cohort, Folds(splits, groups, results["recipe"]["validates_on_test"])


def _find_film(line: Mapping[str, str]) -> Film:
    """Find a film where it was, and prove that it is the same."""
    path = Path(unescape_cell(line["path"]))
    try:
        sha256 = hashlib.sha256(load_bytes(path)).hexdigest()
    except FilmError as error:
        raise RunError(
            f"The film '{path}' of the run cannot be read: {error.message}",
            fix="Run the command from the folder in which the comparison was run, or train on "
            "the films: `hilum train DATA`.",
        ) from error
    if not sha256.startswith(line["film_id"].partition("-")[0]):
        raise RunError(f"The film '{path}' has changed since the run.", fix=_AGAIN)
    return Film(line["film_id"], path, sha256, unescape_cell(line["label"]))

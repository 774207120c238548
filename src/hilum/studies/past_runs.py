"""A finished comparison, read back from its run folder: its films, folds and figures."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hilum.cohort.manifest import Cohort, Film
from hilum.cohort.reading import load_bytes
from hilum.cohort.splitting import Folds, Split
from hilum.cohort.spreadsheets import unescape_cell
from hilum.errors import FilmError, RunError
from hilum.heads.recipe import HeadRecipe
from hilum.studies.comparison import Recipe

_SCHEMA = "hilum.results/1"
_MOST_BYTES = 500_000_000
_AGAIN = "Run `hilum compare` again, or `hilum train` on the films."
_COLUMNS = ("repeat", "fold", "part", "film_id", "path", "label", "group", "row")


@dataclass(frozen=True)
class PastRun:
    """What a run folder holds, as far as a classifier needs it.

    Attributes:
        cohort: The films, found where they were and unchanged.
        folds: Who trained, validated and tested.
        recipe: How the study was run.
        seed: Where every draw began.
        positive: The class that sensitivity speaks of.
        results: The whole of `results.json`.
        graphs: Address of each backbone's graph.
    """

    cohort: Cohort
    folds: Folds
    recipe: Recipe
    seed: int
    positive: str
    results: Mapping[str, Any]
    graphs: Mapping[str, str]


def read_run(folder: Path) -> PastRun:
    """Read a finished comparison, and make sure that its films are still those.

    Args:
        folder: What `hilum compare` wrote. Where its films were named by relative paths,
            they are looked for from the same working folder.

    Raises:
        RunError: It is no such folder, a file in it is damaged, or a film is gone or has
            changed.
    """
    results = _read_json(folder / "results.json")
    if results.get("schema") != _SCHEMA:
        raise RunError(
            f"'{folder}' holds no comparison by a single recipe that this Hilum reads.",
            fix="Give the run folder of `hilum compare`; of several recipes, the folder of one.",
        )
    provenance = _read_json(folder / "provenance.json")
    try:
        recipe = _recipe(results["recipe"])
        cohort, folds = _read_folds(folder / "folds.csv", results)
        return PastRun(
            cohort=cohort,
            folds=folds,
            recipe=recipe,
            seed=int(results["seed"]),
            positive=str(results["positive"]),
            results=results,
            graphs=dict(provenance["graphs"]),
        )
    except (LookupError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise RunError(f"The run folder '{folder}' is damaged.", fix=_AGAIN) from error


def needs_attention(folder: Path) -> bool:
    """Tell whether a person should look at a finished run before anybody believes its figures.

    Args:
        folder: What `hilum compare` wrote.

    Raises:
        RunError: It is no such folder, or damaged.
    """
    results, audit = _read_json(folder / "results.json"), _read_json(folder / "audit.json")
    try:
        return bool(
            results["verdict"]["headline"] == "withheld"
            or results["cohort"]["excluded"]
            or any(
                finding["severity"] == "fail" and not finding.get("muted")
                for finding in audit["checks"]
            )
        )
    except (LookupError, TypeError) as error:
        raise RunError(f"The run folder '{folder}' is damaged.", fix=_AGAIN) from error


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


def _recipe(told: Mapping[str, Any]) -> Recipe:
    known = {field.name for field in fields(Recipe)}
    settings = {name: value for name, value in told.items() if name in known}
    return Recipe(**{**settings, "head": HeadRecipe(**told["head"])})


def _read_folds(path: Path, results: Mapping[str, Any]) -> tuple[Cohort, Folds]:
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
    about = results["cohort"]
    cohort = Cohort(
        name=str(about["name"]),
        films=tuple(_find_film(films[row]) for row in range(len(films))),
        classes=tuple(map(str, results["classes"])),
    )
    groups = np.array([int(films[row]["group"]) for row in range(len(films))])
    return cohort, Folds(splits, groups, bool(results["recipe"]["validates_on_test"]))


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

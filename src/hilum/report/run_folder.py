"""The run folder: a finished comparison on disk, whole or not at all.

Its files are a contract that other tools read; the columns and keys stand in
`docs/run-folder.md`. Films are named by path in `predictions.csv`, `folds.csv` and
`excluded.csv` alone: those exist to name films, everything else may be shown around.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from hilum.errors import OutputError
from hilum.report.figures import draw_figures
from hilum.report.html import films_shown, render_report
from hilum.report.thumbnails import load_thumbnails
from hilum.settings import default_cache_dir
from hilum.studies.comparison import BackboneResult, Comparison
from hilum.studies.provenance import peak_rss_bytes

SCHEMA = "hilum.results/1"


def check_run_folder(folder: Path) -> None:
    """Make sure, before any work, that a run may be written to `folder`.

    An older run there is replaced when the new one is done; anything else is not
    touched.

    Raises:
        OutputError: The place is taken by something else or cannot be written.
    """
    if folder.exists() and not _is_run(folder) and (folder.is_file() or any(folder.iterdir())):
        raise OutputError(
            f"'{folder}' exists and holds no earlier run.", fix="Name another folder with --out."
        )
    existing = next(parent for parent in folder.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryDirectory(dir=existing, prefix=".hilum-"):
            pass
    except OSError as error:
        raise OutputError(
            f"'{existing}' cannot be written: {error.strerror}.",
            fix="Name another folder with --out.",
        ) from error


def save_run(
    comparison: Comparison, folder: str | Path, *, cache_dir: str | Path | None = None
) -> Comparison:
    """Write a finished comparison as a run folder.

    Args:
        comparison: What `compare` returned.
        folder: Created whole; an earlier run of that name is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The comparison as written, its peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    figures = draw_figures(comparison)
    thumbnails = load_thumbnails(films_shown(comparison), cache)
    report = render_report(comparison, figures, thumbnails)
    comparison = replace(comparison, peak_rss_bytes=peak_rss_bytes())
    files = {
        "report.html": report,
        "results.json": to_json(results(comparison)),
        "predictions.csv": _predictions(comparison),
        "history.csv": _history(comparison),
        "folds.csv": _folds(comparison),
        "audit.json": to_json({"checks": [asdict(finding) for finding in comparison.findings]}),
        "provenance.json": to_json({**comparison.provenance, "seed": comparison.seed}),
        **{f"figures/{stem}.svg": svg for stem, svg in figures.items()},
    }
    if comparison.cohort.excluded:
        files["excluded.csv"] = _excluded(comparison)
    try:
        _write_whole(folder, files)
    except OSError as error:
        raise OutputError(
            f"The run cannot be written to '{folder}': {error.strerror}.",
            fix="Free some space or name another folder with --out; the features are kept, "
            "so the same command will be quick.",
        ) from error
    return comparison


def results(comparison: Comparison) -> dict[str, Any]:
    """Gather the machine-readable result; it holds neither paths nor file names."""
    cohort, folds = comparison.cohort, comparison.folds
    return {
        "schema": SCHEMA,
        "positive": comparison.positive,
        "classes": list(cohort.classes),
        "cohort": {
            "name": cohort.name,
            "n": len(cohort),
            "per_class": cohort.n_per_class,
            "patients": cohort.n_patients,
            "groups": int(np.unique(folds.groups).size),
            "excluded": [
                {"film_id": e.film_id, "label": e.label, "code": e.code, "message": e.message}
                for e in cohort.excluded
            ],
            "left_out": dict(cohort.left_out),
        },
        "recipe": asdict(comparison.recipe) | {"validates_on_test": folds.validates_on_test},
        "seed": comparison.seed,
        "verdict": asdict(comparison.verdict),
        "backbones": [_backbone(result) for result in comparison.backbones],
        "comparisons": [asdict(pair) for pair in comparison.comparisons],
        "unavailable": [asdict(absent) for absent in comparison.unavailable],
        "peak_rss_bytes": comparison.peak_rss_bytes,
    }


def to_json(value: Any) -> str:
    """Write JSON that any reader takes: no NaN, numbers in full."""
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _backbone(result: BackboneResult) -> dict[str, Any]:
    evaluation = result.evaluation
    return {
        "name": result.name,
        "title": result.title,
        "parameters": result.parameters,
        "size_px": result.size_px,
        "feature_width": result.feature_width,
        "weights": asdict(result.weights),
        "metrics": {name: asdict(value) for name, value in evaluation.metrics.items()},
        "confusion": asdict(evaluation.confusion),
        "confusion_matrix": evaluation.confusion_matrix,
        "repeats": {name: asdict(spread) for name, spread in evaluation.repeats.items()},
        "seconds": asdict(result.seconds),
        "views_per_second": result.films_per_second,
    }


def _predictions(comparison: Comparison) -> str:
    cohort = comparison.cohort
    header = ["backbone", "repeat", "fold", "film_id", "path", "label", "predicted"]
    return _csv(
        [*header, *(f"score_{label}" for label in cohort.classes)],
        (
            [
                result.name, split.repeat, split.fold, film.film_id, str(film.path), film.label,
                cohort.classes[int(scores.argmax())], *(f"{score:.9g}" for score in scores),
            ]
            for result in comparison.backbones
            for split, of_head in zip(comparison.folds.splits, result.heads.scores, strict=True)
            for film, scores in ((cohort.films[row], of_head[row]) for row in split.test)
        ),
    )  # fmt: skip


def _history(comparison: Comparison) -> str:
    def rows() -> Iterable[Sequence[object]]:
        for result in comparison.backbones:
            history = result.heads.history
            parts = (
                ("training", history.training_loss, history.training_accuracy),
                ("validation", history.validation_loss, history.validation_accuracy),
            )
            for head, split in enumerate(comparison.folds.splits):
                for part, losses, accuracies in parts:
                    for epoch, (loss, accuracy) in enumerate(
                        zip(losses[head], accuracies[head], strict=True), start=1
                    ):
                        if np.isfinite(loss):
                            yield (
                                result.name, split.repeat, split.fold, epoch, part,
                                f"{loss:.6f}", f"{accuracy:.6f}",
                            )  # fmt: skip

    return _csv(["backbone", "repeat", "fold", "epoch", "part", "loss", "accuracy"], rows())


def _folds(comparison: Comparison) -> str:
    films, folds = comparison.cohort.films, comparison.folds
    return _csv(
        ["repeat", "fold", "part", "film_id", "path", "label", "group"],
        (
            [
                split.repeat, split.fold, part, films[row].film_id, str(films[row].path),
                films[row].label, int(folds.groups[row]),
            ]
            for split in folds.splits
            for part, rows in (
                ("training", split.train),
                ("validation", split.validation),
                ("test", split.test),
            )
            for row in rows
        ),
    )  # fmt: skip


def _excluded(comparison: Comparison) -> str:
    return _csv(
        ["film_id", "path", "label", "code", "message", "fix"],
        (
            [e.film_id, str(e.path), e.label, e.code, e.message, e.fix]
            for e in comparison.cohort.excluded
        ),
    )


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: object) -> object:
    """Keep a spreadsheet from running a name that looks like a formula."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        try:
            float(cell)
        except ValueError:
            return "'" + cell
    return cell


def _plain(value: Any) -> Any:
    """Turn arrays, tuples and NumPy numbers into what JSON has; NaN becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _is_run(folder: Path) -> bool:
    return (folder / "results.json").is_file() and (folder / "report.html").is_file()


def _write_whole(folder: Path, files: dict[str, str]) -> None:
    """Write beside the folder, then take its name in one step."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / "run"
        for name, text in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # A file name that is no valid text is written as it came.
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        if folder.exists():
            folder.rename(Path(scratch) / "replaced")
        fresh.rename(folder)
        shutil.rmtree(Path(scratch) / "replaced", ignore_errors=True)

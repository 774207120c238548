"""The run folder: a finished comparison on disk, whole or not at all.

Its files are a contract that other tools read; the columns and keys stand in
`docs/run-folder.md`. Films are named by path in `predictions.csv`, `folds.csv` and
`excluded.csv` alone: those exist to name films, everything else may be shown around.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from hilum.cohort.manifest import Cohort
from hilum.evaluation.results import Evaluation
from hilum.evaluation.selecting import NestedPick
from hilum.evaluation.subgroups import SubgroupComparison
from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.audit_results import audit_results, shortcut_results, verdict_results
from hilum.report.decisions_results import decisions_results
from hilum.report.figures import draw_figures
from hilum.report.html import films_shown, render_report
from hilum.report.placing import RESULTS_SCHEMA, check_run_folder, write_run
from hilum.report.privacy import cohorts_of, redacted, redactor
from hilum.report.replication import replication_results
from hilum.report.tables import excluded_table, folds_table, history_table, predictions_table
from hilum.report.thumbnails import load_thumbnails
from hilum.report.transfer_results import external_results, source_results
from hilum.studies.comparison import BackboneResult, Comparison, Ensemble
from hilum.studies.replicating import set_beside_paper


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
    comparison, files = run_files(comparison, cache_dir=cache_dir)
    write_run(folder, files)
    return comparison


def run_files(
    comparison: Comparison, *, cache_dir: str | Path | None = None
) -> tuple[Comparison, dict[str, str]]:
    """Make all files of a run folder, by their names in it.

    Args:
        comparison: What `compare` returned.
        cache_dir: As for `save_run`.

    Returns:
        The comparison, its peak memory brought up to date, and the files.
    """
    cohort = comparison.cohort
    cohorts = cohorts_of(comparison)
    redact = redactor(*cohorts)
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    figures = draw_figures(comparison)
    thumbnails = load_thumbnails(films_shown(comparison), cache)
    report = render_report(comparison, figures, thumbnails)
    comparison = replace(comparison, peak_rss_bytes=peak_rss_bytes())
    files = {
        "report.html": report,
        "results.json": to_json(results(comparison)),
        "predictions.csv": predictions_table(comparison),
        "history.csv": history_table(comparison),
        "folds.csv": folds_table(comparison),
        "audit.json": to_json(redacted(audit_results(comparison.audit, cohort), redact)),
        "provenance.json": to_json(
            redacted({**comparison.provenance, "seed": comparison.seed}, redact)
        ),
        **{f"figures/{stem}.svg": svg for stem, svg in figures.items()},
    }
    if any(each.excluded for each in cohorts):
        files["excluded.csv"] = excluded_table(*cohorts)
    return comparison, files


def results(comparison: Comparison) -> dict[str, Any]:
    """Gather the machine-readable result; it holds neither paths nor file names."""
    cohort, folds, external = comparison.cohort, comparison.folds, comparison.external
    redact = redactor(*cohorts_of(comparison))
    return {
        "schema": RESULTS_SCHEMA,
        "positive": comparison.positive,
        "classes": list(cohort.classes),
        "cohort": cohort_results(cohort) | {"groups": int(np.unique(folds.groups).size)},
        "recipe": asdict(comparison.recipe) | {"validates_on_test": folds.validates_on_test},
        "seed": comparison.seed,
        "verdict": redacted(verdict_results(comparison.verdict), redact),
        "audit": redacted(shortcut_results(comparison.audit), redact),
        "backbones": [backbone_results(result) for result in comparison.backbones],
        "comparisons": [asdict(pair) for pair in comparison.comparisons],
        "tiers": comparison.tiers,
        "ensemble": comparison.ensemble and _ensemble_results(comparison.ensemble),
        "pick": comparison.pick and _pick_results(comparison.pick),
        "subgroups": [_subgroup_results(groups, redact) for groups in comparison.subgroups],
        "by_source": comparison.by_source and source_results(comparison.by_source, redact),
        "external": external
        and {"cohort": cohort_results(external.cohort), **external_results(external)},
        "unavailable": [asdict(absent) for absent in comparison.unavailable],
        "published": replication_results(set_beside_paper(comparison)),
        "peak_rss_bytes": comparison.peak_rss_bytes,
    }


def cohort_results(cohort: Cohort) -> dict[str, Any]:
    """Gather what was studied and what was not; holds neither paths nor file names."""
    return {
        "name": cohort.name,
        "n": len(cohort),
        "per_class": cohort.n_per_class,
        "patients": cohort.n_patients,
        "excluded": [
            {"film_id": e.film_id, "label": e.label, "code": e.code} for e in cohort.excluded
        ],
        "left_out": dict(cohort.left_out),
        "ignored": cohort.ignored,
    }


def to_json(value: Any) -> str:
    """Write JSON that any reader takes: no NaN, numbers in full."""
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def backbone_results(result: BackboneResult) -> dict[str, Any]:
    """Gather what one backbone reached."""
    return {
        "name": result.name,
        "title": result.title,
        "parameters": result.parameters,
        "size_px": result.size_px,
        "feature_width": result.feature_width,
        "weights": asdict(result.weights),
        **_evaluation_results(result.evaluation),
        "decisions": result.decisions and decisions_results(result.decisions),
        "seconds": asdict(result.seconds),
        "views_per_second": result.views_per_second,
    }


def _evaluation_results(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "metrics": {name: asdict(value) for name, value in evaluation.metrics.items()},
        "confusion": asdict(evaluation.confusion),
        "confusion_matrix": evaluation.confusion_matrix,
        "repeats": {name: asdict(spread) for name, spread in evaluation.repeats.items()},
    }


def _ensemble_results(ensemble: Ensemble) -> dict[str, Any]:
    return {
        "members": ensemble.members,
        **_evaluation_results(ensemble.evaluation),
        "decisions": ensemble.decisions and decisions_results(ensemble.decisions),
    }


def _subgroup_results(
    comparison: SubgroupComparison, redact: Callable[[str], str]
) -> dict[str, Any]:
    groups = [replace(group, level=redact(group.level)) for group in comparison.subgroups]
    return asdict(replace(comparison, subgroups=tuple(groups)))


def _pick_results(pick: NestedPick) -> dict[str, Any]:
    return {
        "times_chosen": dict(pick.times_chosen),
        **_evaluation_results(pick.evaluation),
        "decisions": pick.decisions and decisions_results(pick.decisions),
    }


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

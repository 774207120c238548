"""The run folder: a finished comparison on disk, whole or not at all.

Its files are a contract that other tools read; the columns and keys stand in
`docs/run-folder.md`. Films are named by path in `predictions.csv`, `folds.csv` and
`excluded.csv` alone: those exist to name films, everything else may be shown around.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.figures import draw_figures
from hilum.report.html import films_shown, render_report
from hilum.report.thumbnails import load_thumbnails
from hilum.runs.audit import describe_audit
from hilum.runs.comparison import describe_comparison
from hilum.runs.place import check_run_folder, write_run
from hilum.runs.privacy import cohorts_of, redacted, redactor
from hilum.runs.schema import to_json
from hilum.runs.tables import excluded_table, folds_table, history_table, predictions_table
from hilum.studies.comparison import Comparison


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
        "results.json": to_json(describe_comparison(comparison)),
        "predictions.csv": predictions_table(comparison),
        "history.csv": history_table(comparison),
        "folds.csv": folds_table(comparison),
        "audit.json": to_json(redacted(describe_audit(comparison.audit, cohort), redact)),
        "provenance.json": to_json(
            redacted({**comparison.provenance, "seed": comparison.seed}, redact)
        ),
        **{f"figures/{stem}.svg": svg for stem, svg in figures.items()},
    }
    if any(each.excluded for each in cohorts):
        files["excluded.csv"] = excluded_table(*cohorts)
    return comparison, files

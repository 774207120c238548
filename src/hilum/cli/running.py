"""What `compare` and `demo` have in common: run the study, write it, tell the result."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort
    from hilum.studies.comparison import Comparison, Recipe

_EXCLUDED_SHOWN = 20


def run_comparison(
    cohort: Cohort,
    *,
    positive: str | None,
    backbones: str | None,
    recipe: Recipe,
    seed: int,
    out: Path | None,
    cache_dir: Path | None,
    is_json: bool,
    is_quiet: bool,
) -> int:
    """Compare, write the run folder, and print the result.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import make_watcher
    from hilum.report.run_folder import check_run_folder, results, save_run, to_json
    from hilum.studies.comparing import compare

    folder = out or Path("runs") / f"{cohort.name}-{datetime.now():%Y%m%d-%H%M%S}"
    check_run_folder(folder)
    comparison = compare(
        cohort,
        positive=positive,
        backbones=split_names(backbones),
        recipe=recipe,
        seed=seed,
        cache_dir=cache_dir,
        watcher=make_watcher(is_quiet=is_quiet),
        command_line=("hilum", *sys.argv[1:]),
    )
    comparison = save_run(comparison, folder, cache_dir=cache_dir)
    _tell_excluded(comparison)
    if is_json:
        typer.echo(to_json(results(comparison)), nl=False)
    elif not is_quiet:
        _tell_result(comparison)
    if not is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=is_json)
    needs_attention = any(finding.severity == "fail" for finding in comparison.findings)
    return 1 if comparison.cohort.excluded or needs_attention else 0


def split_names(names: str | None) -> list[str] | None:
    """Read a comma-separated option."""
    return [name.strip() for name in names.split(",") if name.strip()] if names else None


def _tell_excluded(comparison: Comparison) -> None:
    """Name the files that could not be read: the user must find them."""
    excluded = comparison.cohort.excluded
    for exclusion in excluded[:_EXCLUDED_SHOWN]:
        typer.echo(
            f"Not read: {exclusion.path}: {exclusion.code}: {exclusion.message} {exclusion.fix}",
            err=True,
        )
    if len(excluded) > _EXCLUDED_SHOWN:
        typer.echo(f"… and {len(excluded) - _EXCLUDED_SHOWN} more in excluded.csv.", err=True)


def _tell_result(comparison: Comparison) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    cohort = comparison.cohort
    counts = ", ".join(f"{n} {escape(label)}" for label, n in cohort.n_per_class.items())
    table = Table(
        box=SIMPLE_HEAD,
        title=f"{escape(cohort.name)}: {counts}; positive: {escape(comparison.positive)}",
    )
    table.add_column("Backbone", no_wrap=True)
    shown = list(comparison.backbones[0].evaluation.metrics)
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right")
    for result in comparison.backbones:
        metrics = result.evaluation.metrics
        table.add_row(
            result.title,
            *(f"{m.value:.3f}\n[dim]{m.low:.3f}–{m.high:.3f}[/]" for m in metrics.values()),
        )
    console = Console()
    console.print(table)
    console.print(f"95 % intervals in grey. Verdict: [bold]{comparison.verdict.headline}[/].")
    for reason in comparison.verdict.reasons:
        console.print(f"  · {escape(reason)}")
    console.print("Research use only.")

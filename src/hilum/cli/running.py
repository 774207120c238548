"""What `compare` and `demo` have in common: run the study, write it, tell the result."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.printing import printable
from hilum.errors import OutputError

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort
    from hilum.studies.comparison import Comparison, Recipe

_EXCLUDED_SHOWN = 20
_TABLE_WIDTH = 76


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
    private: Mapping[Path | None, str],
) -> int:
    """Compare, write the run folder, and print the result.

    Args:
        cohort: What to study.
        positive: The class that sensitivity speaks of.
        backbones: Comma-separated names.
        recipe: How to study it.
        seed: Where every draw begins.
        out: Where the run goes.
        cache_dir: Where graphs and features are kept.
        is_json: Print the machine-readable result.
        is_quiet: Print no progress.
        private: Places named on the command line, and what to keep in their stead.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.report.run_folder import claim_run_folder, results, save_run, to_json
    from hilum.studies.comparing import compare

    folder = out or Path("runs") / f"{cohort.name}-{datetime.now():%Y%m%d-%H%M%S}"
    _check_outside(folder, private)
    with watching(is_quiet=is_quiet) as watcher, claim_run_folder(folder):
        comparison = compare(
            cohort,
            positive=positive,
            backbones=split_names(backbones),
            recipe=recipe,
            seed=seed,
            cache_dir=cache_dir,
            watcher=watcher,
            command_line=_command_line({out: "OUT", cache_dir: "CACHE", **private}),
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
    return None if names is None else [n.strip() for n in names.split(",") if n.strip()]


def _command_line(private: Mapping[Path | None, str]) -> tuple[str, ...]:
    """Keep what was run, without the folders and files: they may name people."""
    stand_ins = {str(place): name for place, name in private.items() if place is not None}
    words = []
    for word in sys.argv[1:]:
        option, equals, value = word.partition("=")
        if word.startswith("-o") and _same(word[2:]) in stand_ins:
            words.append(f"-o{stand_ins[_same(word[2:])]}")
        elif equals and _same(value) in stand_ins:
            words.append(f"{option}={stand_ins[_same(value)]}")
        else:
            words.append(stand_ins.get(_same(word), word))
    return ("hilum", *words)


def _check_outside(folder: Path, private: Mapping[Path | None, str]) -> None:
    """Refuse a run inside the films' folder: the next comparison would read it as a class."""
    for place in private:
        if (
            place is not None
            and place.is_dir()
            and folder.resolve().is_relative_to(place.resolve())
        ):
            raise OutputError(
                f"The run folder '{folder}' would lie among the films.",
                fix="Name a folder outside with --out.",
            )


def _same(word: str) -> str:
    """Write a path as `Path` would: `films/` is `films`."""
    return str(Path(word))


def _tell_excluded(comparison: Comparison) -> None:
    """Name the files that could not be read, and count what was not studied."""
    cohort = comparison.cohort
    for e in cohort.excluded[:_EXCLUDED_SHOWN]:
        text = f"Not read: {e.path}: {e.code}: {e.message} {e.fix}"
        typer.echo(printable(text.replace("\n", "\\n")), err=True)
    if len(cohort.excluded) > _EXCLUDED_SHOWN:
        typer.echo(f"… and {len(cohort.excluded) - _EXCLUDED_SHOWN} more: excluded.csv", err=True)
    if cohort.left_out:
        counts = ", ".join(f"{n} {label}" for label, n in sorted(cohort.left_out.items()))
        typer.echo(printable(f"Left out, by label: {counts}"), err=True)
    if cohort.ignored:
        typer.echo(f"Ignored: {cohort.ignored} files that are no pictures", err=True)


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
    if console.width >= _TABLE_WIDTH:
        console.print(table)
        console.print("95 % intervals in grey.")
    else:
        for result in comparison.backbones:
            console.print(f"[bold]{result.title}[/]")
            for name, m in result.evaluation.metrics.items():
                console.print(
                    f"  {name.replace('_', ' ')} {m.value:.3f} ({m.low:.3f}–{m.high:.3f})"
                )
    console.print(f"Verdict: [bold]{comparison.verdict.headline}[/].")
    for reason in comparison.verdict.reasons:
        console.print(f"  · {escape(reason)}")
    console.print("Research use only.")

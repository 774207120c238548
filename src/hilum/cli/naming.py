"""What `compare --head none` does: ask networks as they are, write it, tell it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.options import RunOutput, paths_hidden
from hilum.cli.printing import plain
from hilum.cli.running import check_outside, command_line, run_folder
from hilum.cli.telling import tell_excluded
from hilum.studies.options import NamingOptions

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.cohort.manifest import Cohort
    from hilum.studies.naming import BackboneNames, Likeness, Naming

_COLUMN_WIDTH = 24
"""Columns of text that a class of films wants beside others."""


def run_naming(
    cohort: Cohort,
    options: NamingOptions,
    output: RunOutput,
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Ask what the films are taken for, write the run folder, and print the result.

    Args:
        cohort: What to show to the networks.
        options: What else the user asked for.
        output: Where the run goes, and how it is told.
        private: Places of films named on the command line, and what to keep in their stead.

    Returns:
        The exit code: 0 done, 1 done, but some file could not be read.
    """
    from hilum.cli.progress import watching
    from hilum.report.naming_folder import save_naming
    from hilum.report.naming_page import LESSON
    from hilum.runs.naming import describe_naming
    from hilum.runs.place import claim_run_folder
    from hilum.runs.schema import to_json
    from hilum.studies.extracting import open_workshop
    from hilum.studies.naming import name_films_with

    folder = run_folder(output, cohort)
    check_outside(folder, private)
    told = command_line({**paths_hidden(output, options), **private})
    with watching(is_quiet=output.is_quiet) as watcher, claim_run_folder(folder):
        workshop = open_workshop(options, watcher=watcher, command_line=told)
        naming = name_films_with(cohort, options, workshop)
        naming = save_naming(naming, folder, cache_dir=workshop.cache_dir)
    tell_excluded(naming.cohort)
    if output.is_json:
        typer.echo(to_json(describe_naming(naming, LESSON)), nl=False)
    elif not output.is_quiet:
        _tell(naming)
    if not output.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=output.is_json)
    return 1 if naming.cohort.excluded else 0


def _tell(naming: Naming) -> None:
    from rich.console import Console

    from hilum.report.naming_page import LESSON
    from hilum.report.wording import unverified_text

    console = Console(highlight=False)
    if warning := unverified_text(naming):
        console.print(f"[bold]Unverified weights.[/] {warning}")
    for backbone in naming.backbones:
        _tell_backbone(console, backbone)
    console.print("Mean probability; and for how many of the films the thing came first.")
    console.print()
    console.print(LESSON[0])
    console.print("Research use only.")


def _tell_backbone(console: Console, backbone: BackboneNames) -> None:
    """Print the classes side by side, as many as there is room for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    at_once = max(1, console.width // _COLUMN_WIDTH)
    for start in range(0, len(backbone.per_class), at_once):
        shown = backbone.per_class[start : start + at_once]
        table = Table(box=SIMPLE_HEAD, title=None if start else backbone.title)
        for names in shown:
            label = plain(names.label)
            table.add_column(f"{label}\n[dim]{names.n_films} films[/]", min_width=18)
        for row in zip(*(names.top for names in shown), strict=True):
            table.add_row(*map(_cell, row))
        console.print(table)


def _cell(likeness: Likeness) -> str:
    from hilum.report.naming_page import percent_text

    probability = percent_text(likeness.probability)
    return f"{likeness.thing}\n[dim]{probability}, first {percent_text(likeness.share_first, 0)}[/]"

"""What `compare --head none` does: ask networks as they are, write it, tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from hilum.cli.printing import plain
from hilum.cli.running import Wishes, check_outside
from hilum.cli.telling import tell_excluded

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.cohort.manifest import Cohort
    from hilum.studies.naming import BackboneNames, Likeness, Naming

_COLUMN_WIDTH = 24
"""Columns of text that a class of films wants beside others."""


def run_naming(cohort: Cohort, wishes: Wishes) -> int:
    """Ask what the films are taken for, write the run folder, and print the result.

    Args:
        cohort: What to show to the networks.
        wishes: What else the user asked for; the positive class and the seed mean nothing.

    Returns:
        The exit code: 0 done, 1 done, but some file could not be read.
    """
    from hilum.cli.progress import watching
    from hilum.report.naming_folder import save_naming
    from hilum.report.naming_page import LESSON
    from hilum.runs.naming import describe_naming
    from hilum.runs.place import claim_run_folder
    from hilum.runs.schema import to_json
    from hilum.studies.naming import name_films

    folder = wishes.run_folder(cohort)
    check_outside(folder, wishes.private)
    with watching(is_quiet=wishes.is_quiet) as watcher, claim_run_folder(folder):
        naming = name_films(
            cohort,
            **wishes.of_networks(watcher),
        )
        naming = save_naming(naming, folder, cache_dir=wishes.cache_dir)
    tell_excluded(naming.cohort)
    if wishes.is_json:
        typer.echo(to_json(describe_naming(naming, LESSON)), nl=False)
    elif not wishes.is_quiet:
        _tell(naming)
    if not wishes.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=wishes.is_json)
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

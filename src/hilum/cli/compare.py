"""`hilum compare`: the main job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hilum.cli.data import CohortOptions, Data, External, read_cohorts, read_place
from hilum.cli.options import Given, RunOutput, paths_hidden, with_flags
from hilum.cli.study import check_outside, command_line, run_folder
from hilum.report import plain
from hilum.studies import STUDY_PANEL, CompareOptions, NamingOptions, RecipeChanges, split_names

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.cohort import Cohort
    from hilum.studies import BackboneNames, Likeness, Naming


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
    from hilum.report import LESSON, save_naming, tell_excluded
    from hilum.runs import claim_run_folder, describe_naming, to_json
    from hilum.studies import name_films_with
    from hilum.studies import open_context as open_context

    folder = run_folder(output, cohort)
    check_outside(folder, private)
    told = command_line({**paths_hidden(output, options), **private})
    with watching(is_quiet=output.is_quiet) as watcher, claim_run_folder(folder):
        context = open_context(options, watcher=watcher, command_line=told)
        naming = name_films_with(cohort, options, context)
        naming = save_naming(naming, folder, cache_dir=context.cache_dir)
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

    from hilum.report import LESSON, unverified_text

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
    from hilum.wording import percent_text

    probability = percent_text(likeness.probability)
    return f"{likeness.thing}\n[dim]{probability}, first {percent_text(likeness.share_first, 0)}[/]"


class Head(StrEnum):
    """What stands on a backbone."""

    DENSE = "dense"
    NONE = "none"


def _check_head(given: Given, values: Mapping[str, Any]) -> None:
    """Refuse what means nothing where no head is trained."""
    from hilum.errors import RecipeError

    unused = given.beyond(NamingOptions, CohortOptions, RunOutput, names=("data", "head"))
    if values["head"] is Head.NONE and unused:
        raise RecipeError(
            f"--head none trains nothing, so {', '.join(unused)} would mean nothing.",
            fix="Leave out what belongs to training, or use --head dense.",
        )


@with_flags(_check_head)
def compare_command(
    data: Data,
    given: Given,
    *,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="hilum (default), paper or pyimagesearch; several, such as paper,hilum, are "
            "put side by side.",
            metavar="A,B",
            rich_help_panel=STUDY_PANEL,
        ),
    ] = None,
    head: Annotated[
        Head,
        typer.Option(
            help="dense: trained on the films. none: what each network as it is takes the films "
            "for.",
            rich_help_panel=STUDY_PANEL,
        ),
    ] = Head.DENSE,
    changes: RecipeChanges,
    options: CompareOptions,
    films: CohortOptions,
    external: External = None,
    output: RunOutput,
) -> None:
    r"""Compare pretrained backbones on your films, and write one report.

    Films are split without leaks, each frozen backbone runs once over them, many
    small heads are trained, and every figure comes with its interval.

    Examples:

      hilum compare films

      hilum compare films --positive COVID-19 --out runs/first

      hilum compare table.csv --image-folder images \

        --label "COVID-19=COVID-19|COVID-19, ARDS" \

        --label "Other=Pneumonia" --positive COVID-19

      hilum compare films --external other-hospital --label "Normal=No_findings"

      hilum compare films --recipe paper,hilum

      hilum compare films --head none

    Several recipes are put side by side, and each setting that they differ
    in is changed by itself to show what it is worth. --folds and --repeats go
    to those that have folds, --views and --epochs to all.

    Exit code: 0 done; 1 done, but the claim is withheld, some check failed, or some
    file could not be read; 2 nothing was written.
    """
    from hilum.cli.study import run_recipes
    from hilum.studies import find_recipes

    recipes = find_recipes(split_names(recipe or "hilum"), **vars(changes))
    place_elsewhere = read_place(external)
    cohort, elsewhere = read_cohorts(data, place_elsewhere, films)
    options = replace(options, external=elsewhere)
    private = {data: "DATA", place_elsewhere: "EXTERNAL"} | paths_hidden(films)
    if head is Head.NONE:
        code = run_naming(cohort, options, output, private=private)
    else:
        decisions = ("--operating-point", "--prevalence")
        code = run_recipes(
            cohort,
            recipes,
            options,
            output,
            private=private,
            of_decisions=[flag for flag in decisions if flag in given.values()],
        )
    raise typer.Exit(code)

"""`hilum compare`: the main job; with `--head none`, what networks as they are see in films."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hilum.cli.data import CohortOptions, Data, External, read_cohorts, read_place
from hilum.cli.options import Given, RunOutput, paths_hidden, with_flags
from hilum.cli.study import Finished, run_study
from hilum.errors import RecipeError
from hilum.report import plain
from hilum.studies import (
    STUDY_PANEL,
    CompareOptions,
    NamingOptions,
    RecipeChanges,
    RecipesOptions,
    converted,
    split_names,
)

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.cohort import Cohort
    from hilum.studies import BackboneNames, Comparison, ImagenetMatch, Naming, Recipe, StudyContext


class Head(StrEnum):
    """What stands on a backbone."""

    DENSE = "dense"
    NONE = "none"


def _check_head(given: Given, values: Mapping[str, Any]) -> None:
    """Refuse what means nothing where no head is trained."""
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
    from hilum.studies import find_recipes

    recipes = find_recipes(split_names(recipe or "hilum"), **vars(changes))
    external_path = read_place(external)
    cohort, external_cohort = read_cohorts(data, external_path, films)
    options = replace(options, external=external_cohort)
    private = {data: "DATA", external_path: "EXTERNAL"} | paths_hidden(films)
    if head is Head.NONE:
        code = _run_naming(cohort, options, output, private=private)
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


def run_recipes(
    cohort: Cohort,
    recipes: Sequence[Recipe],
    options: CompareOptions,
    output: RunOutput,
    *,
    private: Mapping[Path | None, str],
    of_decisions: Sequence[str] = (),
) -> int:
    """Compare by one recipe or several, write the run folder, and print the result.

    Args:
        cohort: What to study.
        recipes: How to study it; several are put side by side.
        options: What else the user asked for.
        output: Where the run goes, and how it is told.
        private: Places of films named on the command line, and what to keep in their stead.
        of_decisions: Flags that were given and speak of an operating point.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.report import (
        save_recipes,
        save_run,
        tell_recipes,
        tell_result,
        tell_undecided,
        worth_text,
    )
    from hilum.runs import claim_run_folder, describe_comparison, describe_recipes, to_json
    from hilum.studies import compare_recipes_with, compare_with

    folder = _run_folder(output, cohort)

    def study(context: StudyContext) -> Finished:
        if len(recipes) == 1:
            comparison = compare_with(cohort, replace(options, recipe=recipes[0]), context)
            comparison = save_run(comparison, folder, cache_dir=context.cache_dir)
            return finished(
                [comparison],
                lambda: describe_comparison(comparison),
                lambda: tell_result(comparison),
            )
        several = converted(options, RecipesOptions, recipes=recipes)
        contrast = compare_recipes_with(cohort, several, context)
        contrast = save_recipes(contrast, folder, cache_dir=context.cache_dir)
        return finished(
            contrast.comparisons,
            lambda: describe_recipes(contrast, word=worth_text),
            lambda: tell_recipes(contrast),
        )

    def finished(
        comparisons: Sequence[Comparison],
        describe: Callable[[], Mapping[str, object]],
        tell: Callable[[], None],
    ) -> Finished:
        first = comparisons[0]
        return Finished(
            json=lambda: to_json(describe()),
            tell=tell,
            place=f"Report: {folder / 'report.html'}",
            cohorts=[first.cohort, *([first.external.cohort] if first.external else [])],
            needs_attention=any(comparison.audit.needs_attention for comparison in comparisons),
            warn=lambda: tell_undecided(comparisons, of_decisions),
        )

    return run_study(study, options, output, folder, claim_run_folder, private=private)


def _run_folder(output: RunOutput, cohort: Cohort) -> Path:
    """Return the folder asked for, or one named for the cohort and the time."""
    return output.out or Path("runs") / f"{cohort.name}-{datetime.now():%Y%m%d-%H%M%S}"


def _run_naming(
    cohort: Cohort,
    options: NamingOptions,
    output: RunOutput,
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Ask what the films are taken for, write the run folder, and print the result."""
    from hilum.report import LESSON, save_naming
    from hilum.runs import claim_run_folder, describe_naming, to_json
    from hilum.studies import name_films_with

    folder = _run_folder(output, cohort)

    def study(context: StudyContext) -> Finished:
        naming = name_films_with(cohort, options, context)
        naming = save_naming(naming, folder, cache_dir=context.cache_dir)
        return Finished(
            json=lambda: to_json(describe_naming(naming, LESSON)),
            tell=lambda: _tell_naming(naming),
            place=f"Report: {folder / 'report.html'}",
            cohorts=[naming.cohort],
        )

    return run_study(study, options, output, folder, claim_run_folder, private=private)


def _tell_naming(naming: Naming) -> None:
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


_COLUMN_WIDTH = 24
"""Characters that the column of a class takes beside others."""


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


def _cell(likeness: ImagenetMatch) -> str:
    from hilum.wording import percent_text

    probability = percent_text(likeness.probability)
    return f"{likeness.thing}\n[dim]{probability}, first {percent_text(likeness.share_first, 0)}[/]"

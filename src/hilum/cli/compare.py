"""`hilum compare`: the main job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import typer

from hilum.cli.data import CohortOptions, Data, External, read_cohorts, read_place
from hilum.cli.options import Given, RunOutput, paths_hidden, with_flags
from hilum.studies.options import (
    STUDY_PANEL,
    CompareOptions,
    NamingOptions,
    RecipeChanges,
    split_names,
)


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
    from hilum.cli.running import run_recipes
    from hilum.studies.recipes import find_recipes

    recipes = find_recipes(split_names(recipe or "hilum"), **vars(changes))
    place_elsewhere = read_place(external)
    cohort, elsewhere = read_cohorts(data, place_elsewhere, films)
    options = replace(options, external=elsewhere)
    private = {data: "DATA", place_elsewhere: "EXTERNAL"} | paths_hidden(films)
    if head is Head.NONE:
        from hilum.cli.naming import run_naming

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

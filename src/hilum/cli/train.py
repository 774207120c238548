"""`hilum train`: a classifier that can be used, and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hilum.cli.data import CohortOptions, read_cohorts
from hilum.cli.options import Given, paths_hidden, with_flags
from hilum.cli.training import BundleOutput
from hilum.studies.options import FromRunOptions, RecipeChanges, TrainOptions, converted


def _check_unused(given: Given, values: Mapping[str, Any]) -> None:
    """Refuse what a finished run has settled."""
    from hilum.errors import RunError

    unused = given.beyond(FromRunOptions, BundleOutput, names=("run",))
    if values["run"] is not None and unused:
        raise RunError(
            "--from takes films and study from the run, so "
            f"{', '.join(unused)} would mean nothing.",
            fix="Leave it out, or train on the films without --from.",
        )


@with_flags(_check_unused)
def train_command(
    *,
    data: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with one subfolder per class, or a CSV; or none with --from.",
            metavar="[DATA]",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A finished run of `hilum compare`: nothing is extracted again, the heads are "
            "trained once more and checked against the run.",
            metavar="RUN",
        ),
    ] = None,
    output: BundleOutput,
    changes: RecipeChanges,
    films: CohortOptions,
    options: TrainOptions,
) -> None:
    """Train a classifier: the heads of all folds, averaged, on one frozen backbone.

    The films are audited, split and studied as in compare; the bundle holds the
    heads, their calibration and operating point, a guard that refuses films unlike
    the training films, and a model card with the study's figures and its verdict.

    Examples:

      hilum train films --positive COVID-19 -o bundle

      hilum train films --backbone efficientnet-lite0 --standalone -o bundle

      hilum train --from runs/first -o bundle

    Exit code: 0 done; 1 done, but the claim is withheld, some check failed, or some
    file could not be read; 2 nothing was written.
    """
    from hilum.cli.training import train_anew, train_from

    if run is not None:
        raise typer.Exit(train_from(run, converted(options, FromRunOptions), output))
    if data is None:
        raise typer.BadParameter("Name the films (DATA), or a finished run with --from.")
    from hilum.studies.recipes import find_recipe

    recipe = find_recipe("hilum", **vars(changes))
    cohort, _ = read_cohorts(data, None, films)
    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(train_anew(cohort, replace(options, recipe=recipe), output, private=private))

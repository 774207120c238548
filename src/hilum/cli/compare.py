"""`hilum compare`: the main job."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from hilum.cli import data as of_data
from hilum.cli import options


class Head(StrEnum):
    """What stands on a backbone."""

    DENSE = "dense"
    NONE = "none"


_STUDY = "The study"


def compare_command(
    data: of_data.Data,
    positive: options.Positive = None,
    backbones: options.Backbones = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="hilum (default), paper or pyimagesearch; several, such as paper,hilum, are "
            "put side by side.",
            metavar="A,B",
            rich_help_panel=_STUDY,
        ),
    ] = None,
    head: Annotated[
        Head,
        typer.Option(
            help="dense: trained on the films. none: what each network as it is takes the films "
            "for.",
            rich_help_panel=_STUDY,
        ),
    ] = Head.DENSE,
    classes: of_data.Classes = None,
    patient_pattern: of_data.PatientPattern = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Folds per repeat (5), where the recipe has folds.", rich_help_panel=_STUDY
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(help="Times the folds are drawn (5), likewise.", rich_help_panel=_STUDY),
    ] = None,
    views: Annotated[
        int | None, typer.Option(help="Rotated views per film (2).", rich_help_panel=_STUDY)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs at most (100; 25).", rich_help_panel=_STUDY)
    ] = None,
    label: of_data.Label = None,
    image_column: of_data.ImageColumn = None,
    label_column: of_data.LabelColumn = None,
    patient_column: of_data.PatientColumn = None,
    source_column: of_data.SourceColumn = None,
    view_column: of_data.ViewColumn = None,
    sex_column: of_data.SexColumn = None,
    age_column: of_data.AgeColumn = None,
    image_folder: of_data.ImageFolder = None,
    external: of_data.External = None,
    operating_point: options.OperatingPoint = None,
    prevalence: options.Prevalence = None,
    masks: options.Masks = None,
    no_probes: options.NoProbes = False,
    mute: options.Mute = None,
    out: options.Out = None,
    seed: options.Seed = 0,
    is_json: options.Json = False,
    is_quiet: options.Quiet = False,
    is_offline: options.Offline = False,
    cache_dir: options.CacheDir = None,
    weights_dir: options.WeightsDir = None,
    allow_unverified_weights: options.AllowUnverifiedWeights = False,
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
    from hilum.cli.running import Wishes, read_shares, run_recipes, split_names
    from hilum.studies.recipes import find_recipes

    if head is Head.NONE:
        _check_unused(
            {"--recipe": recipe, "--folds": folds, "--repeats": repeats, "--views": views,
             "--epochs": epochs, "--positive": positive, "--seed": seed or None,
             "--masks": masks, "--no-probes": no_probes or None, "--mute": mute,
             "--external": external, "--operating-point": operating_point,
             "--prevalence": prevalence}
        )  # fmt: skip
    recipes = find_recipes(
        split_names(recipe or "hilum") or [],
        folds=folds, repeats=repeats, views=views, epochs=epochs,
    )  # fmt: skip
    place_elsewhere = of_data.read_place(external)
    cohort, elsewhere = of_data.read_cohorts(
        data,
        place_elsewhere,
        classes=split_names(classes),
        patient_pattern=patient_pattern,
        labels=label,
        image_column=image_column,
        label_column=label_column,
        patient_column=patient_column,
        source_column=source_column,
        view_column=view_column,
        sex_column=sex_column,
        age_column=age_column,
        image_folder=image_folder,
    )
    wishes = Wishes(
        positive=positive,
        backbones=backbones,
        seed=seed,
        out=out,
        cache_dir=cache_dir,
        weights_dir=weights_dir,
        allows_unverified_weights=allow_unverified_weights,
        has_probes=not no_probes,
        masks=masks,
        muted=split_names(mute) or (),
        operating_point=operating_point,
        prevalences=read_shares(prevalence),
        external=elsewhere,
        is_json=is_json,
        is_quiet=is_quiet,
        private={data: "DATA", place_elsewhere: "EXTERNAL", image_folder: "IMAGES"},
    )
    if head is Head.NONE:
        from hilum.cli.naming import run_naming

        code = run_naming(cohort, wishes)
    else:
        code = run_recipes(cohort, recipes, wishes)
    raise typer.Exit(code)


def _check_unused(given: Mapping[str, object]) -> None:
    """Refuse what means nothing where no head is trained."""
    from hilum.errors import RecipeError

    named = [option for option, value in given.items() if value is not None]
    if named:
        raise RecipeError(
            f"--head none trains nothing, so {', '.join(named)} would mean nothing.",
            fix="Leave out what belongs to training, or use --head dense.",
        )

"""`hilum train`: a classifier that can be used, and handed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilum.cli import data as of_data
from hilum.cli import options

_STUDY = "The study"


def train_command(
    data: Annotated[
        Path | None,
        typer.Argument(
            help="A folder with one subfolder per class, or a CSV; or none with --from.",
            metavar="[DATA]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Bundle to write (default: bundles/NAME-TIME)."),
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
    backbone: Annotated[
        str | None,
        typer.Option(help="One backbone (default: the smallest of the best tier).", metavar="NAME"),
    ] = None,
    positive: options.Positive = None,
    standalone: Annotated[
        bool,
        typer.Option(
            "--standalone",
            help="Put the backbone into the bundle, so that it runs on any machine; otherwise the "
            "bundle names it by its hash.",
        ),
    ] = False,
    classes: of_data.Classes = None,
    patient_pattern: of_data.PatientPattern = None,
    folds: Annotated[
        int | None, typer.Option(help="Folds per repeat (5).", rich_help_panel=_STUDY)
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(help="Times the folds are drawn (5).", rich_help_panel=_STUDY)
    ] = None,
    views: Annotated[
        int | None, typer.Option(help="Rotated views per film (2).", rich_help_panel=_STUDY)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs at most (100).", rich_help_panel=_STUDY)
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
    operating_point: options.OperatingPoint = None,
    masks: options.Masks = None,
    no_probes: options.NoProbes = False,
    mute: options.Mute = None,
    seed: options.Seed = 0,
    is_json: options.Json = False,
    is_quiet: options.Quiet = False,
    is_offline: options.Offline = False,
    cache_dir: options.CacheDir = None,
    weights_dir: options.WeightsDir = None,
    allow_unverified_weights: options.AllowUnverifiedWeights = False,
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
    from hilum.cli.training import TrainingWishes, train_anew, train_from

    wishes = TrainingWishes(
        out=out,
        backbone=backbone,
        is_standalone=standalone,
        cache_dir=cache_dir,
        weights_dir=weights_dir,
        is_json=is_json,
        is_quiet=is_quiet,
    )
    if run is not None:
        of_study = {
            "DATA": data, "--positive": positive, "--classes": classes,
            "--patient-pattern": patient_pattern, "--folds": folds, "--repeats": repeats,
            "--views": views, "--epochs": epochs, "--label": label, "--image-column": image_column,
            "--label-column": label_column, "--patient-column": patient_column,
            "--source-column": source_column, "--view-column": view_column,
            "--sex-column": sex_column, "--age-column": age_column,
            "--image-folder": image_folder, "--operating-point": operating_point,
            "--masks": masks, "--no-probes": no_probes or None, "--mute": mute,
            "--seed": seed or None,
            "--allow-unverified-weights": allow_unverified_weights or None,
        }  # fmt: skip
        raise typer.Exit(train_from(run, wishes, of_study))
    if data is None:
        raise typer.BadParameter("Name the films (DATA), or a finished run with --from.")
    from hilum.cli.running import split_names
    from hilum.studies.recipes import find_recipes

    (recipe,) = find_recipes(["hilum"], folds=folds, repeats=repeats, views=views, epochs=epochs)
    cohort, _ = of_data.read_cohorts(
        data,
        None,
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
    rule = {} if operating_point is None else {"operating_point": operating_point}
    code = train_anew(
        cohort,
        wishes,
        private={data: "DATA", image_folder: "IMAGES", masks: "MASKS"},
        positive=positive,
        recipe=recipe,
        seed=seed,
        allows_unverified_weights=allow_unverified_weights,
        probes=not no_probes,
        masks=masks,
        muted=split_names(mute) or (),
        **rule,
    )
    raise typer.Exit(code)

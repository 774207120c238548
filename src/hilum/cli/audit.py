"""`hilum audit`: can this cohort carry a claim?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilum.cli import data as of_data
from hilum.cli import options


def audit_command(
    data: of_data.Data,
    positive: options.Positive = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            help="The network that shortcuts are measured against (default: the smallest).",
            metavar="NAME",
        ),
    ] = None,
    classes: of_data.Classes = None,
    patient_pattern: of_data.PatientPattern = None,
    label: of_data.Label = None,
    image_column: of_data.ImageColumn = None,
    label_column: of_data.LabelColumn = None,
    patient_column: of_data.PatientColumn = None,
    source_column: of_data.SourceColumn = None,
    view_column: of_data.ViewColumn = None,
    sex_column: of_data.SexColumn = None,
    age_column: of_data.AgeColumn = None,
    image_folder: of_data.ImageFolder = None,
    masks: options.Masks = None,
    no_probes: options.NoProbes = False,
    mute: options.Mute = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the page and the data (default: none)."),
    ] = None,
    seed: options.Seed = 0,
    is_json: options.Json = False,
    is_quiet: options.Quiet = False,
    is_offline: options.Offline = False,
    cache_dir: options.CacheDir = None,
    weights_dir: options.WeightsDir = None,
    allow_unverified_weights: options.AllowUnverifiedWeights = False,
) -> None:
    """Find out whether your films can carry the claim, before anybody believes a figure.

    Looks for copies, torn patients and faulty films, and measures what predicts the
    label without the disease: how files are made, where they come from, the frame of
    the film. Then gives a verdict: supported, limited or withheld.

    Examples:

      hilum audit films

      hilum audit films --positive COVID-19 --out runs/audit

    Exit code: 0 done; 1 done, and the claim is withheld, some check failed, or some
    file could not be read; 2 nothing was written.
    """
    from hilum.cli.running import Wishes, split_names
    from hilum.cli.running_audit import run_audit

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
    wishes = Wishes(
        positive=positive,
        backbones=backbone,
        seed=seed,
        out=out,
        cache_dir=cache_dir,
        weights_dir=weights_dir,
        allows_unverified_weights=allow_unverified_weights,
        has_probes=not no_probes,
        masks=masks,
        muted=split_names(mute) or (),
        is_json=is_json,
        is_quiet=is_quiet,
        private={data: "DATA", image_folder: "IMAGES"},
    )
    raise typer.Exit(run_audit(cohort, wishes))

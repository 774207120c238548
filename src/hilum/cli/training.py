"""What `hilum train` does with its options: train, write the bundle, tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.options import RunOutput, out_option, paths_hidden
from hilum.cli.running import check_outside, command_line
from hilum.cli.telling import tell_excluded
from hilum.studies.options import Flag, FromRunOptions, TrainOptions, option

if TYPE_CHECKING:
    from hilum.classifier.records import BundleRecord
    from hilum.cohort.manifest import Cohort
    from hilum.studies.training import TrainedClassifier


@dataclass(frozen=True, kw_only=True)
class BundleOutput(RunOutput):
    """How a classifier is told of, and what is written where."""

    out: Path | None = out_option("Bundle to write (default: bundles/NAME-TIME).")
    is_standalone: bool = option(
        False,
        "Put the backbone into the bundle, so that it runs on any machine; otherwise the "
        "bundle names it by its hash.",
        Flag("--standalone"),
    )

    def bundle_folder(self, name: str) -> Path:
        """Return the folder asked for, or one named for the cohort and the time."""
        return self.out or Path("bundles") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def train_anew(
    cohort: Cohort,
    options: TrainOptions,
    output: BundleOutput,
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Study a cohort and write a bundle.

    Args:
        cohort: The films.
        options: What the user asked of the study.
        output: What the user asked of the bundle.
        private: Places of films named on the command line, and what to keep in their stead.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.classifier.bundle import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report.bundle_folder import save_bundle
    from hilum.studies.comparison import Comparison
    from hilum.studies.extracting import open_workshop
    from hilum.studies.training import train_with

    folder = output.bundle_folder(cohort.name)
    masks = None if options.masks is None else Path(options.masks)
    check_outside(folder, {**private, masks: "MASKS"})
    check_bundle_place(folder)
    told = command_line({**paths_hidden(output, options), **private})
    with watching(is_quiet=output.is_quiet) as watcher:
        workshop = open_workshop(options, watcher=watcher, command_line=told)
        trained = train_with(cohort, options, workshop)
        record = save_bundle(trained, folder, standalone=output.is_standalone)
    assert isinstance(trained.study, Comparison)
    tell_excluded(trained.study.cohort)
    _tell(trained, record, folder, output)
    needs_attention = trained.study.cohort.excluded or trained.study.audit.needs_attention
    return 1 if needs_attention else 0


def train_from(run: Path, options: FromRunOptions, output: BundleOutput) -> int:
    """Write a bundle from a finished run.

    Args:
        run: The run folder.
        options: What the user asked for.
        output: What the user asked of the bundle.

    Returns:
        The exit code: that of the run, 0 done, 1 done with findings that need attention.

    Raises:
        RunError: As for `train_from_run`.
    """
    from hilum.classifier.bundle import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report.bundle_folder import save_bundle
    from hilum.runs.reading import needs_attention, train_from_run_with
    from hilum.studies.extracting import open_workshop

    folder = output.bundle_folder(run.resolve().name)
    check_bundle_place(folder)
    with watching(is_quiet=output.is_quiet) as watcher:
        trained = train_from_run_with(run, options, open_workshop(options, watcher=watcher))
        record = save_bundle(trained, folder, standalone=output.is_standalone)
    _tell(trained, record, folder, output)
    return 1 if needs_attention(run) else 0


def _tell(
    trained: TrainedClassifier, record: BundleRecord, folder: Path, output: BundleOutput
) -> None:
    from hilum.classifier.records import write_record

    if output.is_json:
        typer.echo(write_record(record), nl=False)
    elif not output.is_quiet:
        _tell_in_words(trained, record)
    if not output.is_quiet:
        typer.echo(f"Bundle: {folder}", err=output.is_json)


def _tell_in_words(trained: TrainedClassifier, record: BundleRecord) -> None:
    from rich.console import Console

    from hilum.cli.printing import plain
    from hilum.report.calling_wording import calling_text
    from hilum.report.model_card import HEADLINES

    console = Console(highlight=False)
    colour = {"supported": "green", "limited": "yellow", "withheld": "red"}
    headline = record.verdict.headline
    console.print(f"[bold {colour[headline]}]{HEADLINES[headline]}[/]")
    for reason in record.verdict.reasons:
        console.print(f"- {plain(reason)}")
    point = record.study["operating_point"]
    figures = ", ".join(
        f"{name} {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
        for name, figure in (
            ("sensitivity", point["sensitivity"]),
            ("specificity", point["specificity"]),
        )
        if figure["value"] is not None
    )
    console.print(
        f"{plain(record.backbone.title)} ({trained.choice}), {record.n_heads} heads. "
        f"{calling_text(record, plain(record.positive))}: {figures}."
    )
    console.print("Research use only.")

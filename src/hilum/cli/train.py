"""`hilum train`: a classifier that can be used, and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hilum.cli.data import CohortOptions, read_cohorts
from hilum.cli.options import Given, RunOutput, out_option, paths_hidden, with_flags
from hilum.cli.study import check_outside, command_line
from hilum.studies import Flag, FromRunOptions, RecipeChanges, TrainOptions, converted, option

if TYPE_CHECKING:
    from hilum.classifier import BundleRecord
    from hilum.cohort import Cohort
    from hilum.studies import TrainedClassifier


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
    from hilum.classifier import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report import save_bundle, tell_excluded
    from hilum.studies import Comparison, train_with
    from hilum.studies import open_context as open_context

    folder = output.bundle_folder(cohort.name)
    masks = None if options.masks is None else Path(options.masks)
    check_outside(folder, {**private, masks: "MASKS"})
    check_bundle_place(folder)
    told = command_line({**paths_hidden(output, options), **private})
    with watching(is_quiet=output.is_quiet) as watcher:
        context = open_context(options, watcher=watcher, command_line=told)
        trained = train_with(cohort, options, context)
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
    from hilum.classifier import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report import save_bundle
    from hilum.runs import needs_attention, train_from_run_with
    from hilum.studies import open_context as open_context

    folder = output.bundle_folder(run.resolve().name)
    check_bundle_place(folder)
    with watching(is_quiet=output.is_quiet) as watcher:
        trained = train_from_run_with(run, options, open_context(options, watcher=watcher))
        record = save_bundle(trained, folder, standalone=output.is_standalone)
    _tell(trained, record, folder, output)
    return 1 if needs_attention(run) else 0


def _tell(
    trained: TrainedClassifier, record: BundleRecord, folder: Path, output: BundleOutput
) -> None:
    from hilum.classifier import write_record

    if output.is_json:
        typer.echo(write_record(record), nl=False)
    elif not output.is_quiet:
        _tell_in_words(trained, record)
    if not output.is_quiet:
        typer.echo(f"Bundle: {folder}", err=output.is_json)


def _tell_in_words(trained: TrainedClassifier, record: BundleRecord) -> None:
    from rich.console import Console

    from hilum.classifier import calling_text
    from hilum.report import HEADLINE_COLOURS, plain, training_text

    console = Console(highlight=False)
    headline = record.verdict.headline
    console.print(f"[bold {HEADLINE_COLOURS[headline]}]{training_text(headline, 'figures')}[/]")
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
    if run is not None:
        raise typer.Exit(train_from(run, converted(options, FromRunOptions), output))
    if data is None:
        raise typer.BadParameter("Name the films (DATA), or a finished run with --from.")
    from hilum.studies import find_recipe

    recipe = find_recipe("hilum", **vars(changes))
    cohort, _ = read_cohorts(data, None, films)
    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(train_anew(cohort, replace(options, recipe=recipe), output, private=private))

"""`hilum train`: a classifier that can be used, and handed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hilum.cli.data import CohortOptions, read_cohorts
from hilum.cli.options import Given, RunOutput, out_option, paths_hidden, with_flags
from hilum.cli.study import Finished, run_study
from hilum.errors import RunError
from hilum.studies import Flag, FromRunOptions, RecipeChanges, TrainOptions, converted, option

if TYPE_CHECKING:
    from hilum.classifier import BundleRecord
    from hilum.cohort import Cohort
    from hilum.studies import StudyContext, TrainedClassifier


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


def _check_unused(given: Given, values: Mapping[str, Any]) -> None:
    """Refuse what a finished run has settled."""
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
        raise typer.Exit(_train_from(run, converted(options, FromRunOptions), output))
    if data is None:
        raise typer.BadParameter("Name the films (DATA), or a finished run with --from.")
    from hilum.studies import find_recipe

    recipe = find_recipe("hilum", **vars(changes))
    cohort, _ = read_cohorts(data, None, films)
    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(_train_anew(cohort, replace(options, recipe=recipe), output, private=private))


def _train_anew(
    cohort: Cohort,
    options: TrainOptions,
    output: BundleOutput,
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Study a cohort and write a bundle."""
    from hilum.report import save_bundle
    from hilum.studies import Comparison, train_with

    folder = output.bundle_folder(cohort.name)
    masks = None if options.masks is None else Path(options.masks)

    def study(context: StudyContext) -> Finished:
        trained = train_with(cohort, options, context)
        record = save_bundle(trained, folder, standalone=output.is_standalone)
        assert isinstance(trained.study, Comparison)
        return replace(
            _finished(trained, record, folder),
            cohorts=[trained.study.cohort],
            needs_attention=trained.study.audit.needs_attention,
        )

    return run_study(
        study, options, output, folder, _claim_bundle, private={masks: "MASKS", **private}
    )


def _train_from(run: Path, options: FromRunOptions, output: BundleOutput) -> int:
    """Write a bundle from a finished run; its findings set the exit code."""
    from hilum.report import save_bundle
    from hilum.runs import needs_attention, train_from_run_with

    folder = output.bundle_folder(run.resolve().name)

    def study(context: StudyContext) -> Finished:
        trained = train_from_run_with(run, options, context)
        record = save_bundle(trained, folder, standalone=output.is_standalone)
        return replace(_finished(trained, record, folder), needs_attention=needs_attention(run))

    return run_study(study, options, output, folder, _claim_bundle, private={})


@contextmanager
def _claim_bundle(folder: Path) -> Iterator[None]:
    from hilum.classifier import check_bundle_place

    check_bundle_place(folder)
    yield


def _finished(trained: TrainedClassifier, record: BundleRecord, folder: Path) -> Finished:
    from hilum.classifier import write_record

    return Finished(
        json=lambda: write_record(record),
        tell=lambda: _tell(trained, record),
        place=f"Bundle: {folder}",
    )


def _tell(trained: TrainedClassifier, record: BundleRecord) -> None:
    from rich.console import Console

    from hilum.classifier import calling_text
    from hilum.report import plain, tell_looked, tell_summary

    console = Console(highlight=False)
    for reason in record.verdict.reasons:
        console.print(f"  · {plain(reason)}")
    tell_looked(console, record.verdict)
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
    tell_summary(console, record.verdict)

"""What `hilum train` does with its options: train, write the bundle, tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hilum.cli.running import check_outside, command_line
from hilum.cli.telling import tell_excluded
from hilum.errors import RunError

if TYPE_CHECKING:
    from hilum.classifier.records import BundleRecord
    from hilum.cohort.manifest import Cohort
    from hilum.studies.training import TrainedClassifier


@dataclass(frozen=True, kw_only=True)
class TrainingWishes:
    """What a user may ask of a bundle, whatever it is made from.

    Attributes:
        out: Where it goes; a folder named for cohort and time if not given.
        backbone: The one to use.
        is_standalone: Put the backbone into it.
        cache_dir: Where graphs and features are kept.
        weights_dir: Where weight files were placed by hand.
        is_json: Print the machine-readable result.
        is_quiet: Print no progress.
    """

    out: Path | None
    backbone: str | None
    is_standalone: bool
    cache_dir: Path | None
    weights_dir: Path | None
    is_json: bool
    is_quiet: bool

    def bundle_folder(self, name: str) -> Path:
        """Return the folder asked for, or one named for the cohort and the time."""
        return self.out or Path("bundles") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def train_anew(
    cohort: Cohort, wishes: TrainingWishes, *, private: Mapping[Path | None, str], **study: Any
) -> int:
    """Study a cohort and write a bundle.

    Args:
        cohort: The films.
        wishes: What the user asked of the bundle.
        private: Places named on the command line, and what to keep in their stead.
        study: What `hilum.train` takes beside.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.classifier.bundle import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report.bundle_folder import save_bundle
    from hilum.studies.comparison import Comparison
    from hilum.studies.training import train

    folder = wishes.bundle_folder(cohort.name)
    check_outside(folder, private)
    check_bundle_place(folder)
    places = {wishes.out: "OUT", wishes.cache_dir: "CACHE", wishes.weights_dir: "WEIGHTS"}
    with watching(is_quiet=wishes.is_quiet) as watcher:
        trained = train(
            cohort,
            backbone=wishes.backbone,
            cache_dir=wishes.cache_dir,
            weights_dir=wishes.weights_dir,
            watcher=watcher,
            command_line=command_line({**places, **private}),
            **study,
        )
        record = save_bundle(trained, folder, standalone=wishes.is_standalone)
    assert isinstance(trained.study, Comparison)
    tell_excluded(trained.study.cohort)
    _tell(trained, record, folder, wishes)
    needs_attention = trained.study.cohort.excluded or trained.study.audit.needs_attention
    return 1 if needs_attention else 0


def train_from(run: Path, wishes: TrainingWishes, of_study: Mapping[str, Any]) -> int:
    """Write a bundle from a finished run.

    Args:
        run: The run folder.
        wishes: What the user asked of the bundle.
        of_study: Options that the run has settled; none may be given.

    Returns:
        The exit code: that of the run, 0 done, 1 done with findings that need attention.

    Raises:
        RunError: Such an option was given; and as for `train_from_run`.
    """
    from hilum.classifier.bundle import check_bundle_place
    from hilum.cli.progress import watching
    from hilum.report.bundle_folder import save_bundle
    from hilum.runs.reading import needs_attention, train_from_run

    given = [option for option, value in of_study.items() if value is not None]
    if given:
        raise RunError(
            f"--from takes films and study from the run, so {', '.join(given)} would mean nothing.",
            fix="Leave it out, or train on the films without --from.",
        )
    folder = wishes.bundle_folder(run.resolve().name)
    check_bundle_place(folder)
    with watching(is_quiet=wishes.is_quiet) as watcher:
        trained = train_from_run(
            run,
            backbone=wishes.backbone,
            cache_dir=wishes.cache_dir,
            weights_dir=wishes.weights_dir,
            watcher=watcher,
        )
        record = save_bundle(trained, folder, standalone=wishes.is_standalone)
    _tell(trained, record, folder, wishes)
    return 1 if needs_attention(run) else 0


def _tell(
    trained: TrainedClassifier, record: BundleRecord, folder: Path, wishes: TrainingWishes
) -> None:
    from hilum.classifier.records import write_record

    if wishes.is_json:
        typer.echo(write_record(record), nl=False)
    elif not wishes.is_quiet:
        _tell_in_words(trained, record)
    if not wishes.is_quiet:
        typer.echo(f"Bundle: {folder}", err=wishes.is_json)


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

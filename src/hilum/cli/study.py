"""What the commands that study films have in common: claim, watch, run, save, print, exit code."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.options import OutputOptions, paths_hidden
from hilum.errors import OutputError
from hilum.studies import PlaceOptions

if TYPE_CHECKING:
    from hilum.cohort import Cohort
    from hilum.studies import StudyContext


@dataclass(frozen=True)
class Finished:
    """What a study came to, saved and ready to print.

    Attributes:
        json: Writes the result for programs.
        tell: Prints it for people.
        place: Says what was saved where; None where nothing was.
        cohorts: What was read; their unread files are named.
        needs_attention: Some finding calls for it.
        warn: Says on standard error what else the user should know.
    """

    json: Callable[[], str]
    tell: Callable[[], None]
    place: str | None
    cohorts: Sequence[Cohort] = ()
    needs_attention: bool = False
    warn: Callable[[], None] = lambda: None


def run_study(
    study: Callable[[StudyContext], Finished],
    options: PlaceOptions,
    output: OutputOptions,
    folder: Path | None,
    claim: Callable[[Path], AbstractContextManager[None]],
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Run a study under a claim to its folder, and print the result.

    Args:
        study: Runs, and saves what it found into the folder.
        options: Where its files lie, and what else the user asked for.
        output: How the result is told.
        folder: Where it goes; None saves nothing.
        claim: Makes sure, before any work, that the folder may be written.
        private: Places of films named on the command line, and what to keep in their stead.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.report import tell_excluded
    from hilum.studies import open_context

    if folder is not None:
        _check_outside(folder, private)
    told = _command_line({**paths_hidden(output, options), **private})
    claimed = nullcontext() if folder is None else claim(folder)
    with watching(is_quiet=output.is_quiet) as watcher, claimed:
        finished = study(open_context(options, watcher=watcher, command_line=told))
    for cohort in finished.cohorts:
        tell_excluded(cohort)
    finished.warn()
    if output.is_json:
        typer.echo(finished.json(), nl=False)
    elif not output.is_quiet:
        finished.tell()
    if finished.place is not None and not output.is_quiet:
        typer.echo(finished.place, err=output.is_json)
    is_unread = any(cohort.excluded for cohort in finished.cohorts)
    return 1 if is_unread or finished.needs_attention else 0


def _check_outside(folder: Path, private: Mapping[Path | None, str]) -> None:
    """Refuse a result among the films, and films in a folder that the result would replace."""
    run = folder.resolve()
    for place in private:
        if place is None:
            continue
        if place.is_dir() and run.is_relative_to(place.resolve()):
            # The next comparison would read it as a class.
            raise OutputError(
                f"The run folder '{folder}' would lie among the films.",
                fix="Name a folder outside with --out.",
            )
        if place.resolve().is_relative_to(run):
            raise OutputError(
                f"The run folder '{folder}' holds the films.",
                fix="Name another folder with --out.",
            )


def _command_line(private: Mapping[Path | None, str]) -> tuple[str, ...]:
    """Keep what was run, without the folders and files: they may name people."""
    stand_ins = {str(place): name for place, name in private.items() if place is not None}
    words = []
    for word in map(_without_model_files, sys.argv[1:]):
        option, equals, value = word.partition("=")
        if word.startswith("-o") and _same(word[2:]) in stand_ins:
            words.append(f"-o{stand_ins[_same(word[2:])]}")
        elif equals and _same(value) in stand_ins:
            words.append(f"{option}={stand_ins[_same(value)]}")
        else:
            words.append(stand_ins.get(_same(word), word))
    return ("hilum", *words)


def _without_model_files(word: str) -> str:
    """Keep `onnx:` and hide the place behind it, among other backbones or alone."""
    return re.sub(r"\b(onnx|openvino)\s*:[^,]*", r"\1:MODEL", word, flags=re.IGNORECASE)


def _same(word: str) -> str:
    """Write a path as `Path` would: `films/` is `films`."""
    return str(Path(word))

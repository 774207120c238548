"""What the commands that study films have in common: running, writing, telling."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.options import RunOutput, paths_hidden
from hilum.errors import OutputError
from hilum.studies import CompareOptions, RecipesOptions, converted

if TYPE_CHECKING:
    from hilum.cohort import Cohort
    from hilum.studies import Comparison, Recipe, StudyContext


def run_folder(output: RunOutput, cohort: Cohort) -> Path:
    """Return the folder asked for, or one named for the cohort and the time."""
    return output.out or Path("runs") / f"{cohort.name}-{datetime.now():%Y%m%d-%H%M%S}"


def run_recipes(
    cohort: Cohort,
    recipes: Sequence[Recipe],
    options: CompareOptions,
    output: RunOutput,
    *,
    private: Mapping[Path | None, str],
    of_decisions: Sequence[str] = (),
) -> int:
    """Compare by one recipe or several, write the run folder, and print the result.

    Args:
        cohort: What to study.
        recipes: How to study it; several are put side by side.
        options: What else the user asked for.
        output: Where the run goes, and how it is told.
        private: Places of films named on the command line, and what to keep in their stead.
        of_decisions: Flags that were given and speak of an operating point.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.report import tell_excluded, tell_undecided
    from hilum.runs import claim_run_folder, to_json
    from hilum.studies import open_context as open_context

    folder = run_folder(output, cohort)
    check_outside(folder, private)
    told = command_line({**paths_hidden(output, options), **private})
    study = _study_one if len(recipes) == 1 else _study_several
    with watching(is_quiet=output.is_quiet) as watcher, claim_run_folder(folder):
        context = open_context(options, watcher=watcher, command_line=told)
        finished = study(cohort, recipes, options, folder, context)
    first = finished.comparisons[0]
    excluded = list(first.cohort.excluded)
    tell_excluded(first.cohort)
    if first.external is not None:
        excluded += first.external.cohort.excluded
        tell_excluded(first.external.cohort)
    tell_undecided(finished.comparisons, of_decisions)
    if output.is_json:
        typer.echo(to_json(finished.results()), nl=False)
    elif not output.is_quiet:
        finished.tell()
    if not output.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=output.is_json)
    needs_attention = any(comparison.audit.needs_attention for comparison in finished.comparisons)
    return 1 if excluded or needs_attention else 0


@dataclass(frozen=True)
class _Finished:
    """What was studied and written, and how it is told."""

    comparisons: Sequence[Comparison]
    results: Callable[[], Mapping[str, object]]
    tell: Callable[[], None]


def _study_one(
    cohort: Cohort,
    recipes: Sequence[Recipe],
    options: CompareOptions,
    folder: Path,
    context: StudyContext,
) -> _Finished:

    from hilum.report import save_run, tell_result
    from hilum.runs import describe_comparison
    from hilum.studies import compare_with

    (recipe,) = recipes
    comparison = compare_with(cohort, replace(options, recipe=recipe), context)
    comparison = save_run(comparison, folder, cache_dir=context.cache_dir)
    return _Finished(
        [comparison], lambda: describe_comparison(comparison), lambda: tell_result(comparison)
    )


def _study_several(
    cohort: Cohort,
    recipes: Sequence[Recipe],
    options: CompareOptions,
    folder: Path,
    context: StudyContext,
) -> _Finished:
    from hilum.report import save_recipes, tell_recipes, worth_text
    from hilum.runs import describe_recipes
    from hilum.studies import compare_recipes_with

    several = converted(options, RecipesOptions, recipes=recipes)
    contrast = compare_recipes_with(cohort, several, context)
    contrast = save_recipes(contrast, folder, cache_dir=context.cache_dir)
    return _Finished(
        contrast.comparisons,
        lambda: describe_recipes(contrast, word=worth_text),
        lambda: tell_recipes(contrast),
    )


def command_line(private: Mapping[Path | None, str]) -> tuple[str, ...]:
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


def check_outside(folder: Path, private: Mapping[Path | None, str]) -> None:
    """Refuse a run among the films, and films in a folder that the run would replace."""
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


def _without_model_files(word: str) -> str:
    """Keep `onnx:` and hide the place behind it, among other backbones or alone."""
    return re.sub(r"\b(onnx|openvino)\s*:[^,]*", r"\1:MODEL", word, flags=re.IGNORECASE)


def _same(word: str) -> str:
    """Write a path as `Path` would: `films/` is `films`."""
    return str(Path(word))

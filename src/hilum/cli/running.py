"""What the commands that study films have in common: wishes, running, writing, telling."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hilum.cli.telling import tell_excluded, tell_result, tell_undecided
from hilum.errors import OutputError, RecipeError

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort
    from hilum.studies.comparison import Comparison, Recipe
    from hilum.studies.watching import Watcher


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a user may ask of a study, whatever its films and recipe.

    Attributes:
        positive: The class that sensitivity speaks of.
        backbones: Comma-separated names; all that are available if not given.
        seed: Where every draw begins.
        out: Where the run goes; a folder named for cohort and time if not given.
        cache_dir: Where graphs and features are kept.
        weights_dir: Where weight files were placed by hand.
        allows_unverified_weights: Run on weights that are not the published ones.
        has_probes: Try what parts of the films predict by themselves.
        masks: A folder of lung masks.
        operating_point: How the threshold is chosen; the usual way if not given.
        prevalences: For which predictive values are given; some usual ones if not given.
        external: Films from elsewhere.
        is_json: Print the machine-readable result.
        is_quiet: Print no progress.
        private: Places named on the command line, and what to keep in their stead.
    """

    positive: str | None = None
    backbones: str | None = None
    seed: int = 0
    out: Path | None = None
    cache_dir: Path | None = None
    weights_dir: Path | None = None
    allows_unverified_weights: bool = False
    has_probes: bool = True
    masks: Path | None = None
    operating_point: str | None = None
    prevalences: Sequence[float] | None = None
    external: Cohort | None = None
    is_json: bool = False
    is_quiet: bool = False
    private: Mapping[Path | None, str] = field(default_factory=dict)

    def run_folder(self, cohort: Cohort) -> Path:
        """Return the folder asked for, or one named for the cohort and the time."""
        return self.out or Path("runs") / f"{cohort.name}-{datetime.now():%Y%m%d-%H%M%S}"

    def of_audit(self, watcher: Watcher) -> dict[str, Any]:
        """Return what every study wants to know that trains heads."""
        return self.of_networks(watcher) | {
            "positive": self.positive,
            "seed": self.seed,
            "probes": self.has_probes,
            "masks": self.masks,
        }

    def of_study(self, watcher: Watcher) -> dict[str, Any]:
        """Return what `compare` and `compare_recipes` want to know."""
        rule = {} if self.operating_point is None else {"operating_point": self.operating_point}
        return self.of_audit(watcher) | {
            **rule,
            "prevalences": self.prevalences,
            "external": self.external,
        }

    @property
    def of_decisions(self) -> list[str]:
        """Options that speak of an operating point, those that were given."""
        given = {"--operating-point": self.operating_point, "--prevalence": self.prevalences}
        return [option for option, value in given.items() if value is not None]

    def of_networks(self, watcher: Watcher) -> dict[str, Any]:
        """Return what every study wants to know."""
        places = {self.out: "OUT", self.cache_dir: "CACHE", self.weights_dir: "WEIGHTS"}
        places |= {self.masks: "MASKS"}
        return {
            "backbones": split_names(self.backbones),
            "cache_dir": self.cache_dir,
            "weights_dir": self.weights_dir,
            "allows_unverified_weights": self.allows_unverified_weights,
            "watcher": watcher,
            "command_line": command_line({**places, **self.private}),
        }


def run_recipes(cohort: Cohort, recipes: Sequence[Recipe], wishes: Wishes) -> int:
    """Compare by one recipe or several, write the run folder, and print the result.

    Args:
        cohort: What to study.
        recipes: How to study it; several are put side by side.
        wishes: What else the user asked for.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.runs.place import claim_run_folder
    from hilum.runs.schema import to_json

    folder = wishes.run_folder(cohort)
    check_outside(folder, wishes.private)
    study = _study_one if len(recipes) == 1 else _study_several
    with watching(is_quiet=wishes.is_quiet) as watcher, claim_run_folder(folder):
        finished = study(cohort, recipes, wishes, folder, watcher)
    first = finished.comparisons[0]
    excluded = list(first.cohort.excluded)
    tell_excluded(first.cohort)
    if first.external is not None:
        excluded += first.external.cohort.excluded
        tell_excluded(first.external.cohort)
    tell_undecided(finished.comparisons, wishes.of_decisions)
    if wishes.is_json:
        typer.echo(to_json(finished.results()), nl=False)
    elif not wishes.is_quiet:
        finished.tell()
    if not wishes.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=wishes.is_json)
    needs_attention = any(comparison.audit.needs_attention for comparison in finished.comparisons)
    return 1 if excluded or needs_attention else 0


@dataclass(frozen=True)
class _Finished:
    """What was studied and written, and how it is told."""

    comparisons: Sequence[Comparison]
    results: Callable[[], Mapping[str, object]]
    tell: Callable[[], None]


def _study_one(
    cohort: Cohort, recipes: Sequence[Recipe], wishes: Wishes, folder: Path, watcher: Watcher
) -> _Finished:
    from hilum.report.run_folder import save_run
    from hilum.runs.comparison import describe_comparison
    from hilum.studies.comparing import compare

    (recipe,) = recipes
    comparison = compare(cohort, recipe=recipe, **wishes.of_study(watcher))
    comparison = save_run(comparison, folder, cache_dir=wishes.cache_dir)
    return _Finished(
        [comparison], lambda: describe_comparison(comparison), lambda: tell_result(comparison)
    )


def _study_several(
    cohort: Cohort, recipes: Sequence[Recipe], wishes: Wishes, folder: Path, watcher: Watcher
) -> _Finished:
    from hilum.cli.telling_recipes import tell_recipes
    from hilum.report.recipes_folder import save_recipes
    from hilum.report.recipes_wording import worth_text
    from hilum.runs.recipes import describe_recipes
    from hilum.studies.comparing_recipes import compare_recipes

    contrast = compare_recipes(cohort, recipes, **wishes.of_study(watcher))
    contrast = save_recipes(contrast, folder, cache_dir=wishes.cache_dir)
    return _Finished(
        contrast.comparisons,
        lambda: describe_recipes(contrast, word=worth_text),
        lambda: tell_recipes(contrast),
    )


def split_names(names: str | None) -> list[str] | None:
    """Read a comma-separated option."""
    return None if names is None else [n.strip() for n in names.split(",") if n.strip()]


def read_shares(shares: str | None) -> list[float] | None:
    """Read a comma-separated option of numbers.

    Raises:
        RecipeError: One of them is no number.
    """
    try:
        return None if shares is None else [float(share) for share in split_names(shares) or []]
    except ValueError:
        raise RecipeError(
            f"'{shares}' is no list of numbers.", fix="Give shares such as 0.01,0.1."
        ) from None


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

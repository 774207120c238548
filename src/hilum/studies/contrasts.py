"""Several recipes on one cohort: do they say the same, and what is each difference worth?

Every difference is that of the later named recipe less the earlier named one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from hilum.cohort import Cohort
from hilum.errors import FilmChangedError, RecipeError
from hilum.evaluation import OverlapDifference, adjust_holm, compare_overlapping
from hilum.studies.comparing import run_study
from hilum.studies.extraction import StudyContext, open_context
from hilum.studies.options import RecipesOptions, ShortcutPlan, plan_study, takes
from hilum.studies.preparation import draw_folds
from hilum.studies.progress import Prefixed, Watcher
from hilum.studies.recipes import Setting, Step, as_recipe, differing, same_study, steps_between
from hilum.studies.results import BackboneResult, Comparison, Recipe


@dataclass(frozen=True)
class Difference:
    """One backbone under two recipes.

    Attributes:
        backbone: Its name.
        title: Its name as papers write it.
        earlier: The recipe whose accuracy is subtracted.
        later: The recipe from whose accuracy it is subtracted.
        accuracy: The difference, on how many films, and where it comes from; `earlier`
            is its a, `later` its b.
        auroc: AUROC under `later` less that under `earlier`.
        adjusted_p: McNemar's p after Holm's correction: over all `differences` of a
            contrast, or over all steps and backbones of its path.
        is_verified: Both studies ran on the network's published weights.
        is_untouched: Both gave every film the same scores: nothing changed for this
            network.
    """

    backbone: str
    title: str
    earlier: str
    later: str
    accuracy: OverlapDifference
    auroc: float
    adjusted_p: float
    is_verified: bool
    is_untouched: bool


@dataclass(frozen=True)
class Standing:
    """Which backbone a recipe puts first, and whether that means anything.

    Attributes:
        recipe: The recipe's name.
        first: Title of the backbone that came first of those that ran on their published
            weights; None where none did.
        tied: Titles of those of them from which its films show no difference.
        behind: Titles of those of them from which they do.
        unverified: Titles of those that ran on other weights, and so have no rank.
        tested: Films that were tested.
        width: Of the 95 % interval of the first's accuracy, as a fraction: what that many
            films leave open; None where no backbone is first.
    """

    recipe: str
    first: str | None
    tied: tuple[str, ...]
    behind: tuple[str, ...]
    unverified: tuple[str, ...]
    tested: int
    width: float | None


@dataclass(frozen=True)
class StepWorth:
    """What one step of the path from the first recipe to the last is worth.

    Attributes:
        settings: What changed.
        before: What it was, a text per setting.
        after: What it became, a text per setting.
        differences: One per backbone, in the order of the last recipe's table.
    """

    settings: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def counted(self) -> tuple[Difference, ...]:
        """Those on published weights, over which means go; all where none ran on them."""
        return tuple(d for d in self.differences if d.is_verified) or self.differences

    @property
    def accuracy_change(self) -> float:
        """Change of the accuracy, mean over the counted backbones."""
        return fmean(d.accuracy.difference for d in self.counted)

    @property
    def auroc_change(self) -> float:
        """Change of the AUROC, mean over the counted backbones."""
        return fmean(d.auroc for d in self.counted)

    @property
    def has_same_films(self) -> bool:
        """Whether the same films were tested before and after."""
        return all(
            d.accuracy.shared == d.accuracy.tested_a == d.accuracy.tested_b
            for d in self.differences
        )


@dataclass(frozen=True, repr=False)
class RecipeContrast:
    """Several recipes side by side.

    Attributes:
        comparisons: One finished study per recipe, in the order they were named; all
            of the same films and backbones.
        settings: On what the recipes do not agree.
        standings: One per recipe.
        differences: For each recipe but the last, each backbone under it and the last.
        path: The settings taken over one after the other, from the first recipe to
            the last, and what each is worth; empty where that was not asked for.
    """

    comparisons: tuple[Comparison, ...]
    settings: tuple[Setting, ...]
    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    path: tuple[StepWorth, ...] = ()

    def __repr__(self) -> str:
        """Write every recipe's table, one after the other."""
        return "\n".join(
            f"Recipe {comparison.recipe.name}: {comparison!r}" for comparison in self.comparisons
        )


def contrast_recipes(
    comparisons: Sequence[Comparison],
    path: Sequence[tuple[Step, Comparison, Comparison]] = (),
) -> RecipeContrast:
    """Put finished comparisons of the same films side by side.

    Args:
        comparisons: At least two, of the same films and backbones.
        path: Steps from the first recipe to the last, each with the studies of the
            recipe before and after it.

    Raises:
        ValueError: They are fewer than two, or do not stand on the same films,
            positive class and backbones.
    """
    if len(comparisons) < 2:
        raise ValueError(f"a contrast needs at least 2 comparisons, got {len(comparisons)}")
    for other in comparisons[1:]:
        _check_alike(comparisons[0], other)
    last = comparisons[-1]
    return RecipeContrast(
        comparisons=tuple(comparisons),
        settings=differing([comparison.recipe for comparison in comparisons]),
        standings=tuple(map(_stand, comparisons)),
        differences=_adjusted(
            [
                difference
                for comparison in comparisons[:-1]
                for difference in _differences(comparison, last)
            ]
        ),
        path=_adjusted_path([_weigh(step, before, after, last) for step, before, after in path]),
    )


def _check_alike(a: Comparison, b: Comparison) -> None:
    if [film.sha256 for film in a.cohort.films] != [film.sha256 for film in b.cohort.films]:
        raise ValueError("the comparisons stand on different films")
    if (a.positive, a.cohort.classes) != (b.positive, b.cohort.classes):
        raise ValueError("the comparisons have different classes")
    if {result.name for result in a.backbones} != {result.name for result in b.backbones}:
        raise ValueError("the comparisons have different backbones")


def _stand(comparison: Comparison) -> Standing:
    ranked = [result for result in comparison.backbones if result.weights.is_verified]
    titles = {result.name: result.title for result in ranked}
    first = ranked[0] if ranked else None
    rivals = [
        (titles[rival], pair.tied)
        for pair in comparison.comparisons
        for one, rival in ((pair.a, pair.b), (pair.b, pair.a))
        if first and one == first.name and rival in titles
    ]
    accuracy = first.evaluation.metrics["accuracy"] if first else None
    return Standing(
        recipe=comparison.recipe.name,
        first=first.title if first else None,
        tied=tuple(title for title, is_tied in rivals if is_tied),
        behind=tuple(title for title, is_tied in rivals if not is_tied),
        unverified=tuple(r.title for r in comparison.backbones if not r.weights.is_verified),
        tested=len(comparison.backbones[0].evaluation.films),
        width=accuracy.high - accuracy.low if accuracy else None,
    )


def _weigh(step: Step, before: Comparison, after: Comparison, last: Comparison) -> StepWorth:
    by_name = {d.backbone: d for d in _differences(before, after)}
    return StepWorth(
        settings=tuple(setting.title for setting in step.settings),
        before=tuple(setting.words(step.before) for setting in step.settings),
        after=tuple(setting.words(step.after) for setting in step.settings),
        differences=tuple(by_name[result.name] for result in last.backbones),
    )


def _adjusted_path(path: Sequence[StepWorth]) -> tuple[StepWorth, ...]:
    adjusted = iter(_adjusted([d for step in path for d in step.differences]))
    return tuple(
        replace(step, differences=tuple(next(adjusted) for _ in step.differences)) for step in path
    )


def _adjusted(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Correct the tests for each other: of many, one is soon significant by chance."""
    adjusted = adjust_holm([d.accuracy.mcnemar_p for d in differences])
    return tuple(replace(d, adjusted_p=p) for d, p in zip(differences, adjusted, strict=True))


def _differences(earlier: Comparison, later: Comparison) -> tuple[Difference, ...]:
    """Compare each backbone's calls, in the order of the later table."""
    before = {result.name: result for result in earlier.backbones}
    return tuple(
        _difference(earlier, before[result.name], later, result) for result in later.backbones
    )


def _difference(
    earlier: Comparison, before: BackboneResult, later: Comparison, after: BackboneResult
) -> Difference:
    accuracy = compare_overlapping(
        before.evaluation.tested, after.evaluation.tested, later.folds.groups
    )
    return Difference(
        backbone=after.name,
        title=after.title,
        earlier=earlier.recipe.name,
        later=later.recipe.name,
        accuracy=accuracy,
        auroc=_auroc(after) - _auroc(before),
        adjusted_p=accuracy.mcnemar_p,
        is_verified=before.weights.is_verified and after.weights.is_verified,
        is_untouched=np.array_equal(before.heads.scores, after.heads.scores, equal_nan=True),
    )


def _auroc(result: BackboneResult) -> float:
    return result.evaluation.metrics["auroc"].value


@takes(RecipesOptions)
def compare_recipes(cohort: Cohort, options: RecipesOptions) -> RecipeContrast:
    """Run several recipes over the same films and put them side by side.

    Features are stored, so what two recipes see alike is computed once. The settings'
    worth takes heads of its own: one study per step from the first recipe to the last.

    Args:
        cohort: The films and their labels.
        recipes: Two or more, by name or changed; their names differ.
        options: By keyword.

    Raises:
        RecipeError: A recipe is unknown or named twice, or they are fewer than two.
        FilmChangedError: A film became unreadable between two recipes.
        HilumError: Whatever `compare` may raise; before any work, if it can be told.
    """
    return compare_recipes_with(cohort, options, open_context(options))


def compare_recipes_with(
    cohort: Cohort, options: RecipesOptions, context: StudyContext
) -> RecipeContrast:
    """Compare recipes in a context of the caller's; see `compare_recipes`."""
    watcher = context.watcher
    chosen = [as_recipe(recipe) for recipe in options.recipes]
    if len({recipe.name for recipe in chosen}) < max(len(chosen), 2):
        raise RecipeError(
            "Recipes side by side must be several, each named once.",
            fix="Name at least two, such as --recipe paper,hilum.",
        )
    for recipe in chosen:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", recipe.name):
            raise RecipeError(
                f"A recipe cannot be called '{recipe.name}': its run gets a folder of that name.",
                fix="Use letters, digits, - and _.",
            )

    plan = plan_study(cohort, chosen[0], options)
    for recipe in chosen:
        draw_folds(cohort, recipe, options.seed)  # fails before any work, not after it
    finished: list[Comparison] = []
    for recipe in chosen:
        finished.append(
            run_study(
                cohort,
                replace(plan, recipe=recipe),
                replace(context, watcher=Prefixed(recipe.name, watcher)),
                # Duplicates are the same under every recipe.
                duplicates=finished[0].audit.relations.duplicates if finished else None,
            )
        )
        if finished[0].cohort.films != finished[-1].cohort.films:
            raise FilmChangedError("Films changed while the study ran.", fix="Run the study again.")
        cohort = finished[-1].cohort
    if not options.weighs_settings:
        return contrast_recipes(finished)
    # Between the named recipes only the figures are of interest, not what stands behind them.
    bare = replace(
        plan,
        shortcuts=ShortcutPlan(has_baselines=False, has_probes=False),
        decisions=None,
        options=replace(options, external=None),
    )

    def study(cohort: Cohort, recipe: Recipe, watcher: Watcher) -> Comparison:
        return run_study(
            cohort,
            replace(bare, recipe=recipe),
            replace(context, watcher=watcher),
            duplicates=finished[0].audit.relations.duplicates,
        )

    path = _study_path(steps_between(chosen), finished, study, watcher)
    return contrast_recipes(finished, path)


def _study_path(
    steps: Sequence[Step],
    finished: Sequence[Comparison],
    study: Callable[[Cohort, Recipe, Watcher], Comparison],
    watcher: Watcher,
) -> list[tuple[Step, Comparison, Comparison]]:
    """Study the recipes between the named ones, each once."""
    known = list(finished)
    watcher.begin("What each setting is worth", "steps")
    path = []
    for number, step in enumerate(steps):
        ends = []
        for recipe in (step.before, step.after):
            found = next((c for c in known if same_study(c.recipe, recipe)), None)
            if found is None:
                still = _Still(watcher, number, len(steps))
                found = study(finished[-1].cohort, recipe, still)
                known.append(found)
            ends.append(found)
        path.append((step, ends[0], ends[1]))
        watcher.advance(number + 1, len(steps))
    watcher.end(f"{len(steps)} steps from {finished[0].recipe.name} to {finished[-1].recipe.name}")
    return path


class _Still:
    """Says nothing of a study within a stage, but lets the stage be stopped."""

    def __init__(self, watcher: Watcher, done: int, total: int) -> None:
        self._watcher, self._done, self._total = watcher, done, total

    def begin(self, stage: str, unit: str) -> None:
        del stage, unit
        self._touch()

    def advance(self, done: int, total: int) -> None:
        del done, total
        self._touch()

    def end(self, summary: str) -> None:
        del summary
        self._touch()

    def _touch(self) -> None:
        self._watcher.advance(self._done, self._total)

"""Compare the same films by several recipes, and find out what each setting is worth."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from hilum.cohort.manifest import Cohort
from hilum.errors import FilmChangedError, RecipeError
from hilum.studies.comparing import run_study
from hilum.studies.comparison import Comparison, Recipe
from hilum.studies.contrasting import RecipeContrast, contrast_recipes
from hilum.studies.extracting import Workshop, open_workshop
from hilum.studies.options import RecipesOptions, ShortcutPlan, plan_study, takes
from hilum.studies.preparing import draw_folds
from hilum.studies.recipe_settings import Step, lay_path, same_study
from hilum.studies.recipes import as_recipe
from hilum.studies.watching import Named, Watcher


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
    return compare_recipes_with(cohort, options, open_workshop(options))


def compare_recipes_with(
    cohort: Cohort, options: RecipesOptions, workshop: Workshop
) -> RecipeContrast:
    """Compare recipes in a workshop of the caller's; see `compare_recipes`."""
    watcher = workshop.watcher
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
                replace(workshop, watcher=Named(recipe.name, watcher)),
                # The same films are one film whatever the recipe.
                twins=finished[0].audit.kinship.twins if finished else None,
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
            replace(workshop, watcher=watcher),
            twins=finished[0].audit.kinship.twins,
        )

    path = _study_path(lay_path(chosen), finished, study, watcher)
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

"""Recipes: named ways to run a whole study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hilum.errors import RecipeError
from hilum.heads.recipe import HeadRecipe
from hilum.studies.comparison import Recipe

_PAPER = Recipe(
    name="paper",
    summary=(
        "One stratified 80/20 split by film, every input at 224 px, 25 epochs, the last "
        "one kept; validation and test are the same films, as in Bansal and Sridhar (2020)."
    ),
    rotated_views=2,
    head=HeadRecipe(
        max_epochs=25,
        patience_epochs=None,
        keeps_best_epoch=False,
        standardises=False,
        balances_classes=False,
    ),
    folds=0,
    repeats=1,
    input_px=224,
    split_seed=42,
)
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="hilum",
            summary=(
                "Repeated, stratified folds that keep patients and identical films together; "
                "validation films apart from test films; class weights; the best validation "
                "epoch kept."
            ),
            rotated_views=2,
            head=HeadRecipe(),
            folds=5,
            repeats=5,
        ),
        _PAPER,
        replace(
            _PAPER,
            name="pyimagesearch",
            summary=(
                "The tutorial of March 2020 that the paper descends from: as recipe paper, with "
                "grey levels divided by 255 whatever the network was trained on, 4 x 4 average "
                "pooling that reads the top left of the last feature map only, and a decaying "
                "learning rate."
            ),
            head=replace(_PAPER.head, learning_rate_decay=1e-3 / 25),
            scaling="unit",
            pooling="average-4x4",
        ),
    )
}


def find_recipes(
    names: Sequence[str],
    *,
    folds: int | None = None,
    repeats: int | None = None,
    views: int | None = None,
    epochs: int | None = None,
) -> tuple[Recipe, ...]:
    """Look several recipes up and change what the user wants changed.

    Folds and repeats go to the recipes that have folds, so long as one does; views and
    epochs go to all.

    Args:
        names: Each once.
        folds: As for `find_recipe`, like all that follow.
        repeats: How often the folds are drawn anew.
        views: Rotated views per film.
        epochs: Passes over the training films.

    Raises:
        RecipeError: There is no name, a name twice or unknown, a number out of range,
            or one that every named recipe fixes.
    """
    if not names:
        raise RecipeError("No recipe is named.", fix=f"Choose among: {', '.join(RECIPES)}.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise RecipeError(f"The recipe '{twice[0]}' is named twice.", fix="Name each once.")
    recipes = [find_recipe(name, views=views, epochs=epochs) for name in names]
    has_folds = any(recipe.folds for recipe in recipes)
    return tuple(
        find_recipe(recipe.name, folds=folds, repeats=repeats, views=views, epochs=epochs)
        if recipe.folds or not has_folds
        else recipe
        for recipe in recipes
    )


def find_recipe(
    name: str,
    *,
    folds: int | None = None,
    repeats: int | None = None,
    views: int | None = None,
    epochs: int | None = None,
) -> Recipe:
    """Look a recipe up and change what the user wants changed.

    Args:
        name: `hilum`, `paper` or `pyimagesearch`.
        folds: Folds per repeat, 2 to 1,000.
        repeats: How often the folds are drawn anew, 1 to 1,000.
        views: Rotated views per film, 0 to 100.
        epochs: Passes over the training films, 1 to 10,000.

    Raises:
        RecipeError: No such recipe, a number out of range, or one that the recipe fixes.
    """
    if name not in RECIPES:
        raise RecipeError(
            f"There is no recipe '{name}'.", fix=f"Choose among: {', '.join(RECIPES)}."
        )
    recipe = RECIPES[name]
    if recipe.folds == 0 and (folds is not None or repeats is not None):
        raise RecipeError(
            f"The recipe '{name}' has one fixed split, and neither folds nor repeats.",
            fix="Leave --folds and --repeats out, or use --recipe hilum.",
        )
    for value, least, most, option in (
        (folds, 2, 1_000, "--folds"),
        (repeats, 1, 1_000, "--repeats"),
        (views, 0, 100, "--views"),
        (epochs, 1, 10_000, "--epochs"),
    ):
        if value is not None and not least <= value <= most:
            raise RecipeError(f"{option} {value} is out of range.", fix=f"Give {least} to {most}.")
    changed = replace(
        recipe,
        folds=recipe.folds if folds is None else folds,
        repeats=recipe.repeats if repeats is None else repeats,
        rotated_views=recipe.rotated_views if views is None else views,
        head=recipe.head if epochs is None else replace(recipe.head, max_epochs=epochs),
    )
    if changed == recipe:
        return recipe
    asked = {"folds": folds, "repeats": repeats, "rotated views": views, "epochs at most": epochs}
    told = ", ".join(f"{what} {value}" for what, value in asked.items() if value is not None)
    return replace(changed, summary=f"{recipe.summary} Changed for this run: {told}.")

"""Recipes: named ways to run a whole study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hilum.errors import RecipeError
from hilum.heads.recipe import HeadRecipe
from hilum.studies.comparison import Recipe
from hilum.studies.options import RecipeChanges, takes

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


@takes(RecipeChanges)
def find_recipes(names: Sequence[str], options: RecipeChanges) -> tuple[Recipe, ...]:
    """Look several recipes up and change what the user wants changed.

    Folds and repeats go to the recipes that have folds, so long as one does; views and
    epochs go to all.

    Args:
        names: Each once.
        options: By keyword.

    Raises:
        RecipeError: There is no name, a name twice or unknown, a number out of range,
            or one that every named recipe fixes.
    """
    if not names:
        raise RecipeError("No recipe is named.", fix=f"Choose among: {', '.join(RECIPES)}.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise RecipeError(f"The recipe '{twice[0]}' is named twice.", fix="Name each once.")
    without_folds = replace(options, folds=None, repeats=None)
    recipes = [_change(as_recipe(name), without_folds) for name in names]
    has_folds = any(recipe.folds for recipe in recipes)
    return tuple(
        _change(as_recipe(recipe.name), options) if recipe.folds or not has_folds else recipe
        for recipe in recipes
    )


@takes(RecipeChanges)
def find_recipe(name: str, options: RecipeChanges) -> Recipe:
    """Look a recipe up and change what the user wants changed.

    Args:
        name: `hilum`, `paper` or `pyimagesearch`.
        options: By keyword.

    Raises:
        RecipeError: No such recipe, a number out of range, or one that the recipe fixes.
    """
    return _change(as_recipe(name), options)


def as_recipe(recipe: str | Recipe) -> Recipe:
    """Return the recipe of a name; one that is given as such stays as it is.

    Raises:
        RecipeError: No recipe has the name.
    """
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise RecipeError(
            f"There is no recipe '{recipe}'.", fix=f"Choose among: {', '.join(RECIPES)}."
        )
    return RECIPES[recipe]


def _change(recipe: Recipe, options: RecipeChanges) -> Recipe:
    folds, repeats, views, epochs = options.folds, options.repeats, options.views, options.epochs
    if recipe.folds == 0 and (folds is not None or repeats is not None):
        raise RecipeError(
            f"The recipe '{recipe.name}' has one fixed split, and neither folds nor repeats.",
            fix="Leave --folds and --repeats out, or use --recipe hilum.",
        )
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

"""Recipes: named ways to run a whole study, their settings in words, and the steps between two.

What two recipes differ in is read off the recipes themselves, so that no text about a pair can go
stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from hilum.errors import RecipeError
from hilum.heads import HeadRecipe
from hilum.studies.options import RecipeChanges, takes
from hilum.studies.results import Recipe

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


_SCALINGS = {"unit": "divided by 255"}

_POOLINGS = {
    "average": "mean over the whole last map",
    "average-4x4": "means over whole 4 x 4 blocks of the last map",
}


@dataclass(frozen=True)
class Setting:
    """One thing that a recipe decides.

    Attributes:
        title: What it is called.
        step: Settings of one step change together: they cannot be had apart, or only
            at the price of features that neither recipe needs.
        words: What a recipe decides on it.
        of_recipe: Fields of `Recipe` that hold it.
        of_head: Fields of `HeadRecipe` that hold it.
    """

    title: str
    step: str
    words: Callable[[Recipe], str]
    of_recipe: tuple[str, ...] = ()
    of_head: tuple[str, ...] = ()

    def taken_over(self, recipe: Recipe, other: Recipe) -> Recipe:
        """Return `recipe` with this setting as `other` has it."""
        head = {field: getattr(other.head, field) for field in self.of_head}
        rest = {field: getattr(other, field) for field in self.of_recipe}
        return replace(recipe, **rest, head=replace(recipe.head, **head))


def _split(recipe: Recipe) -> str:
    if recipe.folds == 0:
        return f"once, by film, 80 % to train and 20 % to test{_seed(recipe)}"
    times = "once" if recipe.repeats == 1 else f"{recipe.repeats} times"
    return (
        f"{recipe.folds} folds, drawn {times}, patients and identical films on one side"
        f"{_seed(recipe)}"
    )


def _seed(recipe: Recipe) -> str:
    return "" if recipe.split_seed is None else f", seed {recipe.split_seed}"


def _validation(recipe: Recipe) -> str:
    return "the test films themselves" if recipe.folds == 0 else "films of the training part"


def _views(recipe: Recipe) -> str:
    n = recipe.rotated_views
    return "upright alone" if n == 0 else f"upright and {n} rotated"


def _epochs(recipe: Recipe) -> str:
    head = recipe.head
    kept = "best validation epoch kept" if head.keeps_best_epoch else "last one kept"
    if head.patience_epochs is None:
        return f"{head.max_epochs}, {kept}"
    return (
        f"at most {head.max_epochs}, ends after {head.patience_epochs} without a lower "
        f"validation loss, {kept}"
    )


def _optimiser(recipe: Recipe) -> str:
    head = recipe.head
    decay = f", decay {head.learning_rate_decay:g} a step" if head.learning_rate_decay else ""
    return f"Adam {head.learning_rate:g}{decay}, batch {head.batch_size}".replace("e-0", "e-")


_SPLIT_STEP = "split"

SETTINGS = (
    Setting("Split", _SPLIT_STEP, _split, ("folds", "repeats", "split_seed")),
    Setting("Validation", _SPLIT_STEP, _validation),
    Setting(
        "Input size",
        "input",
        lambda r: "the network's own" if r.input_px is None else f"{r.input_px} px for all",
        ("input_px",),
    ),
    Setting(
        "Pixel scaling",
        "input",
        lambda r: "the network's own" if r.scaling is None else _SCALINGS.get(r.scaling, r.scaling),
        ("scaling",),
    ),
    Setting("Pooling", "input", lambda r: _POOLINGS[r.pooling], ("pooling",)),
    Setting("Training views", "input", _views, ("rotated_views",)),
    Setting(
        "Optimiser",
        "optimiser",
        _optimiser,
        of_head=("learning_rate", "learning_rate_decay", "batch_size"),
    ),
    Setting(
        "Head",
        "head",
        lambda r: f"dense {r.head.hidden_units} ReLU, dropout {r.head.dropout:g}, dense softmax",
        of_head=("hidden_units", "dropout"),
    ),
    Setting(
        "Features",
        "features",
        lambda r: "standardised on the training films" if r.head.standardises else "as they come",
        of_head=("standardises",),
    ),
    Setting(
        "Epochs", "epochs", _epochs, of_head=("max_epochs", "patience_epochs", "keeps_best_epoch")
    ),
    Setting(
        "Class weights",
        "class weights",
        lambda r: "balanced" if r.head.balances_classes else "none",
        of_head=("balances_classes",),
    ),
)
"""In the order in which a path changes them; those of one step stand together."""


def differing(recipes: Sequence[Recipe]) -> tuple[Setting, ...]:
    """List the settings on which not all recipes agree."""
    return tuple(
        setting for setting in SETTINGS if len({setting.words(recipe) for recipe in recipes}) > 1
    )


@dataclass(frozen=True)
class Step:
    """One step of a path: a recipe before and after settings were taken over.

    Attributes:
        settings: What changed.
        before: The recipe that the step starts from.
        after: The same with `settings` as the recipe that the path leads to has them.
    """

    settings: tuple[Setting, ...]
    before: Recipe
    after: Recipe


def steps_between(recipes: Sequence[Recipe]) -> tuple[Step, ...]:
    """Lead from the first recipe by way of the others to the last, setting by setting.

    Every step but that of the split is to be judged on as many films as there are: the
    split moves first where the first recipe tests few, and last where the last one does.

    Args:
        recipes: Two or more.

    Returns:
        Steps, each beginning where the one before it ended. What the recipes decide
        alike makes no step.
    """
    with_folds = [recipe for recipe in recipes if recipe.folds]
    yardstick = with_folds[-1] if with_folds else recipes[-1]
    steps: list[Step] = []

    def walk(settings: Sequence[Setting], target: Recipe) -> None:
        before = steps[-1].after if steps else recipes[0]
        changed = tuple(s for s in settings if s.words(before) != s.words(target))
        after = before
        for setting in changed:
            after = setting.taken_over(after, target)
        if changed:
            steps.append(Step(changed, before, after))

    split, *others = _settings_by_step()
    walk(split, yardstick)
    for target in recipes[1:]:
        for settings in others:
            walk(settings, target)
    walk(split, recipes[-1])
    return tuple(steps)


def same_study(a: Recipe, b: Recipe) -> bool:
    """Tell whether two recipes, whatever they are called, do the same."""
    return replace(a, name="", summary="") == replace(b, name="", summary="")


def _settings_by_step() -> Iterator[tuple[Setting, ...]]:
    for _, settings in groupby(SETTINGS, key=lambda setting: setting.step):
        yield tuple(settings)

"""Each recipe decides what the published method, its ancestor and ours decide."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from embedded import embedded
from hilum.backbones.catalog import CATALOG, PAPER_SIX
from hilum.backbones.records import fed_differently
from hilum.errors import RecipeError
from hilum.studies.recipes import (
    RECIPES,
    SETTINGS,
    differing,
    find_recipe,
    find_recipes,
    same_study,
    steps_between,
)
from hilum.studies.results import Recipe

PAPER, PYIMAGESEARCH, HILUM = (find_recipe(n) for n in ("paper", "pyimagesearch", "hilum"))
PAPERS_SIX = dict(zip(PAPER_SIX, (224, 224, 224, 299, 299, 331), strict=True))


def input_of(recipe: Recipe, name: str):
    return fed_differently(
        CATALOG[name], size_px=recipe.input_px, scaling=recipe.scaling, pooling=recipe.pooling
    )


def test_input_size() -> None:
    for name, own_px in PAPERS_SIX.items():
        assert input_of(PAPER, name).input.size_px == 224
        assert input_of(PYIMAGESEARCH, name).input.size_px == 224
        assert input_of(HILUM, name).input.size_px == own_px


def test_pixel_scaling() -> None:
    for name in PAPERS_SIX:
        own = CATALOG[name].input.scaling
        assert own != "unit"
        assert input_of(PAPER, name).input.scaling == own
        assert input_of(HILUM, name).input.scaling == own
        assert input_of(PYIMAGESEARCH, name).input.scaling == "unit"


def test_pooling() -> None:
    assert (PAPER.pooling, HILUM.pooling) == ("average", "average")
    assert PYIMAGESEARCH.pooling == "average-4x4"


def test_head() -> None:
    for recipe in RECIPES.values():
        assert (recipe.head.hidden_units, recipe.head.dropout) == (64, 0.5)
    assert not PAPER.head.standardises
    assert not PYIMAGESEARCH.head.standardises
    assert HILUM.head.standardises


def test_optimiser_epochs_and_batch() -> None:
    for recipe in RECIPES.values():
        assert (recipe.head.learning_rate, recipe.head.batch_size) == (1e-3, 8)
    assert PAPER.head.learning_rate_decay == HILUM.head.learning_rate_decay == 0
    assert PYIMAGESEARCH.head.learning_rate_decay == 1e-3 / 25
    for recipe in (PAPER, PYIMAGESEARCH):
        assert recipe.head.max_epochs == 25
        assert recipe.head.patience_epochs is None
        assert not recipe.head.keeps_best_epoch
    assert HILUM.head.max_epochs == 100
    assert HILUM.head.keeps_best_epoch


def test_class_weights() -> None:
    assert not PAPER.head.balances_classes
    assert not PYIMAGESEARCH.head.balances_classes
    assert HILUM.head.balances_classes


def test_split() -> None:
    for recipe in (PAPER, PYIMAGESEARCH):
        assert (recipe.folds, recipe.repeats, recipe.split_seed) == (0, 1, 42)
    assert (HILUM.folds, HILUM.repeats, HILUM.split_seed) == (5, 5, None)


def test_rotated_views_in_training_for_all() -> None:
    assert {recipe.rotated_views for recipe in RECIPES.values()} == {2}


def test_a_recipe_feeds_the_embedded_backbones_too() -> None:
    record = fed_differently(embedded("efficientnet-lite2").record, size_px=PAPER.input_px)
    assert record.input.size_px == 224


def test_several_recipes_take_what_is_theirs() -> None:
    paper, hilum = find_recipes(["paper", "hilum"], folds=3, repeats=2, views=1, epochs=7)
    assert (paper.folds, paper.repeats, paper.split_seed) == (0, 1, 42)
    assert (hilum.folds, hilum.repeats) == (3, 2)
    assert paper.rotated_views == hilum.rotated_views == 1
    assert paper.head.max_epochs == hilum.head.max_epochs == 7


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ([], {}, "No recipe is named"),
        (["paper", "hilum", "paper"], {}, "'paper' is named twice"),
        (["paper", "magic"], {}, "no recipe 'magic'"),
        (["paper"], {"folds": 3}, "one fixed split"),
        (["pyimagesearch", "paper"], {"repeats": 3}, "one fixed split"),
        (["paper", "hilum"], {"folds": 1}, "--folds 1 is out of range"),
        (["paper", "hilum"], {"views": 101}, "--views 101 is out of range"),
    ],
)
def test_a_wrong_choice_is_refused(names: list[str], options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        find_recipes(names, **options)


def titles(recipes: list[Recipe]) -> list[str]:
    return [setting.title for setting in differing(recipes)]


def test_what_differs_is_read_off_the_recipes() -> None:
    assert titles([PAPER, HILUM]) == [
        "Split", "Validation", "Input size", "Features", "Epochs", "Class weights",
    ]  # fmt: skip
    assert titles([PYIMAGESEARCH, PAPER]) == ["Pixel scaling", "Pooling", "Optimiser"]
    assert titles([PAPER, PAPER]) == []


def test_the_settings_hold_every_field_of_a_recipe() -> None:
    changed = Recipe(
        name="other",
        summary="",
        rotated_views=5,
        head=replace(
            HILUM.head, hidden_units=8, dropout=0.1, learning_rate=0.5, learning_rate_decay=0.1,
            batch_size=3, max_epochs=4, patience_epochs=None, keeps_best_epoch=False,
            standardises=False, balances_classes=False,
        ),
        folds=7,
        repeats=9,
        input_px=99,
        scaling="unit",
        pooling="average-4x4",
        split_seed=8,
    )  # fmt: skip
    taken = HILUM
    for setting in SETTINGS:
        taken = setting.taken_over(taken, changed)
    assert same_study(taken, changed)
    assert len(titles([HILUM, changed])) == len(SETTINGS) - 1  # both validate apart


@pytest.mark.parametrize(
    "names",
    [
        ["paper", "hilum"],
        ["hilum", "paper"],
        ["pyimagesearch", "hilum"],
        ["pyimagesearch", "paper"],
        ["pyimagesearch", "paper", "hilum"],
        ["hilum", "paper", "pyimagesearch"],
        ["paper", "hilum", "pyimagesearch"],
    ],
)
def test_a_path_leads_from_the_first_to_the_last_on_as_many_films_as_there_are(
    names: list[str],
) -> None:
    recipes = [find_recipe(name) for name in names]
    steps = steps_between(recipes)
    assert same_study(steps[0].before, recipes[0])
    assert same_study(steps[-1].after, recipes[-1])
    for step, following in pairwise(steps):
        assert step.after == following.before
    most = max(recipe.folds for recipe in recipes)
    for step in steps:
        assert not same_study(step.before, step.after)
        if step.before.folds == step.after.folds:
            assert step.after.folds == most


def test_a_path_by_way_of_the_paper_changes_each_thing_once() -> None:
    steps = steps_between([PYIMAGESEARCH, PAPER, HILUM])
    assert [[setting.title for setting in step.settings] for step in steps] == [
        ["Split", "Validation"],
        ["Pixel scaling", "Pooling"],
        ["Optimiser"],
        ["Input size"],
        ["Features"],
        ["Epochs"],
        ["Class weights"],
    ]

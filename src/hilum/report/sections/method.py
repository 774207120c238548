"""What the report says in words of how a study was run: recipe, input, pooling, head."""

from __future__ import annotations

from hilum.backbones import Scaling
from hilum.heads import HeadRecipe
from hilum.studies import RECIPES, Comparison, Recipe
from hilum.wording import joined

_CITING_TEXTS = {
    "paper": "This run follows its recipe.",
    "pyimagesearch": (
        "This run follows the recipe of the PyImageSearch tutorial of March 2020 that the paper's "
        "method descends from."
    ),
}

_OTHER_CITING_TEXT = "This run keeps its question and changes its recipe, as stated above."

_SCALINGS: dict[Scaling | None, str] = {
    None: "grey levels as the network was trained on them",
    "unit": "grey levels divided by 255, whatever the network was trained on; those of a model "
    "file of the user's as its description says",
    "tf": "grey levels from -1 to 1",
    "caffe": "the ImageNet mean subtracted, colours in the order blue, green, red",
    "torch": "grey levels from 0 to 1, then the ImageNet mean and deviation",
    "lite": "127 subtracted from the grey levels, then divided by 128",
    "inside": "grey levels from 0 to 255, scaled by the network's own layers",
    "given": "grey levels as the description beside a model file says",
}


def folds_text(recipe: Recipe) -> str:
    """Say how the films were split."""
    if recipe.folds == 0:
        return "one split, 80 % to train and 20 % to test"
    times = "once" if recipe.repeats == 1 else f"drawn {recipe.repeats} times"
    return f"{recipe.folds} folds, {times}"


def citing_text(recipe: Recipe) -> str:
    """Say how the run stands to the paper that the method comes from."""
    is_as_published = recipe == RECIPES.get(recipe.name)
    return _CITING_TEXTS.get(recipe.name if is_as_published else "", _OTHER_CITING_TEXT)


def input_text(comparison: Comparison) -> str:
    """Say at which size, and with which grey levels, the backbones saw the films."""
    recipe = comparison.recipe
    sizes = sorted({result.size_px for result in comparison.backbones})
    if recipe.input_px is not None:
        size = f"{recipe.input_px} px for every network, whatever it was trained at"
        # A model file that the user brings is fed as its description says.
        others = [f"{px}" for px in sizes if px != recipe.input_px]
        size += f"; model files of the user's at {joined(others)} px" if others else ""
    elif len(sizes) == 1:
        size = f"the network's own, {sizes[0]} px"
    else:
        size = f"the network's own, {sizes[0]} to {sizes[-1]} px"
    return f"{size}; {_SCALINGS[recipe.scaling]}"


def pooling_text(recipe: Recipe) -> str:
    """Say how the last feature map becomes a vector."""
    if recipe.pooling == "average":
        return "mean over the whole last feature map"
    return (
        "means over the whole 4 x 4 blocks of the last feature map; what is left over at the right "
        "and the bottom is not read. Of a 7 x 7 map that is one block: the top-left 16 of 49 cells"
    )


def views_text(recipe: Recipe) -> str:
    """Say which views of a film a head could train on."""
    if recipe.rotated_views == 0:
        return "upright only"
    copies = "copy" if recipe.rotated_views == 1 else "copies"
    return f"upright and {recipe.rotated_views} rotated {copies} in training; upright in testing"


def head_text(head: HeadRecipe) -> str:
    """Describe the trainable part in one sentence."""
    parts = [
        f"dense {head.hidden_units} ReLU, dropout {head.dropout:g}, dense softmax",
        f"Adam {head.learning_rate:g}"
        + (f" with decay {head.learning_rate_decay:g}" if head.learning_rate_decay else ""),
        f"batch {head.batch_size}",
        f"at most {head.max_epochs} epochs"
        + (
            f", stops after {head.patience_epochs} without a lower validation loss"
            if head.patience_epochs is not None
            else ""
        ),
        "best validation epoch kept" if head.keeps_best_epoch else "last epoch kept",
        "features standardised on the training films" if head.standardises else "features as is",
        "classes balanced in the loss" if head.balances_classes else "classes not balanced",
    ]
    return "; ".join(parts)

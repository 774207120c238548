"""Everything that is settled about a head before its first step, drawn in one place.

A plan depends on the head's own split and its own generator alone. So a head comes
out the same whichever heads are trained beside it, and the numbers can be fed to
another implementation to check ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from hilum.cohort.splitting import Split
from hilum.heads.network import glorot_uniform
from hilum.heads.recipe import HeadRecipe


@dataclass(frozen=True)
class HeadPlan:
    """Where a head starts and what it will see.

    Attributes:
        hidden_kernel: Weights of the ReLU layer before the first step.
        output_kernel: Weights of the softmax layer before the first step.
        film_order: Training film at each position of each epoch.
        view_order: The view under which that film is seen.
        validation: Rows of the films that judge each epoch.
        film_weights: What each film of the cohort counts in the loss.
        dropout_seed: Where the draws of the dropped units begin.
    """

    hidden_kernel: Float32[np.ndarray, "width hidden"]
    output_kernel: Float32[np.ndarray, "hidden classes"]
    film_order: Int[np.ndarray, "epochs train"]
    view_order: Int[np.ndarray, "epochs train"]
    validation: Int[np.ndarray, " validation"]
    film_weights: Float32[np.ndarray, " films"]
    dropout_seed: int


def plan_head(
    y: Int[np.ndarray, " films"],
    split: Split,
    recipe: HeadRecipe,
    *,
    views: int,
    width: int,
    n_classes: int,
    rng: np.random.Generator,
) -> HeadPlan:
    """Draw a head's first weights, the order of its films and their views.

    Biases start at 0 and are not drawn.
    """
    epochs_by_films = (recipe.max_epochs, len(split.train))
    if recipe.balances_classes:
        class_weights = balanced_class_weights(y[split.train], n_classes)
    else:
        class_weights = np.ones(n_classes, np.float32)
    return HeadPlan(
        hidden_kernel=glorot_uniform(width, recipe.hidden_units, rng),
        output_kernel=glorot_uniform(recipe.hidden_units, n_classes, rng),
        film_order=rng.permuted(np.broadcast_to(split.train, epochs_by_films), axis=1),
        view_order=rng.integers(views, size=epochs_by_films),
        validation=split.validation,
        film_weights=class_weights[y],
        dropout_seed=int(rng.integers(2**31)),
    )


def balanced_class_weights(
    y_train: Int[np.ndarray, " train"], n_classes: int
) -> Float32[np.ndarray, " classes"]:
    """Weigh the classes so that each counts the same in the loss.

    Films of class k weigh n / (K * films of class k), K being the classes that have
    training films; over the training films the weights average 1. A class without
    training films weighs 1.
    """
    counts = np.bincount(y_train, minlength=n_classes)
    is_present = counts > 0
    weights = len(y_train) / (is_present.sum() * np.maximum(counts, 1))
    return np.where(is_present, weights, 1.0).astype(np.float32)

"""How a head is built and trained, what is drawn before its first step, and what its weights are.

Plain NumPy, so that a trained head can be used without the engine that trained it. A plan
depends on the head's own split and its own generator alone. So a head comes out the same
whichever heads are trained beside it, and its draws can be fed to another implementation to
check this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.folds import Split


@dataclass(frozen=True)
class HeadRecipe:
    """How one head is built and trained.

    Attributes:
        hidden_units: Width of the dense ReLU layer.
        dropout: Fraction of hidden units dropped in training; at least 0, below 1.
        learning_rate: Adam's step size.
        learning_rate_decay: Keras's legacy time decay: step t, counted from 0, uses
            `learning_rate / (1 + learning_rate_decay * t)`.
        batch_size: Films per step; the last step of an epoch takes what is left.
        max_epochs: Passes over the training films, at most.
        patience_epochs: Training stops after so many epochs without a lower
            validation loss; None never stops early.
        keeps_best_epoch: Keep the weights of the epoch with the lowest validation
            loss, rather than those of the last epoch.
        standardises: Features are centred and scaled with the statistics of the
            training films (all their views).
        balances_classes: Each film's loss is weighted by n / (K * films in its class),
            counted over the training films, in training and validation alike.
    """

    hidden_units: int = 64
    dropout: float = 0.5
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.0
    batch_size: int = 8
    max_epochs: int = 100
    patience_epochs: int | None = 15
    keeps_best_epoch: bool = True
    standardises: bool = True
    balances_classes: bool = True

    def __post_init__(self) -> None:
        """Refuse values that no head can be trained with."""
        if min(self.hidden_units, self.batch_size, self.max_epochs) < 1:
            raise ValueError("A head needs at least 1 hidden unit, film per step and epoch.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"Dropout must be at least 0 and below 1, got {self.dropout}.")
        if self.patience_epochs is not None and self.patience_epochs < 1:
            raise ValueError(f"Patience must be at least 1 epoch, got {self.patience_epochs}.")


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


def glorot_uniform(
    inputs: int, outputs: int, rng: np.random.Generator
) -> Float32[np.ndarray, "inputs outputs"]:
    """Draw a kernel whose outputs start with about the variance of its inputs.

    Source: Glorot and Bengio (2010), AISTATS 9:249-256, equation 16.
    """
    limit = np.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)


def balanced_class_weights(
    y_train: Int[np.ndarray, " train"], n_classes: int
) -> Float32[np.ndarray, " classes"]:
    """Weigh the classes so that each counts the same in the loss.

    Films of class k weigh n / (K * films of class k), where K counts the classes that
    have training films; over the training films the weights average 1. A class without
    training films weighs 1.
    """
    counts = np.bincount(y_train, minlength=n_classes)
    is_present = counts > 0
    weights = len(y_train) / (is_present.sum() * np.maximum(counts, 1))
    return np.where(is_present, weights, 1.0).astype(np.float32)


@dataclass(frozen=True)
class HeadWeights:
    """One head: standardise, dense ReLU layer, dense softmax layer.

    Attributes:
        mean: Subtracted from the features.
        scale: Multiplies the centred features; 0 where a feature is ignored.
        hidden_kernel: Weights of the ReLU layer.
        hidden_bias: Its biases.
        output_kernel: Weights of the softmax layer.
        output_bias: Its biases.
    """

    mean: Float32[np.ndarray, " width"]
    scale: Float32[np.ndarray, " width"]
    hidden_kernel: Float32[np.ndarray, "width hidden"]
    hidden_bias: Float32[np.ndarray, " hidden"]
    output_kernel: Float32[np.ndarray, "hidden classes"]
    output_bias: Float32[np.ndarray, " classes"]

    def predict_scores(
        self, features: Float[np.ndarray, "films width"]
    ) -> Float[np.ndarray, "films classes"]:
        """Give each film a probability per class; rows sum to 1."""
        standardised = (features - self.mean) * self.scale
        hidden = np.maximum(standardised @ self.hidden_kernel + self.hidden_bias, 0)
        logits = hidden @ self.output_kernel + self.output_bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

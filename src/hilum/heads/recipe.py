"""How a head is built and trained, and what its weights are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32


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
        """Refuse a recipe that nothing can be trained by."""
        if min(self.hidden_units, self.batch_size, self.max_epochs) < 1:
            raise ValueError("A head needs at least 1 hidden unit, film per step and epoch.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"Dropout must be at least 0 and below 1, got {self.dropout}.")
        if self.patience_epochs is not None and self.patience_epochs < 1:
            raise ValueError(f"Patience must be at least 1 epoch, got {self.patience_epochs}.")


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


def glorot_uniform(
    inputs: int, outputs: int, rng: np.random.Generator
) -> Float32[np.ndarray, "inputs outputs"]:
    """Draw a kernel whose outputs start with about the variance of its inputs.

    Source: Glorot and Bengio (2010), AISTATS 9:249-256, equation 16.
    """
    limit = np.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)

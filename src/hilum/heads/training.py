"""Many small heads trained at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class HeadRecipe:
    """How one head is built and trained.

    Attributes:
        hidden_units: Width of the dense ReLU layer.
        dropout: Fraction of hidden units dropped in training.
        learning_rate: Adam's step size.
        learning_rate_decay: Keras's legacy time decay: step t uses
            `learning_rate / (1 + learning_rate_decay * t)`.
        batch_size: Films per step.
        max_epochs: Passes over the training films, at most.
        patience_epochs: Training stops after so many epochs without a lower
            validation loss; None never stops early.
        keeps_best_epoch: Keep the weights of the epoch with the lowest validation
            loss, rather than those of the last epoch.
        standardises: Features are centred and scaled with the statistics of the
            training films (all their views).
        balances_classes: Each film's loss is weighted by n / (K * films in its class).
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


@dataclass(frozen=True)
class History:
    """Loss and accuracy per head and epoch; NaN after a head has stopped.

    Training figures are the running means over the epoch's batches, dropout and
    all, weighted as the loss is; validation figures use the upright view without
    dropout at the end of the epoch.
    """

    training_loss: Float[np.ndarray, "heads epochs"]
    training_accuracy: Float[np.ndarray, "heads epochs"]
    validation_loss: Float[np.ndarray, "heads epochs"]
    validation_accuracy: Float[np.ndarray, "heads epochs"]
    best_epoch: Int[np.ndarray, " heads"]


@dataclass(frozen=True)
class TrainedHeads:
    """What the training of one backbone's heads yields; head h belongs to split h.

    Attributes:
        scores: Probability of each class for each film under each head, upright
            view, whether or not the film was used to train that head: the splits
            tell which rows are out of fold.
        history: The curves.
        seconds: Wall-clock time of the training, compilation included.
    """

    scores: Float[np.ndarray, "heads films classes"]
    history: History
    seconds: float

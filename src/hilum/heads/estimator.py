"""One head as a scikit-learn estimator, for pipelines and searches outside Hilum."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from hilum.folds import Split
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import train_heads


class HeadClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify feature vectors with the head that `hilum compare` trains.

    Part of the films is set aside to choose the best epoch: the same share of each
    class, film by film. Films of one patient may so fall on both sides, which makes
    the validation curve too good and leaves the test films untouched; `train_heads`
    takes splits that keep patients together.

    Args:
        hidden_units: Width of the dense ReLU layer.
        dropout: Fraction of hidden units dropped in training.
        learning_rate: Adam's step size.
        learning_rate_decay: Step t uses `learning_rate / (1 + learning_rate_decay * t)`.
        batch_size: Films per step.
        max_epochs: Passes over the training films, at most.
        patience_epochs: Stop after so many epochs without a lower validation loss;
            None never stops early.
        keeps_best_epoch: Keep the weights of the best epoch rather than the last.
        standardises: Centre and scale the features with the training films' statistics.
        balances_classes: Let every class count the same in the loss.
        validation_fraction: Share of the films set aside; with 0 the last epoch is kept.
        random_state: Seed, generator or None, as everywhere in scikit-learn.

    Attributes:
        classes_: The labels seen in `fit`, sorted.
        n_features_in_: Width of the features.
        history_: Loss and accuracy per epoch, as a `History` of one head.
        weights_: The trained `HeadWeights`.
    """

    def __init__(
        self,
        *,
        hidden_units: int = 64,
        dropout: float = 0.5,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.0,
        batch_size: int = 8,
        max_epochs: int = 100,
        patience_epochs: int | None = 15,
        keeps_best_epoch: bool = True,
        standardises: bool = True,
        balances_classes: bool = True,
        validation_fraction: float = 0.2,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience_epochs = patience_epochs
        self.keeps_best_epoch = keeps_best_epoch
        self.standardises = standardises
        self.balances_classes = balances_classes
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> HeadClassifier:  # noqa: N803  (scikit-learn's name)
        """Train the head.

        Args:
            X: Features, one row per film.
            y: Label of each film.

        Raises:
            ValueError: The arrays do not fit together, hold NaN or infinity, or name
                a single class.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)  # noqa: N806
        check_classification_targets(y)
        self.classes_, classes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("HeadClassifier needs films of 2 classes or more, got one class.")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        heads = train_heads(
            X[:, np.newaxis, :],
            classes,
            [_set_aside(classes, self.validation_fraction, np.random.default_rng(seed))],
            HeadRecipe(**{field.name: getattr(self, field.name) for field in fields(HeadRecipe)}),
            n_classes=len(self.classes_),
            seed=seed,
            keeps_weights=True,
        )
        (self.weights_,) = heads.weights
        self.history_ = heads.history
        return self

    def predict_proba(self, X: Any) -> Float[np.ndarray, "films classes"]:  # noqa: N803
        """Give each film a probability per class, in the order of `classes_`."""
        check_is_fitted(self)
        return self.weights_.predict_scores(validate_data(self, X, dtype=np.float32, reset=False))

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Call the most probable class of each film."""
        scores = self.predict_proba(X)
        return np.asarray(self.classes_[scores.argmax(axis=1)])


def _set_aside(
    classes: Int[np.ndarray, " films"], fraction: float, rng: np.random.Generator
) -> Split:
    """Set about `fraction` of each class aside, and leave at least one film of it."""
    validation = []
    for label in np.unique(classes):
        rows = rng.permutation(np.flatnonzero(classes == label))
        validation.append(rows[: min(round(fraction * len(rows)), len(rows) - 1)])
    aside = np.sort(np.concatenate(validation))
    rest = np.setdiff1d(np.arange(len(classes)), aside)
    return Split(repeat=0, fold=0, train=rest, validation=aside, test=np.empty(0, np.int64))

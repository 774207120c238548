"""Counts of films by truth and call."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from hilum.evaluation.results import Confusion


def count_confusion(
    y_true: Int[np.ndarray, " films"], y_pred: Int[np.ndarray, " films"], *, positive: int
) -> Confusion:
    """Count the films by truth and call, the positive class against all others.

    Args:
        y_true: Class index of each film.
        y_pred: Class called for each film, in the same order.
        positive: Index of the positive class.

    Returns:
        The four counts; together they are all the films.
    """
    is_positive = y_true == positive
    is_called = y_pred == positive
    return Confusion(
        tp=int(np.sum(is_positive & is_called)),
        fn=int(np.sum(is_positive & ~is_called)),
        tn=int(np.sum(~is_positive & ~is_called)),
        fp=int(np.sum(~is_positive & is_called)),
    )


def count_matrix(
    y_true: Int[np.ndarray, " films"], y_pred: Int[np.ndarray, " films"], *, n_classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Count the films by true class (rows) and called class (columns).

    Args:
        y_true: Class index of each film, 0 <= index < n_classes.
        y_pred: Class called for each film, in the same order and range.
        n_classes: Classes in the study, whether or not a film of each is here.

    Returns:
        The counts; the diagonal holds the films called rightly.
    """
    cells = np.bincount(y_true * n_classes + y_pred, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)

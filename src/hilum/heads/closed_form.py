"""A head in closed form: ridge regression on standardised features, one solution for each split.

Where many views and many draws of the folds are judged, only the ranking of films counts. This head
ranks them nearly as the trained head does, has no draws of its own, and is solved in
milliseconds. How much its weights are held back is chosen on the training films alone, by leaving
each of them out once, which costs nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.folds import Split

_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Candidates, over the mean of each film's similarity with itself."""

_LEAST_SCALE = 1e-6
"""A feature that varies less on the training films says nothing."""


@dataclass(frozen=True)
class RidgeHead:
    """One head in closed form.

    Attributes:
        mean: Of each feature over the films that it was fitted on.
        kernel: Weight of each feature, for each class.
        bias: For each class.
    """

    mean: Float[np.ndarray, " width"]
    kernel: Float[np.ndarray, "width classes"]
    bias: Float[np.ndarray, " classes"]

    def scores(self, features: Float[np.ndarray, "*films width"]) -> Float[np.ndarray, "*films c"]:
        """Score films: about 1 for the class that a film is of, about 0 for the others."""
        return np.asarray((features - self.mean) @ self.kernel + self.bias)


def solve_heads(
    features: Float32[np.ndarray, "films width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    n_classes: int,
) -> tuple[RidgeHead, ...]:
    """Solve one head for each split, on its training and validation films.

    Args:
        features: Of the upright films.
        y: Class index of each film.
        splits: Who is fitted.
        n_classes: Classes of the study.

    Source: Hoerl and Kennard (1970), Technometrics 12:55-67; the error of leaving each film out:
        Golub, Heath and Wahba (1979), Technometrics 21:215-223.
    """
    return tuple(
        _solve(features[split.fitting].astype(np.float64), y[split.fitting], n_classes)
        for split in splits
    )


def score_in_closed_form(
    features: Float32[np.ndarray, "films width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    n_classes: int,
) -> Float[np.ndarray, "heads films classes"]:
    """Score the test films of each split by the head that never saw them.

    Returns:
        NaN for the films that a split does not test.
    """
    scores = np.full((len(splits), len(y), n_classes), np.nan)
    heads = solve_heads(features, y, splits, n_classes=n_classes)
    for head, (solved, split) in enumerate(zip(heads, splits, strict=True)):
        scores[head, split.test] = solved.scores(features[split.test])
    return scores


def _solve(
    x: Float[np.ndarray, "fitted width"], y: Int[np.ndarray, " fitted"], n_classes: int
) -> RidgeHead:
    mean, scale = x.mean(axis=0), x.std(axis=0)
    is_alive = scale > _LEAST_SCALE
    inverse = np.where(is_alive, 1 / np.where(is_alive, scale, 1), 0) / np.sqrt(max(1, x.shape[1]))
    z = (x - mean) * inverse
    target = (y[:, np.newaxis] == np.arange(n_classes)).astype(np.float64)
    share = target.mean(axis=0)
    centred = target - share
    values, vectors = _decompose(z)
    rotated = vectors.T @ centred
    best, dual = np.inf, np.zeros_like(centred)
    for penalty in _PENALTIES:
        added = penalty * max(float(values.sum()) / len(z), _LEAST_SCALE)
        kept = values / (values + added)
        # The fit's residuals; over one less the leverage they are those of leaving a film out.
        residuals = centred - vectors @ (kept[:, np.newaxis] * rotated)
        leverage = np.square(vectors) @ kept
        error = float(np.mean(np.square(residuals / (1 - leverage)[:, np.newaxis])))
        if error < best:
            best, dual = error, residuals / added
    return RidgeHead(mean, (z.T @ dual) * inverse[:, np.newaxis], share)


def _decompose(
    z: Float[np.ndarray, "fitted width"],
) -> tuple[Float[np.ndarray, " rank"], Float[np.ndarray, "fitted rank"]]:
    """Find the eigenvalues and eigenvectors of `z @ z.T`, on the shorter side of `z`."""
    if len(z) <= z.shape[1]:
        values, vectors = np.linalg.eigh(z @ z.T)
        return np.maximum(values, 0), vectors
    values, axes = np.linalg.eigh(z.T @ z)
    is_alive = values > _LEAST_SCALE * values.max(initial=0)
    return values[is_alive], (z @ axes[:, is_alive]) / np.sqrt(values[is_alive])

"""The group bootstrap: how far a figure would move with other patients.

Whole groups are drawn with replacement, since films of one patient tell less
than as many films of different patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Int

from hilum.errors import NoTrialsError

Statistics = Callable[
    [Float[np.ndarray, "films resamples"]], Mapping[str, Float[np.ndarray, " resamples"]]
]

# Resamples are counted in random order: a larger table leaves the processor's cache,
# and then takes six times as long. It also keeps memory far below 100 MB.
_NUMBERS_PER_CHUNK = 400_000


def bootstrap_groups(
    statistics: Statistics,
    y_true: Int[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    *,
    n_classes: int,
    n_bootstraps: int,
    rng: np.random.Generator,
) -> dict[str, Float[np.ndarray, " bootstraps"]]:
    """Compute figures on resamples of the groups.

    A resample that lacks a class is drawn again, as its figures do not exist.

    Args:
        statistics: Computes all figures of many resamples at once, from how often
            each film stands in each of them.
        y_true: Class index of each film.
        groups: Group of each film, any integers.
        n_classes: Classes of the study; each must have a film here.
        n_bootstraps: Resamples to compute.
        rng: Where the draws come from.

    Returns:
        Each figure's values, one per resample.

    Raises:
        NoTrialsError: A class has no film.
    """
    films_per_class = np.bincount(y_true, minlength=n_classes)
    if np.any(films_per_class == 0):
        raise NoTrialsError(
            "Resampling needs films of every class, and some class has none.",
            fix="Make sure that every class has at least one tested film.",
        )
    names, rows = np.unique(groups, return_inverse=True)
    has_class = np.eye(n_classes)[:, y_true]
    chunk = max(1, _NUMBERS_PER_CHUNK // len(y_true))
    chunks: list[Mapping[str, Float[np.ndarray, " resamples"]]] = []
    missing = n_bootstraps
    while missing > 0:
        weights = _draw(len(names), min(chunk, missing), rng)[rows]
        is_complete = np.all(has_class @ weights > 0, axis=0)
        if not is_complete.any():
            continue
        if not is_complete.all():
            weights = weights[:, is_complete]
        chunks.append(statistics(weights))
        missing -= weights.shape[1]
    return {name: np.concatenate([figures[name] for figures in chunks]) for name in chunks[0]}


def _draw(
    n_groups: int, n_resamples: int, rng: np.random.Generator
) -> Float[np.ndarray, "groups resamples"]:
    """Count how often each group is drawn when as many as there are are drawn."""
    drawn = rng.integers(n_groups, size=(n_groups, n_resamples))
    drawn *= n_resamples
    drawn += np.arange(n_resamples)
    counts = np.bincount(drawn.ravel(), minlength=n_groups * n_resamples)
    return counts.reshape(n_groups, n_resamples).astype(np.float64)

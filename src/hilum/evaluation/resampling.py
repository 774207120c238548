"""The group bootstrap: how far a figure would move with other patients.

Whole groups are drawn with replacement, since films of one patient tell less
than as many films of different patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from hilum.errors import NoTrialsError
from hilum.evaluation.proportions import clopper_pearson, describe_inflation
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms

Statistics = Callable[
    [Float[np.ndarray, "films resamples"]], Mapping[str, Float[np.ndarray, " resamples"]]
]

# Resamples are counted in random order: a larger table leaves the processor's cache,
# and then takes six times as long. It also keeps memory far below 100 MB.
NUMBERS_PER_CHUNK = 400_000

# Resamples that differ by less than this do not differ: it is rounding.
_NO_WIDTH = 1e-12


def bootstrap_groups(
    statistics: Statistics,
    films: ScoredFilms,
    *,
    n_bootstraps: int,
    rng: np.random.Generator,
    needs_every_class: bool = False,
) -> dict[str, Float[np.ndarray, " bootstraps"]]:
    """Compute figures on resamples of the groups.

    A resample without positive films, or without others, is drawn again, as its figures do
    not exist.

    Args:
        statistics: Computes all figures of many resamples at once, from how often
            each film stands in each of them.
        films: The films; both sides have some.
        n_bootstraps: Resamples to compute.
        rng: Where the draws come from.
        needs_every_class: Draw again, too, where any class is missing; each must have a film.

    Returns:
        Each figure's values, one per resample.

    Raises:
        NoTrialsError: A side, or a class that is needed, has no film.
    """
    n_classes = films.n_classes if needs_every_class else 2
    y_true = films.y_true if needs_every_class else films.is_positive.astype(np.int64)
    films_per_class = np.bincount(y_true, minlength=n_classes)
    if np.any(films_per_class == 0):
        raise NoTrialsError(
            "Resampling needs films of every class, and some class has none.",
            fix="Make sure that every class has at least one tested film.",
        )
    names, rows = np.unique(films.groups, return_inverse=True)
    has_class = np.eye(n_classes)[:, y_true]
    chunk = max(1, NUMBERS_PER_CHUNK // len(y_true))
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


def bound_by_resampling(
    value: float,
    resampled: Float[np.ndarray, " bootstraps"],
    *,
    n_groups: int,
    n_scarcest: int,
    inflation: float = 1.0,
    limits: tuple[float, float] = (0.0, 1.0),
) -> Estimate:
    """Bound a figure by the middle 95 % of its resamples.

    Where all resamples agree, as they do when no positive film stands below another
    film, the bootstrap would claim certainty. Then the scarcest class's groups,
    each paired with another group, are taken as independent trials with the figure
    as their rate of success: cautious, and never of zero width.

    Args:
        value: The figure on the films as they are, 0 to 1 where all resamples may agree.
        resampled: The figure on each resample.
        n_groups: Groups that were resampled.
        n_scarcest: Groups of the class that has the fewest.
        inflation: Factor on the variance for heads that were trained on folds
            (`measure_inflation`); the bounds move away from the value by its root.
        limits: The least and the most that the figure can be.
    """
    low, high = np.quantile(resampled, [0.025, 0.975])
    if has_no_width(resampled):
        trials = max(1.0, n_scarcest / inflation)
        interval = clopper_pearson(value * trials, trials)
        method = (
            f"Clopper-Pearson on the {n_scarcest} groups of the smallest class, "
            f"as all {len(resampled)} resamples agree{describe_inflation(inflation)}"
        )
        return Estimate(value, interval.low, interval.high, method)
    method = f"bootstrap over {n_groups} groups, {len(resampled)} resamples, percentile"
    # A skewed bootstrap may leave its own value outside; the interval is widened to it.
    below, above = max(0.0, value - float(low)), max(0.0, float(high) - value)
    reach = math.sqrt(inflation)
    return Estimate(
        value,
        min(value, max(limits[0], value - reach * below)),
        max(value, min(limits[1], value + reach * above)),
        method + describe_inflation(inflation),
    )


def has_no_width(resampled: Float[np.ndarray, " bootstraps"]) -> bool:
    """Tell whether the middle 95 % of the resamples agree, so that they show no uncertainty."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    return bool(high - low < _NO_WIDTH)


def _draw(
    n_groups: int, n_resamples: int, rng: np.random.Generator
) -> Float[np.ndarray, "groups resamples"]:
    """Count how often each group is drawn when as many as there are are drawn."""
    drawn = rng.integers(n_groups, size=(n_groups, n_resamples))
    drawn *= n_resamples
    drawn += np.arange(n_resamples)
    counts = np.bincount(drawn.ravel(), minlength=n_groups * n_resamples)
    return counts.reshape(n_groups, n_resamples).astype(np.float64)

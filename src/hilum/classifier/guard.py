"""The domain guard: is this film like those that the classifier was trained on?

A classifier answers whatever it is shown: a picture of a cat gets a probability of COVID-19,
too. So the distance to the nearest training films decides first whether it is asked at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

NEIGHBOURS = 5
"""The distance to the fifth nearest film: one odd training film opens no gap by itself."""

KEPT_SHARE = 0.99
"""Of films like the training films, about this share stays inside."""

MOST_FILMS = 4096
"""More training films say little more, and every prediction is compared with all of them."""

_ROWS_AT_ONCE = 1024

_ROUNDING = 1e-5
"""Of cosines in single precision. A limit below it would refuse the training films themselves."""


@dataclass(frozen=True)
class DomainGuard:
    """Tells whether a film's features lie near those of training films.

    The distance is 1 less the cosine similarity of the pooled features of upright films, to
    the `neighbours`-th nearest training film.

    Attributes:
        features: Of the training films, each of length 1.
        neighbours: Which of the nearest films counts.
        threshold: Largest distance inside the domain.
    """

    features: Float32[np.ndarray, "films width"]
    neighbours: int
    threshold: float

    def distances(self, features: Float[np.ndarray, "films width"]) -> Float[np.ndarray, " films"]:
        """Give each film's distance to its `neighbours`-th nearest training film, 0 to 2."""
        similarities = directions(features) @ self.features.T
        return _to_nearest(similarities, self.neighbours)


def fit_guard(
    features: Float[np.ndarray, "films width"],
    groups: Int[np.ndarray, " films"],
    *,
    rng: np.random.Generator,
    neighbours: int = NEIGHBOURS,
    kept_share: float = KEPT_SHARE,
) -> DomainGuard:
    """Learn where the training films lie.

    The threshold is the conformal one: every film's distance to the films of other groups
    is taken, and the largest ones are cut off so that a new film of the same kind falls
    outside in at most about `1 - kept_share` of all cases. With very few films the
    largest distance of all is the threshold, and that share is not promised.

    Args:
        features: Pooled features of the upright training films.
        groups: Group of each film: films of one patient do not show how far apart patients
            lie.
        rng: Draws the films that are kept where there are more than `MOST_FILMS`.
        neighbours: Which of the nearest films counts; fewer where there are not as many.
        kept_share: Share of new films of the same kind that should stay inside.

    Source: Sun, Ming, Zhu and Li (2022), Proceedings of the 39th International Conference on
    Machine Learning, 20827-20840 (nearest neighbours in feature space); Vovk, Gammerman and
    Shafer (2005), Algorithmic Learning in a Random World (the threshold).
    """
    if len(features) > MOST_FILMS:
        rows = np.sort(rng.choice(len(features), MOST_FILMS, replace=False))
        features, groups = features[rows], groups[rows]
    unit = directions(features)
    _, sizes = np.unique(groups, return_counts=True)
    neighbours = max(1, min(neighbours, len(groups) - int(sizes.max())))
    distances = np.empty(len(unit))
    for start in range(0, len(unit), _ROWS_AT_ONCE):
        block = slice(start, start + _ROWS_AT_ONCE)
        similarities = unit[block] @ unit.T
        similarities[groups[block, np.newaxis] == groups] = -1.0
        distances[block] = _to_nearest(similarities, neighbours)
    rank = min(int(np.ceil((len(unit) + 1) * kept_share)), len(unit))
    return DomainGuard(unit, neighbours, max(float(np.sort(distances)[rank - 1]), _ROUNDING))


def directions(features: Float[np.ndarray, "films width"]) -> Float32[np.ndarray, "films width"]:
    """Scale vectors to length 1; one that is 0 everywhere stays so."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _to_nearest(
    similarities: Float[np.ndarray, "films others"], neighbours: int
) -> Float[np.ndarray, " films"]:
    place = similarities.shape[1] - neighbours
    nearest = np.partition(similarities, place, axis=1)[:, place]
    return np.asarray(np.maximum(1.0 - nearest, 0.0), dtype=float)

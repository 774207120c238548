"""What each place of a film usually looks like to the backbone: a mean feature map per class.

Every film shows a heart, and every heart moves the heads. A reader wants to know what this film
has that films of the other classes lack at the same place. So an explanation compares with
their mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from hilum.classifier.graph import MOST_FILMS_AT_ONCE, FeatureGraph

FILMS_PER_CLASS = 64
"""Measured on phantoms, 32 films of a class do as well as 80."""


@dataclass(frozen=True)
class ReferenceMaps:
    """Mean feature maps of upright training films.

    Attributes:
        class_maps: One per class.
        n_films: Films behind each.
    """

    class_maps: Float32[np.ndarray, "classes rows columns channels"]
    n_films: Int[np.ndarray, " classes"]

    def against(self, label: int) -> Float[np.ndarray, "rows columns channels"]:
        """Average the films of all classes but one.

        Args:
            label: Index of the class that is explained.
        """
        weights = self.n_films.astype(float)
        weights[label] = 0
        return np.asarray(np.tensordot(weights / weights.sum(), self.class_maps, axes=1))


def choose_reference_films(
    y: Int[np.ndarray, " films"], rng: np.random.Generator
) -> Int[np.ndarray, " chosen"]:
    """Choose the training films that the references are made of, the same for each class.

    Args:
        y: Class index of each film.
        rng: Draws among the films of a class that has more than enough.

    Returns:
        Rows, sorted.
    """
    chosen = [rng.permutation(np.flatnonzero(y == k))[:FILMS_PER_CLASS] for k in np.unique(y)]
    return np.sort(np.concatenate(chosen))


def make_references(
    graph: FeatureGraph,
    films: Iterable[tuple[UInt8[np.ndarray, "size size"], int]],
    n_classes: int,
) -> ReferenceMaps:
    """Average the feature maps of films, class by class; one forward pass for each.

    Args:
        graph: The backbone; it must have a feature map.
        films: Upright squares with the index of their class; each class has one at least.
        n_classes: How many classes there are.

    Raises:
        ValueError: The graph has no feature map, or a class has no film.
    """
    sums: dict[int, Float[np.ndarray, "rows columns channels"]] = {}
    n_films = np.zeros(n_classes, int)
    waiting = iter(films)
    while batch := list(islice(waiting, MOST_FILMS_AT_ONCE)):
        maps = graph.look(np.stack([square for square, _ in batch]), maps=True).maps
        assert maps is not None  # they were asked for
        for (_, label), feature_map in zip(batch, maps.astype(float), strict=True):
            sums[label] = sums[label] + feature_map if label in sums else feature_map
            n_films[label] += 1
    if len(sums) < n_classes:
        raise ValueError("every class needs a film to make its reference of")
    means = [sums[label] / n_films[label] for label in range(n_classes)]
    return ReferenceMaps(np.stack(means).astype(np.float32), n_films)

"""Heads on the embedded backbone, trained on generated films whose truth is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from embedded import embedded
from hilum.backbones.compilation import compile_backbone
from hilum.classifier.explain.cells import map_cells
from hilum.classifier.explain.references import ReferenceMaps, make_references
from hilum.classifier.graph import FeatureGraph
from hilum.classifier.heads import HeadStack
from hilum.evaluation.results import Calibrator
from hilum.features.views import film_views, render_views, resize_film
from hilum.folds.folds import repeated_folds
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import train_heads


@dataclass(frozen=True)
class Explainer:
    """Heads, what they stand on, and what films are compared with; class 1 has the disease."""

    graph: FeatureGraph
    heads: HeadStack
    references: ReferenceMaps

    def log_odds(self, films: Sequence[np.ndarray]) -> np.ndarray:
        squares = np.stack([resize_film(film, self.graph.size_px) for film in films])
        return self.heads.log_odds(self.graph.look(squares).features, 1)

    def maps(self, films: Sequence[np.ndarray], *, has_reference: bool = True) -> list[np.ndarray]:
        squares = np.stack([resize_film(film, self.graph.size_px) for film in films])
        seen = self.graph.look(squares, maps=True).maps
        assert seen is not None
        reference = self.references.against(1) if has_reference else None
        return [
            map_cells(self.heads, each, 1, pooling="average", reference=reference).contributions
            for each in seen
        ]


def open_backbone(name: str, cache: Path) -> FeatureGraph:
    backbone = embedded(name)
    record = backbone.record
    return FeatureGraph(
        compile_backbone(backbone, cache),
        size_px=record.input.size_px,
        width=record.feature_width,
    )


def train_explainer(
    graph: FeatureGraph,
    films: Sequence[np.ndarray],
    y: np.ndarray,
    patients: Sequence[str],
    *,
    n_rotated: int = 0,
    n_repeats: int = 1,
) -> Explainer:
    size_px = graph.size_px
    features = np.stack(
        [
            graph.look(
                np.stack(
                    render_views(
                        film,
                        film_views(hashlib.sha256(film.tobytes()).hexdigest(), n_rotated, seed=0),
                        size_px,
                    )
                )
            ).features
            for film in films
        ]
    )
    groups = np.unique(patients, return_inverse=True)[1]
    folds = repeated_folds(y, groups, n_folds=5, n_repeats=n_repeats, seed=0)
    trained = train_heads(
        features, y, folds.splits, HeadRecipe(), n_classes=2, seed=0, keeps_weights=True
    )
    plain = Calibrator(1.0, np.zeros(2))
    heads = HeadStack.of(trained.weights, [plain] * len(trained.weights), positive=1, threshold=0.5)
    squares = ((resize_film(film, size_px), int(k)) for film, k in zip(films, y, strict=True))
    return Explainer(graph, heads, make_references(graph, squares, 2))


def points_at(cells: np.ndarray, truth: np.ndarray, *, tolerance: int) -> bool:
    """Tell whether the middle of the strongest cell lies within so many cells of the truth."""
    rows, columns = cells.shape
    height, width = truth.shape
    row, column = np.unravel_index(cells.argmax(), cells.shape)
    y, x = int((row + 0.5) / rows * height), int((column + 0.5) / columns * width)
    up, left = tolerance * height // rows, tolerance * width // columns
    around = truth[max(y - up, 0) : y + up + 1, max(x - left, 0) : x + left + 1]
    return bool(around.any())


def chance_of_pointing_at(truth: np.ndarray, shape: tuple[int, int], *, tolerance: int) -> float:
    """Share of the film whose every place would count as pointing at the truth."""
    height, width = truth.shape
    up, left = tolerance * height // shape[0], tolerance * width // shape[1]
    padded = np.pad(truth, ((up, up), (left, left)))
    down = sliding_window_view(padded, 2 * up + 1, axis=0).any(axis=-1)
    return float(sliding_window_view(down, 2 * left + 1, axis=1).any(axis=-1).mean())

"""The slow check of an explanation: cover a patch of the film, and see what becomes of the answer.

It knows nothing of the network's inside, so it works for every backbone, and what agrees
with it is not an artefact of how the exact map is reckoned. It costs a forward pass per
patch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageFilter

from hilum.classifier.graph import MOST_FILMS_AT_ONCE, FeatureGraph
from hilum.classifier.heads import HeadStack
from hilum.classifier.slopes import free_log_odds

N_TILES = 14
"""Along each side. A patch covers 2 x 2 tiles, a seventh of the side, and moves by one."""

_BLUR_SHARE, _EDGE_SHARE = 1 / 14, 1 / 36
"""Standard deviations of the blur that fills a patch and of its soft edge, as shares of the side.

A patch with a sharp edge is a thing that no film has, and moves the answer more than what it
covers: on films whose one fault is a marker's letter, sharp patches found it on a quarter of
them, soft ones on nearly all.
"""


@dataclass(frozen=True)
class OcclusionMap:
    """How much the log-odds of a class fall when a part of the film is covered.

    Attributes:
        drops: Mean fall over the patches that cover each tile, in nats; above 0 the part
            speaks for the class. They do not sum to anything: patches overlap.
        log_odds: Of the whole film.
    """

    drops: Float[np.ndarray, "tiles tiles"]
    log_odds: float


def occlude(
    graph: FeatureGraph,
    heads: HeadStack,
    square: UInt8[np.ndarray, "size size"],
    label: int,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> OcclusionMap:
    """Cover one patch of a film after the other by a blurred copy of the film.

    Greys stay the film's own, and a patch's edge is soft.

    Args:
        graph: The backbone.
        heads: The heads on it.
        square: The film at the backbone's size.
        label: Index of the class.
        on_progress: Called with the patches done and the patches in all.
    """
    edges = np.linspace(0, len(square), N_TILES + 1).round().astype(int)
    blurred = _blur(square, _BLUR_SHARE)
    log_odds = float(free_log_odds(heads, graph.look(square[np.newaxis]).features, label)[0])
    falls = np.zeros((N_TILES, N_TILES))
    n_patches = np.zeros((N_TILES, N_TILES))
    done = 0
    for places, films in _covered(square, blurred, edges):
        odds = free_log_odds(heads, graph.look(films).features, label)
        for (row, column), fall in zip(places, log_odds - odds, strict=True):
            falls[row : row + 2, column : column + 2] += fall
            n_patches[row : row + 2, column : column + 2] += 1
        done += len(places)
        if on_progress is not None:
            on_progress(done, (N_TILES - 1) ** 2)
    return OcclusionMap(falls / n_patches, log_odds)


def _covered(
    square: UInt8[np.ndarray, "size size"],
    filling: UInt8[np.ndarray, "size size"],
    edges: np.ndarray,
) -> Iterator[tuple[list[tuple[int, int]], UInt8[np.ndarray, "films size size"]]]:
    """Yield places, as tiles, and films covered there, some at a time."""
    places = [(row, column) for row in range(N_TILES - 1) for column in range(N_TILES - 1)]
    change = filling.astype(np.float32) - square
    for first in range(0, len(places), MOST_FILMS_AT_ONCE):
        batch = places[first : first + MOST_FILMS_AT_ONCE]
        films = []
        for row, column in batch:
            patch = np.zeros(square.shape, np.uint8)
            patch[edges[row] : edges[row + 2], edges[column] : edges[column + 2]] = 255
            films.append(np.rint(square + change * (_blur(patch, _EDGE_SHARE) / np.float32(255))))
        yield batch, np.stack(films).astype(np.uint8)


def _blur(square: UInt8[np.ndarray, "size size"], share: float) -> UInt8[np.ndarray, "size size"]:
    smooth = ImageFilter.GaussianBlur(share * len(square))
    return np.asarray(Image.fromarray(square).filter(smooth))

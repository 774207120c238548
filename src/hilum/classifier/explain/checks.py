"""Two slow checks of an explanation: cover patches of the film, and shuffle the heads' weights.

Occlusion needs no look inside the network, so it works for every backbone, and what agrees with
it is not an artefact of how the exact map is computed. It costs a forward pass per patch.

The sanity check asks whether an explanation depends on what the heads have learned. Many a
heat-map shows the edges of the picture whatever the network knows. So the heads' weights are
shuffled, and the map that they then give is compared with the real one.

Source: Adebayo et al. (2018), NeurIPS, "Sanity checks for saliency maps".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image, ImageFilter

from hilum.backbones import Pooling
from hilum.classifier.explain.cells import free_log_odds, map_cells, pool_map
from hilum.classifier.graph import MOST_FILMS_AT_ONCE, FeatureGraph
from hilum.classifier.heads import HeadStack

N_TILES = 14
"""Along each side. A patch covers 2 x 2 tiles, a seventh of the side, and moves by one."""

_BLUR_SHARE, _EDGE_SHARE = 1 / 14, 1 / 36
"""Standard deviations of the blur that fills a patch and of its soft edge, as shares of the side.

No film has a sharp edge of its own like a patch's, and such an edge moves the answer more than
what it covers: on films whose one fault is a marker's letter, sharp patches found it on a quarter
of them, soft ones on nearly all.
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


N_DRAWS = 20

MOST_ALIKE = 0.5
"""A real map keeps its mean rank correlation with shuffled ones below this, sign or no sign."""


@dataclass(frozen=True)
class SanityCheck:
    """Rank correlation of the real map with those of shuffled heads.

    Attributes:
        correlations: Of the contributions, one per draw; around 0 where the map is real.
        magnitudes: Of their sizes without sign: how much the map shows the same places
            whatever the heads know. Above 0 where some places differ from the reference
            for any head.
    """

    correlations: Float[np.ndarray, " draws"]
    magnitudes: Float[np.ndarray, " draws"]

    @property
    def is_passed(self) -> bool:
        """Whether the map depends on what was learned."""
        return bool(abs(self.correlations.mean()) < MOST_ALIKE)


def check_sanity(
    heads: HeadStack,
    feature_map: Float[np.ndarray, "rows columns channels"],
    label: int,
    *,
    pooling: Pooling,
    reference: Float[np.ndarray, "rows columns channels"] | None,
    rng: np.random.Generator,
) -> SanityCheck:
    """Explain a film with shuffled heads, several times, and compare.

    Args:
        heads: The heads.
        feature_map: The film's last feature map.
        label: Index of the class.
        pooling: How the features come from the map.
        reference: What the film is compared with.
        rng: Shuffles the weights.
    """

    def explain(by: HeadStack) -> Float[np.ndarray, "rows columns"]:
        made = map_cells(by, feature_map, label, pooling=pooling, reference=reference)
        return made.contributions

    real = explain(heads)
    anchor = pool_map(feature_map if reference is None else reference, pooling)
    others = [explain(shuffle_heads(heads, anchor, rng)) for _ in range(N_DRAWS)]
    return SanityCheck(
        correlations=np.array([rank_correlation(real, other) for other in others]),
        magnitudes=np.array([rank_correlation(abs(real), abs(other)) for other in others]),
    )


def shuffle_heads(
    heads: HeadStack, anchor: Float[np.ndarray, " width"], rng: np.random.Generator
) -> HeadStack:
    """Shuffle the weights of each layer, so that the heads lose what they have learned.

    Args:
        heads: The heads.
        anchor: Features for which every hidden unit stays as much on or off as it was, so
            that the units do not all fall silent.
        rng: Shuffles.
    """

    def shuffled(
        kernels: Float32[np.ndarray, "heads rows columns"],
    ) -> Float32[np.ndarray, "heads rows columns"]:
        return np.stack([rng.permuted(k.ravel()).reshape(k.shape) for k in kernels])

    hidden_kernel = shuffled(heads.hidden_kernel)
    shift = anchor @ (heads.hidden_kernel - hidden_kernel)
    return replace(
        heads,
        hidden_kernel=hidden_kernel,
        hidden_bias=(heads.hidden_bias + shift).astype(np.float32),
        output_kernel=shuffled(heads.output_kernel),
    )


def rank_correlation(
    first: Float[np.ndarray, "rows columns"], second: Float[np.ndarray, "_ _"]
) -> float:
    """Spearman's rank correlation of two maps; the finer one is averaged to the coarser's cells.

    Args:
        first: The one whose cells count.
        second: Of the same number of cells, or more.

    Returns:
        Between -1 and 1; 0 where one of the maps is flat.
    """
    from scipy.stats import rankdata

    if second.shape != first.shape:
        rows, columns = first.shape
        picture = Image.fromarray(second.astype(np.float32))
        second = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX), float)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])

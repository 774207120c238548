"""Does an explanation depend on what the heads have learned? It must change when they forget.

Many a heat-map shows the edges of the picture whatever the network knows. So the heads'
weights are shuffled, and the map that they then give is held against the real one.

Source: Adebayo et al. (2018), NeurIPS, "Sanity checks for saliency maps".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image

from hilum.backbones.records import Pooling
from hilum.classifier.cells import map_cells, pool_map
from hilum.classifier.heads import HeadStack

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
    """Forget what heads have learned: each layer keeps its weights and loses their order.

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

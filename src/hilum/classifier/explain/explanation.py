"""Why does the classifier say so? One film's explanation, in one forward pass.

A share of the map inside a region says little without the region's own area: half of the map
inside half of the film is what no choice at all would give. So both are told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from hilum.classifier.explain.cells import CellMap, fits_pooling, map_cells
from hilum.classifier.explain.checks import (
    OcclusionMap,
    SanityCheck,
    check_sanity,
    occlude,
    rank_correlation,
)
from hilum.classifier.explain.references import ReferenceMaps
from hilum.classifier.graph import FeatureGraph
from hilum.classifier.heads import HeadStack
from hilum.classifier.prediction import FilmLike, Prediction, PreparedFilm
from hilum.classifier.records import BundleRecord
from hilum.errors import ExplanationError


@dataclass(frozen=True)
class RegionShare:
    """How much of an explanation lies within a region.

    What speaks for the class and what speaks against it are counted apart: summed, they
    would cancel, and a share of almost 0 means nothing.

    Attributes:
        region: Which: `lungs`, by a mask, or `centre`.
        area: The region's share of the film.
        speaking_for: Share of all contributions above 0; None without any.
        speaking_against: Share of all contributions below 0; None without any.
    """

    region: Literal["lungs", "centre"]
    area: float
    speaking_for: float | None
    speaking_against: float | None


@dataclass(frozen=True, repr=False)
class Explanation:
    """Where on a film the reasons for a class lie.

    Attributes:
        label: The class that is explained.
        prediction: What the classifier says of the film. Outside the domain the map means
            as little as the probability.
        pixels: The film, upright, as it was read.
        exact: What each cell of the feature map adds to the log-odds; None where the
            backbone shows no feature map.
        occlusion: What covering parts of the film does; None where it was not asked for.
        sanity: How the map changes with shuffled heads; None where it was not asked for.
        share: How much of the map lies in the centre of the film, or inside the lungs.
    """

    label: str
    prediction: Prediction
    pixels: UInt8[np.ndarray, "height width"]
    exact: CellMap | None
    occlusion: OcclusionMap | None
    sanity: SanityCheck | None
    share: RegionShare

    @property
    def contributions(self) -> Float[np.ndarray, "rows columns"]:
        """The map to show: the exact one, else that of the covered patches."""
        if self.exact is not None:
            return self.exact.contributions
        return _drops(self.occlusion)

    @property
    def agreement(self) -> float | None:
        """Rank correlation of the exact map with the covered patches, where both are there."""
        if self.exact is None or self.occlusion is None:
            return None
        return rank_correlation(self.exact.contributions, self.occlusion.drops)

    def __repr__(self) -> str:
        """Say what is explained, and by how many cells."""
        rows, columns = self.contributions.shape
        return f"Explanation({self.label}, {rows} x {columns} cells)"


@dataclass(frozen=True)
class ExplanationOptions:
    """What an explanation holds beyond the exact map.

    Attributes:
        has_occlusion: Cover patches of the film as well; slow.
        has_sanity: Explain the film with shuffled heads as well.
        seed: Where the shuffles begin.
        on_progress: Called while patches are covered, with those done and all.
    """

    has_occlusion: bool = False
    has_sanity: bool = False
    seed: int = 0
    on_progress: Callable[[int, int], None] | None = None


@runtime_checkable
class Explainable(Protocol):
    """What an explanation needs of a classifier."""

    record: BundleRecord
    heads: HeadStack
    references: ReferenceMaps | None
    graph: FeatureGraph

    def prepare(self, film: FilmLike, *, is_whole: bool = False) -> PreparedFilm:
        """Read a film and bring it to the backbone's square."""

    def judge(
        self, features: Float[np.ndarray, "films width"], notes: Sequence[tuple[str, ...]]
    ) -> list[Prediction]:
        """Answer for films whose features are there."""


_ONLY_THE_MAP = ExplanationOptions()


def explain_film(
    classifier: Explainable,
    film: FilmLike,
    label: str | None = None,
    *,
    lungs: Bool[np.ndarray, "height width"] | None = None,
    options: ExplanationOptions = _ONLY_THE_MAP,
) -> Explanation:
    """Explain what a classifier says of one film.

    The film is compared with the bundle's reference maps, place by place. Where a bundle has
    none, whatever every film has at a place counts as well.

    Args:
        classifier: Which.
        film: A file, its bytes, or grey levels.
        label: The class to explain; the positive one if not given.
        lungs: Where the film shows lung, of any size.
        options: What else is wanted.

    Raises:
        FilmError: The film cannot be read, or is not a film.
        ExplanationError: The class is unknown; or the backbone shows no feature map, and no
            occlusion map was asked for.
    """
    index = find_class(classifier, label)
    graph, heads = classifier.graph, classifier.heads
    if not graph.has_map and not options.has_occlusion:
        raise ExplanationError(
            f"{classifier.record.backbone.title} shows no feature map, so there is no exact "
            "explanation.",
            fix="Use --occlusion: it covers parts of the film and watches the answer.",
        )
    prepared = classifier.prepare(film)
    seen = graph.look(prepared.square[np.newaxis], maps=graph.has_map)
    exact = sanity = occlusion = None
    if seen.maps is not None:
        pooling = classifier.record.backbone.pooling
        if not fits_pooling(pooling, seen.maps[0], seen.features[0]):
            raise ExplanationError(
                f"The feature map of {classifier.record.backbone.title} is not the one that its "
                "features come from.",
                fix="Use a bundle that `hilum train` wrote.",
            )
        references = classifier.references
        reference = None if references is None else references.against(index)
        exact = map_cells(heads, seen.maps[0], index, pooling=pooling, reference=reference)
        if options.has_sanity:
            rng = np.random.default_rng(options.seed)
            sanity = check_sanity(
                heads, seen.maps[0], index, pooling=pooling, reference=reference, rng=rng
            )
    if options.has_occlusion:
        occlusion = occlude(graph, heads, prepared.square, index, on_progress=options.on_progress)
    shown = exact.contributions if exact is not None else _drops(occlusion)
    return Explanation(
        label=classifier.record.classes[index],
        prediction=classifier.judge(seen.features, [prepared.notes])[0],
        pixels=_whole(classifier, film, prepared),
        exact=exact,
        occlusion=occlusion,
        sanity=sanity,
        share=share_in_centre(shown) if lungs is None else share_in_lungs(shown, lungs),
    )


def find_class(classifier: Explainable, label: str | None) -> int:
    """Return the index of the class to explain.

    Args:
        classifier: Which.
        label: The class; the positive one if not given.

    Raises:
        ExplanationError: The class is unknown.
    """
    if label is None:
        return classifier.heads.positive
    if label not in classifier.record.classes:
        raise ExplanationError(
            f"The classifier knows no class '{label}'.",
            fix=f"Name one of its own: {', '.join(classifier.record.classes)}.",
        )
    return classifier.record.classes.index(label)


def _whole(
    classifier: Explainable, film: FilmLike, prepared: PreparedFilm
) -> UInt8[np.ndarray, "height width"]:
    """The film to draw: large JPEG files were decoded at a reduced scale for the backbone."""
    if isinstance(film, np.ndarray):
        return prepared.pixels
    return classifier.prepare(film, is_whole=True).pixels


def _drops(occlusion: OcclusionMap | None) -> Float[np.ndarray, "rows columns"]:
    assert occlusion is not None  # it is, where there is no exact map
    return occlusion.drops


CENTRAL_SHARE = 0.6
"""Of each side of the film; the centre is 36 % of its area."""


def share_in_centre(contributions: Float[np.ndarray, "rows columns"]) -> RegionShare:
    """Tell how much of an explanation lies in the central 60 % of both sides.

    Args:
        contributions: Of each cell, to the log-odds.
    """
    rows, columns = (_central_overlap(n) for n in contributions.shape)
    return _share(contributions, np.outer(rows, columns), "centre")


def share_in_lungs(
    contributions: Float[np.ndarray, "rows columns"], lungs: Bool[np.ndarray, "height width"]
) -> RegionShare:
    """Tell how much of an explanation lies inside the lungs.

    Args:
        contributions: Of each cell, to the log-odds.
        lungs: Where there is lung, over the whole film, of any size.
    """
    return _share(contributions, cover_of_cells(lungs, contributions.shape), "lungs")


def cover_of_cells(
    region: Bool[np.ndarray, "height width"], shape: tuple[int, ...]
) -> Float[np.ndarray, "rows columns"]:
    """Tell which share of each cell a region covers.

    Args:
        region: Over the whole film, of any size.
        shape: Rows and columns of cells.
    """
    rows, columns = shape
    picture = Image.fromarray(region.astype(np.float32))
    return np.asarray(picture.resize((columns, rows), Image.Resampling.BOX), float)


def _central_overlap(n_cells: int) -> Float[np.ndarray, " cells"]:
    """Share of each cell that lies within the central part of a side."""
    edges = np.linspace(0, 1, n_cells + 1)
    margin = (1 - CENTRAL_SHARE) / 2
    inside = np.clip(edges, margin, 1 - margin)
    return np.asarray(np.diff(inside) * n_cells)


def _share(
    contributions: Float[np.ndarray, "rows columns"],
    cover: Float[np.ndarray, "rows columns"],
    region: Literal["lungs", "centre"],
) -> RegionShare:
    def of(part: Float[np.ndarray, "rows columns"]) -> float | None:
        whole = float(part.sum())
        return float((part * cover).sum()) / whole if whole > 0 else None

    return RegionShare(
        region=region,
        area=float(cover.mean()),
        speaking_for=of(np.maximum(contributions, 0)),
        speaking_against=of(np.maximum(-contributions, 0)),
    )

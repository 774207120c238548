"""How much of an explanation lies in a region: inside the lungs, or in the centre of the film.

A share says little without the region's own: half of the map inside half of the film is
what no choice at all would give. So both are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

CENTRAL_SHARE = 0.6
"""Of each side of the film; the centre is 36 % of its area."""


@dataclass(frozen=True)
class RegionShare:
    """How much of an explanation lies within a region.

    What speaks for the class and what speaks against it are counted apart: summed, they
    would cancel, and a share of next to nothing means nothing.

    Attributes:
        region: Which: `lungs`, by a mask, or `centre`.
        area: The region's share of the film.
        speaking_for: Share of all contributions above 0; None where there are none.
        speaking_against: Share of all contributions below 0; None where there are none.
    """

    region: Literal["lungs", "centre"]
    area: float
    speaking_for: float | None
    speaking_against: float | None


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

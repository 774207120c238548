"""Lettering: how much of a film holds letters, arrows or other marks with sharp edges.

A film's own shadows are soft; what a program wrote into the picture, or what lay on the
cassette as lead, is not. A letter has such edges in both directions on little room,
the border of a collimated or tilted film in mainly one.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt8

CELLS_PER_SIDE = 32
"""Cells of the grid that is laid over a film; a side marker such as `R` fills 2 to 6 of
the 1,024."""

_HARD_EDGE = 64
"""Grey levels between two neighbouring pixels. Bones and noise rarely reach it; lettering
does, even where JPEG or a reduced size has softened it."""

_LEAST_EDGES = 2
_LEAST_BALANCE = 0.3
"""Edges in the rarer direction for each in the other: letters have them, and a border that
is tilted by 10 degrees has not."""


def measure_lettering(pixels: UInt8[np.ndarray, "height width"]) -> float:
    """Tell which share of a film holds sharp edges in both directions.

    Args:
        pixels: The film at full size. One smaller than the grid has no lettering.

    Returns:
        Cells of the grid with such edges over all cells, 0 to 1. Public films reach 0.04,
        most of them 0.005.
    """
    if min(pixels.shape) <= CELLS_PER_SIDE:
        return 0.0
    across = _count_hard(pixels[:-1, 1:], pixels[:-1, :-1])
    down = _count_hard(pixels[1:, :-1], pixels[:-1, :-1])
    rarer, other = np.minimum(across, down), np.maximum(across, down)
    return float(np.mean((rarer >= _LEAST_EDGES) & (rarer >= _LEAST_BALANCE * other)))


def _count_hard(
    some: UInt8[np.ndarray, "height width"], others: UInt8[np.ndarray, "height width"]
) -> Int[np.ndarray, " cells"]:
    """Count in each cell of the grid the places where two films differ by a hard edge."""
    # Unsigned levels cannot be negative: the larger less the smaller.
    hits = np.maximum(some, others) - np.minimum(some, others) > _HARD_EDGE
    height, width = hits.shape
    rows, columns = np.divmod(np.flatnonzero(hits), width)
    cells = rows * CELLS_PER_SIDE // height * CELLS_PER_SIDE + columns * CELLS_PER_SIDE // width
    return np.bincount(cells, minlength=CELLS_PER_SIDE**2)

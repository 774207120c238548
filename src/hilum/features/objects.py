"""Small objects on a film: the film without them, and where the bright ones stand.

Writing, markers, lines, tubes, electrodes, clips: bright, and narrower than 4 % of the film. A grey
opening takes away every bright thing that its window does not fit into, and leaves larger shadows;
a closing does the same to dark things, such as scratches. A nodule of that size goes with them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt8

WINDOW_SHARE = 0.04
"""Side of the window over the side of the film: what does not hold it is taken away."""

THIN_SHARE = 0.014
"""The same for the objects that are counted: strokes, wires and edges of metal, and few shadows."""

OBJECTS_PER_SIDE = 8
"""Cells along each side of the grid in which objects are counted."""

_CONTRASTS = (25, 45)
"""Grey levels by which an object stands out: lines, and metal or lettering."""

_TOTALS = 3
"""Beside the cells, for each contrast: all pixels, the fullest cell, cells that hold any."""

N_OBJECT_COUNTS = len(_CONTRASTS) * (OBJECTS_PER_SIDE**2 + _TOTALS)


def remove_objects(square: UInt8[np.ndarray, "size size"]) -> UInt8[np.ndarray, "size size"]:
    """Take the small objects off a film, the bright ones and then the dark ones.

    Args:
        square: The resized film.

    Returns:
        The film after a grey opening and a closing with a square window of `WINDOW_SHARE` of
        its side.

    Source: Serra (1982), Image Analysis and Mathematical Morphology, chapter XII.
    """
    # Here, as only studies need it: predicting stays free of SciPy.
    from scipy.ndimage import grey_closing

    window = _window_px(square.shape[0], WINDOW_SHARE)
    return np.asarray(grey_closing(_open(square, WINDOW_SHARE), size=(window, window)), np.uint8)


def _open(square: UInt8[np.ndarray, "size size"], share: float) -> UInt8[np.ndarray, "size size"]:
    from scipy.ndimage import grey_opening

    window = _window_px(square.shape[0], share)
    return np.asarray(grey_opening(square, size=(window, window)), np.uint8)


def count_objects(square: UInt8[np.ndarray, "size size"]) -> Float32[np.ndarray, " counts"]:
    """Count the pixels of small bright objects, cell by cell.

    Args:
        square: The resized film.

    Returns:
        `N_OBJECT_COUNTS` shares, 0 to 1: for each of two contrasts, the share of each cell's pixels
        that stand out by so much from what is wider than `THIN_SHARE`, that of the whole film,
        that of the fullest cell, and the share of cells that hold any.
    """
    top_hat = square - _open(square, THIN_SHARE)
    size = square.shape[0]
    edges = np.arange(OBJECTS_PER_SIDE) * size // OBJECTS_PER_SIDE
    pixels_per_cell = np.outer(*[np.diff([*edges, size])] * 2)
    counts: list[np.ndarray] = []
    for contrast in _CONTRASTS:
        stands_out = (top_hat > contrast).astype(np.float32)
        in_cells = np.add.reduceat(np.add.reduceat(stands_out, edges, axis=0), edges, axis=1)
        cells = in_cells / pixels_per_cell
        totals = [stands_out.mean(), cells.max(), np.mean(cells > 0)]
        counts += [cells.ravel(), np.array(totals)]
    return np.concatenate(counts).astype(np.float32)


def _window_px(size_px: int, share: float) -> int:
    """Give the odd window that is nearest to the wanted share."""
    return max(3, 2 * round((share * size_px - 1) / 2) + 1)

"""Stirring: what moved within a patient between two films, once the films are aligned.

Between a film and its copy lies one affine map, everywhere. Between two films of one patient
lie a breath and another stance: however well they are aligned, ribs and diaphragm are left
beside where they were. So each part of the film may slide by itself, and it is measured how
far it does.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int

from hilum.auditing.alignment import inner_points, is_within, sample, slopes

_PARTS = 6
"""Parts of a film along each side."""

_N_STEPS = 3
_MAX_STEP = 0.05
_RIDGE = 0.05
_FLOOR = 1e-3
_MIN_SEEN = 0.6
"""Share of a part that the other film must show."""


def leftover_shifts(
    details: Float32[np.ndarray, "films side side"],
    first: Int[np.ndarray, " pairs"],
    second: Int[np.ndarray, " pairs"],
    maps: Float32[np.ndarray, "pairs 2 3"],
) -> Float32[np.ndarray, " pairs"]:
    """Tell how far the parts of aligned films still lie from one another.

    Args:
        details: Of the films.
        first: Rows of those that stay.
        second: Rows of those that were laid onto them.
        maps: From places in the first to places in the second.

    Returns:
        Median over a film's parts, in pixels of the detail; infinite where the second film
        shows none of them.
    """
    side = details.shape[1]
    points, is_inside = inner_points(side)
    parts = _assign_parts(side)
    template = details[first].reshape(-1, side**2)[:, is_inside]
    across, down = slopes(details[first], is_inside)
    shifts = np.zeros((len(first), 2, _PARTS**2), np.float32)
    seen = np.zeros((len(first), _PARTS**2), np.float32)
    for _ in range(_N_STEPS):
        places = maps[:, :, :2] @ (points.T + shifts @ parts.T) + maps[:, :, 2:]
        weights = is_within(places, side)
        excess = (sample(details, second, places) - template) * weights
        xx, xy, yy = (
            (slope * weights) @ parts for slope in (across * across, across * down, down * down)
        )
        # A part without edges cannot tell where it lies, and stays.
        ridge = _RIDGE * np.median(xx + yy, axis=1, keepdims=True) + _FLOOR
        xx, yy = xx + ridge, yy + ridge
        x, y = (across * excess) @ parts, (down * excess) @ parts
        step = np.stack([yy * x - xy * y, xx * y - xy * x], axis=1) / (xx * yy - xy * xy)[:, None]
        shifts -= np.clip(step, -_MAX_STEP, _MAX_STEP)
        seen = weights @ parts / parts.sum(axis=0)
    length_px = np.linalg.norm(shifts, axis=1) * side / 2
    return _median_where(length_px, seen >= _MIN_SEEN)


@lru_cache(maxsize=2)
def _assign_parts(side_px: int) -> Float32[np.ndarray, "points parts"]:
    """Say with ones to which part each inner point belongs."""
    points, _ = inner_points(side_px)
    reach = points.max() * 1.0001
    column, row = ((points + reach) / (2 * reach) * _PARTS).astype(int).T
    return np.asarray(np.eye(_PARTS**2, dtype=np.float32)[row * _PARTS + column])


def _median_where(
    values: Float32[np.ndarray, "pairs parts"], is_counted: np.ndarray
) -> Float32[np.ndarray, " pairs"]:
    return np.array(
        [
            np.median(row[counts]) if counts.any() else np.inf
            for row, counts in zip(values, is_counted, strict=True)
        ],
        np.float32,
    )

"""Alignment: the affine map that lays one film onto another, and what it leaves over.

Gauss-Newton from a rough pose, all pairs at once. Places in a film are written as x to the
right and y downwards, from -1 to 1.

One affine map leads from a film to its copy, everywhere. Between two films of one patient lie a
breath and another stance: after the best alignment, ribs and diaphragm still lie beside where
they were. So each part of the film may shift by itself, and the shift is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float32, Int

_BORDER_PX = 2.5
"""Width of the border that is left out: detail there depends on what lay beyond the edge."""

_RIDGE = 2e-4
_MAX_STEP = 0.1

_PARTS = 6
"""Parts of a film along each side."""

_N_SHIFT_STEPS = 3
_MAX_SHIFT_STEP = 0.05
_SHIFT_RIDGE = 0.05
_SHIFT_FLOOR = 1e-3

_MIN_SHOWN = 0.6
"""Share of a part that the other film must show for its shift to count."""


@dataclass(frozen=True)
class Alignment:
    """How well the detail of films fits onto that of others.

    Attributes:
        maps: Affine map from places in the first film of a pair to places in the second.
        correlations: Of their detail, over what both show; -1 to 1.
        overlaps: Share of the first film that the second shows as well.
    """

    maps: Float32[np.ndarray, "pairs 2 3"]
    correlations: Float32[np.ndarray, " pairs"]
    overlaps: Float32[np.ndarray, " pairs"]


def align(
    details: Float32[np.ndarray, "films side side"],
    first: Int[np.ndarray, " pairs"],
    second: Int[np.ndarray, " pairs"],
    start: Float32[np.ndarray, "pairs 2 3"],
    n_steps: int,
) -> Alignment:
    """Align films with others, all pairs at once.

    Args:
        details: Detail of the films.
        first: Rows of the films that stay.
        second: Rows of the films that are laid onto them.
        start: A rough map for each pair.
        n_steps: Steps of Gauss-Newton.

    Source: Baker and Matthews (2004), Int. J. Computer Vision 56:221-255, the inverse
        compositional algorithm.
    """
    side = details.shape[1]
    points, is_inside = inner_points(side)
    template = details[first].reshape(-1, details.shape[1] ** 2)[:, is_inside]
    across, down = gradients(details[first], is_inside)
    x, y = points.T
    steepest = np.stack([across * x, across * y, across, down * x, down * y, down], axis=1)
    maps = start
    for _ in range(n_steps):
        places = apply_maps(maps, points)
        weights = _inner_weights(places, side)
        excess = (sample(details, second, places) - template) * weights
        hessian = (steepest * weights[:, None, :]) @ steepest.transpose(0, 2, 1)
        ridge = _RIDGE * np.trace(hessian, axis1=1, axis2=2) + 1e-6
        hessian += ridge[:, None, None] * np.eye(6, dtype=np.float32)
        step = np.linalg.solve(hessian, steepest @ excess[:, :, None])[:, :, 0]
        maps = _compose_inverse(maps, np.clip(step, -_MAX_STEP, _MAX_STEP).reshape(-1, 2, 3))
    return measure(details, first, second, maps)


def _compose_inverse(
    maps: Float32[np.ndarray, "pairs 2 3"], step: Float32[np.ndarray, "pairs 2 3"]
) -> Float32[np.ndarray, "pairs 2 3"]:
    """Compose each map with the inverse of a small change, applied first."""
    linear = maps[:, :, :2] @ np.linalg.inv(step[:, :, :2] + np.eye(2, dtype=np.float32))
    shift = maps[:, :, 2:] - linear @ step[:, :, 2:]
    return np.concatenate([linear, shift], axis=2)


def measure(
    details: Float32[np.ndarray, "films side side"],
    first: Int[np.ndarray, " pairs"],
    second: Int[np.ndarray, " pairs"],
    maps: Float32[np.ndarray, "pairs 2 3"],
) -> Alignment:
    """Measure how well films agree under given maps.

    Args:
        details: Detail of the films.
        first: Rows of the films that stay.
        second: Rows of the films that are laid onto them.
        maps: From places in the first film to places in the second.
    """
    points, is_inside = inner_points(details.shape[1])
    places = apply_maps(maps, points)
    weights = _inner_weights(places, details.shape[1])
    template = details[first].reshape(-1, details.shape[1] ** 2)[:, is_inside]
    correlations = _correlate(template, sample(details, second, places), weights)
    return Alignment(maps, correlations, weights.mean(axis=1, dtype=np.float32))


def _correlate(
    a: Float32[np.ndarray, "pairs points"],
    b: Float32[np.ndarray, "pairs points"],
    weights: Float32[np.ndarray, "pairs points"],
) -> Float32[np.ndarray, " pairs"]:
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    a = (a - (a * weights).sum(axis=1, keepdims=True) / total) * weights
    b = (b - (b * weights).sum(axis=1, keepdims=True) / total) * weights
    spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray((a * b).sum(axis=1) / np.maximum(spread, 1e-6))


def residual_shifts(
    details: Float32[np.ndarray, "films side side"],
    first: Int[np.ndarray, " pairs"],
    second: Int[np.ndarray, " pairs"],
    maps: Float32[np.ndarray, "pairs 2 3"],
) -> Float32[np.ndarray, " pairs"]:
    """Measure how far the parts of aligned films still lie apart.

    Args:
        details: Detail of the films.
        first: Rows of the films that stay.
        second: Rows of the films that were laid onto them.
        maps: From places in the first film to places in the second.

    Returns:
        Median over a film's parts, in pixels of the detail; infinite if the second film shows
        none of them.
    """
    side = details.shape[1]
    points, is_inside = inner_points(side)
    parts = _assign_parts(side)
    template = details[first].reshape(-1, side**2)[:, is_inside]
    across, down = gradients(details[first], is_inside)
    shifts = np.zeros((len(first), 2, _PARTS**2), np.float32)
    seen = np.zeros((len(first), _PARTS**2), np.float32)
    for _ in range(_N_SHIFT_STEPS):
        places = maps[:, :, :2] @ (points.T + shifts @ parts.T) + maps[:, :, 2:]
        weights = _inner_weights(places, side)
        excess = (sample(details, second, places) - template) * weights
        xx, xy, yy = (
            (slope * weights) @ parts for slope in (across * across, across * down, down * down)
        )
        # A part without edges cannot show where it lies; it stays.
        ridge = _SHIFT_RIDGE * np.median(xx + yy, axis=1, keepdims=True) + _SHIFT_FLOOR
        xx, yy = xx + ridge, yy + ridge
        x, y = (across * excess) @ parts, (down * excess) @ parts
        step = np.stack([yy * x - xy * y, xx * y - xy * x], axis=1) / (xx * yy - xy * xy)[:, None]
        shifts -= np.clip(step, -_MAX_SHIFT_STEP, _MAX_SHIFT_STEP)
        seen = weights @ parts / parts.sum(axis=0)
    length_px = np.linalg.norm(shifts, axis=1) * side / 2
    return _median_where(length_px, seen >= _MIN_SHOWN)


@lru_cache(maxsize=2)
def _assign_parts(side_px: int) -> Float32[np.ndarray, "points parts"]:
    """Mark with ones the part that each inner point belongs to."""
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


def inner_points(
    side_px: int,
) -> tuple[Float32[np.ndarray, "points 2"], Bool[np.ndarray, " pixels"]]:
    """Return the centres of a square's pixels away from its edges.

    Returns:
        Their places; and which pixels they are, row by row.
    """
    along = ((np.arange(side_px) + 0.5) * 2 / side_px - 1).astype(np.float32)
    points = np.stack([np.tile(along, side_px), np.repeat(along, side_px)], axis=1)
    is_inside = _inner_weights(points.T, side_px) > 0
    return points[is_inside], is_inside


def _inner_weights(
    places: Float32[np.ndarray, "*pairs 2 points"], side_px: int
) -> Float32[np.ndarray, "*pairs points"]:
    """Weigh places: 1 inside a film away from its edges, 0 elsewhere."""
    within = (np.abs(places) < 1 - 2 * _BORDER_PX / side_px).all(axis=-2)
    return np.asarray(within, np.float32)


def gradients(
    details: Float32[np.ndarray, "pairs side side"], is_inside: Bool[np.ndarray, " pixels"]
) -> tuple[Float32[np.ndarray, "pairs points"], Float32[np.ndarray, "pairs points"]]:
    """Return the gradients of detail per unit of place, to the right and downwards."""
    per_unit = np.float32(details.shape[1] / 2)
    down, across = np.gradient(details, axis=(1, 2))
    shape = (-1, details.shape[1] ** 2)
    return (
        (across * per_unit).reshape(shape)[:, is_inside],
        (down * per_unit).reshape(shape)[:, is_inside],
    )


def apply_maps(
    maps: Float32[np.ndarray, "pairs 2 3"], points: Float32[np.ndarray, "points 2"]
) -> Float32[np.ndarray, "pairs 2 points"]:
    """Send places through affine maps."""
    return np.asarray(maps[:, :, :2] @ points.T + maps[:, :, 2:])


def sample(
    details: Float32[np.ndarray, "films side side"],
    rows: Int[np.ndarray, " pairs"],
    places: Float32[np.ndarray, "pairs 2 points"],
) -> Float32[np.ndarray, "pairs points"]:
    """Interpolate detail between its pixels; beyond the edge, repeat the edge."""
    side = details.shape[1]
    at = np.clip((places + 1) * np.float32(side / 2) - np.float32(0.5), 0, side - 1.001)
    below = np.floor(at)
    right, down = (at - below).transpose(1, 0, 2)
    whole = below.astype(np.int64)
    flat = details.reshape(-1)
    corner = whole[:, 1] * side + whole[:, 0] + (rows * side**2)[:, None]
    top = flat[corner] * (1 - right) + flat[corner + 1] * right
    corner += side
    bottom = flat[corner] * (1 - right) + flat[corner + 1] * right
    return np.asarray(top * (1 - down) + bottom * down)

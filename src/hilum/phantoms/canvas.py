"""The grid that phantoms are drawn on, and the two ways of drawing on it.

A phantom is a sum of thickness maps seen from the front: x runs from the patient's
right (negative) to the left, y from the lung's apex (0) downwards, both in
centimetres. Solid organs are ellipsoids with an exact chord; bones, vessels and
airways are tubes in space whose mass is dropped point by point onto the grid, so
that they look brighter where they run along the ray, as on a film.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.ndimage import gaussian_filter1d

PX_PER_CM = 12
LEFT_CM, TOP_CM = -21.0, -8.0
N_ROWS, N_COLUMNS = 528, 504
Canvas = Float[np.ndarray, "rows columns"]
Rows = Float[np.ndarray, "rows 1"]

X_CM: Float[np.ndarray, "1 columns"] = (
    (np.arange(N_COLUMNS, dtype=np.float32) + 0.5) / PX_PER_CM + LEFT_CM
)[np.newaxis, :]

Y_CM: Rows = ((np.arange(N_ROWS, dtype=np.float32) + 0.5) / PX_PER_CM + TOP_CM)[:, np.newaxis]


def blank() -> Canvas:
    """Return an empty canvas."""
    return np.zeros((N_ROWS, N_COLUMNS), np.float32)


def window(x_min: float, x_max: float, y_min: float, y_max: float) -> tuple[slice, slice]:
    """Return rows and columns of a box in centimetres; drawing in a box saves time."""
    top, bottom = ((np.array([y_min, y_max]) - TOP_CM) * PX_PER_CM).astype(int)
    left, right = ((np.array([x_min, x_max]) - LEFT_CM) * PX_PER_CM).astype(int)
    return slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)


def profile_down(knots: Sequence[tuple[float, float]], soften_cm: float = 0.8) -> Rows:
    """Return a smooth value for each row, through knots of y in cm and value."""
    y, values = np.array(knots, np.float32).T
    raw = np.interp(Y_CM[:, 0], y, values)
    smooth: Rows = gaussian_filter1d(raw, soften_cm * PX_PER_CM, mode="nearest")[:, np.newaxis]
    return smooth.astype(np.float32)


def step(value: Canvas, width: float) -> Canvas:
    """Return a ramp from 0, at minus half the width, to 1, at plus half the width."""
    return np.asarray(np.clip(value / width + 0.5, 0.0, 1.0))


def enlarge(coarse: Float[np.ndarray, "few_rows few_columns"]) -> Canvas:
    """Stretch a coarse map smoothly over the canvas."""
    picture = Image.fromarray(coarse.astype(np.float32))
    return np.asarray(picture.resize((N_COLUMNS, N_ROWS), Image.Resampling.BICUBIC))


def add_ellipsoid(
    canvas: Canvas,
    centre: tuple[float, float],
    radii: tuple[float, float],
    depth_cm: float,
    tilt_degrees: float = 0.0,
) -> None:
    """Add a solid ellipsoid's chord to a canvas, in place.

    Args:
        canvas: Thickness in cm.
        centre: x and y in cm.
        radii: Half axes within the picture, in cm; the first lies along x before the tilt.
        depth_cm: Half axis along the ray.
        tilt_degrees: Turns the first axis from x towards y (downwards).
    """
    reach = max(radii)
    box = window(centre[0] - reach, centre[0] + reach, centre[1] - reach, centre[1] + reach)
    x, y = X_CM[:, box[1]] - centre[0], Y_CM[box[0]] - centre[1]
    cos, sin = np.cos(np.radians(tilt_degrees)), np.sin(np.radians(tilt_degrees))
    along, across = (x * cos + y * sin) / radii[0], (y * cos - x * sin) / radii[1]
    canvas[box] += 2 * depth_cm * np.sqrt(np.maximum(1 - along**2 - across**2, 0))


def _add_points(
    canvas: Canvas,
    x_cm: Float[np.ndarray, "*shape"],
    y_cm: Float[np.ndarray, "*shape"],
    volume_cm3: Float[np.ndarray, "*shape"],
) -> None:
    """Add small volumes to a canvas, in place, each shared by its four nearest pixels.

    Points beyond the border are left out.
    """
    column = (x_cm.ravel() - LEFT_CM) * PX_PER_CM - 0.5
    row = (y_cm.ravel() - TOP_CM) * PX_PER_CM - 0.5
    inside = (column > 0) & (column < N_COLUMNS - 1) & (row > 0) & (row < N_ROWS - 1)
    thickness = volume_cm3.ravel() * np.float32(PX_PER_CM**2)
    if not inside.all():
        column, row, thickness = column[inside], row[inside], thickness[inside]
    if not column.size:
        return
    left, top = column.astype(np.intp), row.astype(np.intp)
    first, last = int(top.min()), int(top.max()) + 2
    to_right, to_below = np.modf(column)[0], np.modf(row)[0]
    place = (top - first) * N_COLUMNS + left
    lower = thickness * to_below
    upper = thickness - lower
    lower_right, upper_right = lower * to_right, upper * to_right
    n_places = (last - first) * N_COLUMNS
    total = np.bincount(place, upper - upper_right, n_places)
    total[1:] += np.bincount(place, upper_right, n_places)[:-1]
    total[N_COLUMNS:] += np.bincount(place, lower - lower_right, n_places)[:-N_COLUMNS]
    total[N_COLUMNS + 1 :] += np.bincount(place, lower_right, n_places)[: -N_COLUMNS - 1]
    canvas[first:last] += total.reshape(-1, N_COLUMNS)


def add_rods(
    canvas: Canvas,
    line: Float[np.ndarray, "rods points 2"],
    radius_cm: Float[np.ndarray, "rods points"],
) -> None:
    """Add solid round rods that lie within the picture, in place.

    Args:
        canvas: Thickness in cm.
        line: Centre lines, x and y in cm, with points closer together than a pixel.
        radius_cm: Radius at each point.
    """
    forward = np.gradient(line, axis=1)
    length = np.hypot(forward[..., 0], forward[..., 1])
    side = np.stack([-forward[..., 1], forward[..., 0]], -1) / length[..., None]
    n_across = max(3, int(2 * radius_cm.max() * PX_PER_CM * 1.3) + 1)
    across = ((np.arange(n_across) + 0.5) / n_across * 2 - 1).astype(np.float32)
    place = line[..., None, :] + side[..., None, :] * (radius_cm[..., None] * across)[..., None]
    chord = 2 * radius_cm[..., None] * np.sqrt(1 - across**2)
    volume = chord * length[..., None] * radius_cm[..., None] * (2 / n_across)
    _add_points(canvas, place[..., 0], place[..., 1], volume)


def add_shells(
    canvas: Canvas,
    line: Float[np.ndarray, "tubes points 3"],
    outward: Float[np.ndarray, "tubes points 3"],
    half_height_cm: Float[np.ndarray, "tubes points"],
    half_depth_cm: float,
    wall_cm: float | Float[np.ndarray, "#tubes points"],
) -> None:
    """Add hollow tubes in space: long bones and ribs, whose cortex shows as two lines.

    Args:
        canvas: Thickness of wall in cm, changed in place.
        line: Centre lines: x, y, and z towards the front, in cm.
        outward: Unit vectors across each tube's flat side.
        half_height_cm: Half the tube's size along the flat side.
        half_depth_cm: Half its size along `outward`.
        wall_cm: Thickness of the wall.
    """
    forward = np.gradient(line, axis=1)
    length = np.linalg.norm(forward, axis=-1, keepdims=True)
    up = np.cross(forward / length, outward)
    # The ring of points turns along the tube; otherwise each point would draw a line.
    n_around = 2 * int(half_height_cm.max() * PX_PER_CM * 1.1) + 5
    start = np.modf(np.arange(line.shape[1], dtype=np.float32) * np.float32(0.618034))[0]
    turn = (np.arange(n_around, dtype=np.float32) + start[:, None]) * np.float32(
        2 * np.pi / n_around
    )
    height = half_height_cm[..., None] * np.cos(turn)
    depth = half_depth_cm * np.sin(turn)
    rim = np.hypot(half_height_cm[..., None] * np.sin(turn), half_depth_cm * np.cos(turn))
    volume = length * rim * np.asarray(wall_cm)[..., None] * np.float32(2 * np.pi / n_around)
    x = line[..., 0:1] + height * up[..., 0:1] + depth * outward[..., 0:1]
    y = line[..., 1:2] + height * up[..., 1:2] + depth * outward[..., 1:2]
    _add_points(canvas, x, y, volume)

"""Poses: how one film may lie in another, as affine maps between their square pictures.

A film of any shape is drawn as a square, and what was a turn of the film becomes a turn
and a shear of its picture. Places are written as x to the right and y downwards, from -1
to 1.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32

_ANGLES_DEGREES = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
_CROPPED = 0.9
"""Share of each side that a cropped copy keeps."""

_CROP_SHIFTS = (-0.075, 0.0, 0.075)
_MIRROR = np.diag([-1.0, 1.0])


def rough_poses(
    shapes: Float32[np.ndarray, "films 2"],
) -> Float32[np.ndarray, "films poses 2 3"]:
    """List, for each film, how another one might be found in it.

    The other was turned within its canvas, or on a canvas that grew with the turn, and so
    became this film; or it was cropped from this film. The mirrored poses are not listed.

    Args:
        shapes: Width and height of each film, in any unit.

    Returns:
        Maps from places in the other film to places in this one.
    """
    poses = [_turned(shapes, angle, has_grown=False) for angle in _ANGLES_DEGREES]
    poses += [_turned(shapes, angle, has_grown=True) for angle in _ANGLES_DEGREES if angle]
    for x in _CROP_SHIFTS:
        for y in _CROP_SHIFTS:
            cropped = np.array([[_CROPPED, 0, x], [0, _CROPPED, y]])
            poses.append(np.broadcast_to(cropped, (len(shapes), 2, 3)))
    return np.stack(poses, axis=1).astype(np.float32)


def mirror_first(maps: Float32[np.ndarray, "pairs 2 3"]) -> Float32[np.ndarray, "pairs 2 3"]:
    """Mirror, left to right, the films that the maps start from."""
    return maps * np.array([-1, 1, 1], np.float32)


def read_pose(
    linear: Float32[np.ndarray, "2 2"],
    first_shape: Float32[np.ndarray, " 2"],
    second_shape: Float32[np.ndarray, " 2"],
) -> tuple[bool, float]:
    """Tell whether a map between pictures mirrors, and by how much it turns the film.

    Args:
        linear: The map without its shift.
        first_shape: Width and height of the film that the map starts from.
        second_shape: Of the film that it leads to.

    Returns:
        Whether it mirrors left to right; and the angle by which it then turns, in degrees,
        counter-clockwise positive.
    """
    of_film = np.diag(second_shape) @ linear @ np.diag(1 / first_shape)
    is_mirrored = bool(np.linalg.det(of_film) < 0)
    if is_mirrored:
        of_film = of_film @ _MIRROR
    # The nearest rotation: what it stretches or squashes is left aside.
    left, _, right = np.linalg.svd(of_film)
    turn = left @ right
    return is_mirrored, math.degrees(math.atan2(turn[0, 1] - turn[1, 0], turn[0, 0] + turn[1, 1]))


def _turned(
    shapes: Float32[np.ndarray, "films 2"], angle_degrees: float, *, has_grown: bool
) -> Float32[np.ndarray, "films 2 3"]:
    turn = math.radians(angle_degrees)
    cosine, sine = math.cos(turn), math.sin(turn)
    across, down = shapes.T.astype(np.float64)
    width, height = across, down
    if has_grown:
        # across = width * cosine + height * |sine|, and down likewise, solved for both.
        width = np.maximum(across * cosine - down * abs(sine), 0.1 * across)
        height = np.maximum(down * cosine - across * abs(sine), 0.1 * down)
        shrunk = math.cos(2 * turn)
        width, height = width / shrunk, height / shrunk
    none = np.zeros_like(across)
    rows = [
        [width * cosine / across, height * sine / across, none],
        [-width * sine / down, height * cosine / down, none],
    ]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)

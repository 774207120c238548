"""The skeleton of a phantom, as thickness of compact bone along the ray.

Ribs are hoops in space, so that their back parts run nearly level, their front parts
steeply, and both meet in a bright line along the chest wall, as on a film.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from hilum.cohort.phantoms.anatomy import Anatomy, chest_half_depth, chest_half_width
from hilum.cohort.phantoms.canvas import (
    LEFT_CM,
    PX_PER_CM,
    TOP_CM,
    X_CM,
    Y_CM,
    Canvas,
    add_ellipsoid,
    add_shells,
    blank,
    window,
)

# Per rib 1 to 12: fall from the spine to the flank in cm, and where the bone ends (1 = breastbone).
_FALL_CM = np.array([1.7, 2.7, 3.4, 3.9, 4.3, 4.6, 4.8, 4.8, 4.7, 4.4, 3.6, 2.6], np.float32)
_END = np.array(
    [0.80, 0.80, 0.80, 0.80, 0.79, 0.78, 0.77, 0.74, 0.70, 0.64, 0.46, 0.32], np.float32
)
_Z = np.array([0, 0, 1], np.float32)


def skeleton(anatomy: Anatomy, obliquity: float = 0.0) -> Canvas:
    """Thickness of compact bone along the ray, in cm.

    Args:
        anatomy: Whose skeleton.
        obliquity: Sideways shift per cm of depth, for a patient who stands turned.
    """
    canvas = blank()
    _add_ribs(canvas, anatomy, obliquity)
    _add_collarbones(canvas, anatomy, obliquity)
    _add_shoulders(canvas, anatomy)
    _add_spine(canvas, anatomy)
    return canvas * anatomy.bone


def _add_ribs(canvas: Canvas, anatomy: Anatomy, obliquity: float) -> None:
    number = np.arange(12, dtype=np.float32)[:, None]
    t = np.linspace(0, 1, 280, dtype=np.float32)[None, :]
    scale = anatomy.dome_cm / 21.5
    start_y = (0.5 + anatomy.rib_gap_cm * number - 0.75 * np.minimum(number, 2)) * scale
    near = np.interp(start_y + 0.3, Y_CM[:, 0], chest_half_width(anatomy)[:, 0]).astype(np.float32)
    first = np.arcsin(1.9 / near)
    angle = first + (np.pi * _END[:, None] - first) * t
    bend = 1 - np.cos(angle)
    y = start_y + _FALL_CM[:, None] * scale * (bend + 0.16 * np.maximum(bend - 1, 0))
    width = np.interp(y, Y_CM[:, 0], chest_half_width(anatomy)[:, 0]).astype(np.float32) + 0.15
    width *= np.where(number < 1, 0.88, 1.0)
    depth = np.interp(y + 1.5, Y_CM[:, 0], chest_half_depth(anatomy)[:, 0]).astype(np.float32)
    outward = np.stack([np.sin(angle), np.zeros_like(angle), -np.cos(angle)], -1)
    # Thin and narrow at the spine and the breastbone, broadest in the flank's front.
    half_height = (
        (0.46 + 0.16 * t) * np.minimum(1, 8 * (1.04 - t)) * np.where(number < 1, 1.15, 1.0)
    )
    # Cartilage takes over towards the front, so the bone there is thinner.
    wall = 0.10 * (1 - 0.65 * t) * np.where(number < 1, 0.45, 1.0)
    z = -depth * np.cos(angle)
    x = width * np.sin(angle)
    line, out = _both_sides(np.stack([x, y, z], -1)), _both_sides(outward)
    line[..., 0] += obliquity * line[..., 2]
    line[..., 0] += _spine_x(anatomy, line[..., 1]) * np.exp(-4 * t)
    half_height, wall = np.tile(half_height, (2, 1)), np.tile(wall, (2, 1))
    add_shells(canvas, line, out, half_height, 0.3, wall)
    add_shells(canvas, line, out, 0.55 * half_height, 0.15, 0.5 * wall)


def _both_sides(line: Float[np.ndarray, "tubes points 3"]) -> Float[np.ndarray, "pairs points 3"]:
    """The patient's right copy of each line, then the left."""
    return np.concatenate([line * np.array([-1, 1, 1], np.float32), line]).astype(np.float32)


def _add_collarbones(canvas: Canvas, anatomy: Anatomy, obliquity: float) -> None:
    t = np.linspace(0, 1, 280, dtype=np.float32)[None, :]
    reach = anatomy.chest_cm + 2.4
    y = 4.2 - 3.7 * t - 0.95 * np.sin(2 * np.pi * t) * (1 - 0.3 * t)
    rounding = np.minimum(1, np.minimum((t + 0.004) / 0.02, (1.004 - t) / 0.05))
    half_height = (0.58 + 0.35 * np.exp(-((t / 0.12) ** 2)) + 0.1 * t**3) * np.sqrt(rounding)
    line = _both_sides(np.stack([1.7 + (reach - 1.7) * t, y, np.zeros_like(t)], -1))
    line[..., 0] += obliquity * 7
    out, half_height = np.broadcast_to(_Z, line.shape), np.tile(half_height, (2, 1))
    add_shells(canvas, line, out, half_height, 0.55, 0.15)
    add_shells(canvas, line, out, 0.55 * half_height, 0.3, 0.12)


def _add_shoulders(canvas: Canvas, anatomy: Anatomy) -> None:
    c = anatomy.chest_cm
    t = np.linspace(0, 1, 260, dtype=np.float32)
    # Shoulder blade: a thin plate with thick borders.
    blade = [(1.2, 3.2), (-2.2, 4.0), (-2.6, 7.5), (-0.9, 14.5), (0.6, 14.2), (2.6, 7.2)]
    borders = [blade[1:4], [blade[3], (0.9, 11.5), blade[5]], [blade[1], (1.0, 2.6), (3.6, 0.6)]]
    lines = []
    for corners in borders:
        x, y = np.array(corners).T
        at = np.linspace(0, 1, len(corners))
        lines.append(np.stack([c + np.interp(t, at, x), np.interp(t, at, y), np.zeros_like(t)], -1))
    line = _both_sides(gaussian_filter(np.array(lines), (0, 17, 0), mode="nearest"))
    thick = np.tile(np.array([0.16, 0.3, 0.45], np.float32), 2)[:, None] * np.ones_like(t)
    add_shells(canvas, line, np.broadcast_to(_Z, line.shape), thick, 0.3, 0.07)
    # Upper arm: a round head on a shaft.
    shaft = np.stack([c + 5.4 + 3.2 * t, 4.6 + 19.0 * t, np.zeros_like(t)], -1)[None]
    line = _both_sides(shaft)
    thick = np.tile(1.1 + 0.5 * np.exp(-9 * t), (2, 1))
    add_shells(canvas, line, np.broadcast_to(_Z, line.shape), thick, 1.1, 0.3)
    for side in (-1, 1):
        _add_plate(canvas, [(side * (c + x), y) for x, y in blade], 0.10)
        head = (side * (c + 5.0), 3.6)
        # Compact bone is the difference of two balls; the inner one is spongy.
        add_ellipsoid(canvas, head, (2.3, 2.3), 2.3)
        add_ellipsoid(canvas, head, (2.15, 2.15), -2.0)


def _add_plate(canvas: Canvas, corners: list[tuple[float, float]], thickness_cm: float) -> None:
    x, y = np.array(corners).T
    box = window(x.min() - 1, x.max() + 1, y.min() - 1, y.max() + 1)
    rows, columns = canvas[box].shape
    picture = Image.new("F", (columns, rows))
    left, top = LEFT_CM + box[1].start / PX_PER_CM, TOP_CM + box[0].start / PX_PER_CM
    points = [((px - left) * PX_PER_CM, (py - top) * PX_PER_CM) for px, py in corners]
    ImageDraw.Draw(picture).polygon(points, fill=thickness_cm)
    canvas[box] += gaussian_filter(np.asarray(picture), 1.5)


def _spine_x(anatomy: Anatomy, y: Canvas) -> Canvas:
    return (anatomy.spine_cm * np.sin(np.pi * (y + 4) / 26)).astype(np.float32)


def _add_spine(canvas: Canvas, anatomy: Anatomy) -> None:
    box = window(-4.5, 4.5, TOP_CM, 36)
    y = Y_CM[box[0]]
    x = X_CM[:, box[1]] - _spine_x(anatomy, y)
    # Vertebrae grow downwards: with level = a ln(1 + b y), their height is (1 + b y) / (a b).
    scale = anatomy.rib_gap_cm / 2.25
    level = 55.0 * np.log1p((y + 12) / 95.0) / scale
    place = 2 * (level - np.floor(level)) - 1
    half = (1.45 + 0.022 * (y + 10)) * (0.92 + 0.08 * place**2)
    in_body = np.clip((0.86 - np.abs(place)) / 0.08, 0, 1)
    plate = np.exp(-(((np.abs(place) - 0.82) / 0.06) ** 2))
    across = np.sqrt(np.maximum(1 - (x / half) ** 2, 0))
    rim = np.exp(-(((np.abs(x) - half + 0.08) / 0.09) ** 2)) * in_body
    # Pedicles, seen end on, and the spinous process: marks of the vertebral arch.
    ring = np.hypot((np.abs(x) - 0.68 * half) / 0.36, (place + 0.25) / 0.42)
    pedicle = np.exp(-(((ring - 1) / 0.3) ** 2))
    tip = np.exp(-((x / 0.28) ** 2 + ((place - 0.55) / 0.5) ** 2))
    arch = 0.25 * np.exp(-((x / 1.5) ** 2))
    canvas[box] += across * (0.10 + 0.18 * in_body + 0.20 * plate)
    canvas[box] += 0.22 * rim + 0.18 * pedicle + 0.32 * tip + arch
    # Transverse processes carry the ribs.
    wing = np.exp(-(((place + 0.3) / 0.35) ** 2)) * np.clip((half + 1.5 - np.abs(x)) / 0.5, 0, 1)
    canvas[box] += 0.16 * wing * (np.abs(x) > 0.8 * half)

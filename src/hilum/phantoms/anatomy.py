"""Anatomy of a generated patient, as thickness maps: tissue, lungs, bones, heart, vessels.

All lengths are in centimetres, in the coordinates of `canvas`. The numbers are textbook proportions
of an adult chest, rounded: chosen to look right on a frontal film, not to be measured from.

Ribs are hoops in space: their back parts run nearly level, their front parts steeply, and both meet
in a bright line along the chest wall, as on a film. Each organ between the lungs is a simple solid;
their depths along the ray add up, and the lungs keep the rest of the chest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from hilum.phantoms.canvas import (
    LEFT_CM,
    N_COLUMNS,
    N_ROWS,
    PX_PER_CM,
    TOP_CM,
    X_CM,
    Y_CM,
    Canvas,
    Rows,
    add_ellipsoid,
    add_rods,
    add_shells,
    blank,
    profile_down,
    step,
    window,
)

MIDDLE = N_COLUMNS // 2

# Per rib 1 to 12: fall from the spine to the flank in cm, and where the bone ends (1 = breastbone).
_FALL_CM = np.array([1.7, 2.7, 3.4, 3.9, 4.3, 4.6, 4.8, 4.8, 4.7, 4.4, 3.6, 2.6], np.float32)

_END = np.array(
    [0.80, 0.80, 0.80, 0.80, 0.79, 0.78, 0.77, 0.74, 0.70, 0.64, 0.46, 0.32], np.float32
)

_Z = np.array([0, 0, 1], np.float32)
_N_LEVELS = 5


@dataclass(frozen=True)
class Anatomy:
    """What all films of a patient have in common.

    Attributes:
        chest_cm: Half the inner width of the chest, 11.5 to 14.5.
        dome_cm: How far below the apex the right diaphragm stands.
        left_dome_cm: How much lower the left diaphragm stands.
        wall_cm: Soft tissue between the ribs' cage and the skin.
        heart: Size of the heart against the usual one, near 1.
        heart_tilt: Degrees by which the heart's long axis points downwards.
        knob: Size of the aortic knob against the usual one.
        trachea_cm: How far the trachea deviates to the patient's right.
        spine_cm: Sideways bend of the spine.
        breast_cm: Thickness of the breasts; 0 if none are visible.
        gas_cm: Size of the gastric bubble; 0 if none is visible.
        rib_gap_cm: Distance between neighbouring ribs at the spine.
        bone: Density of bone against the usual one.
        vascularity: Width of the lung's vessels against the usual one.
        vessels: Centre lines (rods x points x 2, in cm) and radii (rods x points) of the
            vessels, largest first.
        mottle: Fine structure of the lung, a standard normal field of half resolution.
    """

    chest_cm: float
    dome_cm: float
    left_dome_cm: float
    wall_cm: float
    heart: float
    heart_tilt: float
    knob: float
    trachea_cm: float
    spine_cm: float
    breast_cm: float
    gas_cm: float
    rib_gap_cm: float
    bone: float
    vascularity: float
    vessels: tuple[tuple[Float[np.ndarray, "_ _ 2"], Float[np.ndarray, "_ _"]], ...]
    mottle: Float[np.ndarray, "half_rows half_columns"]


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw a healthy adult at random."""
    chest_cm = float(rng.uniform(12.4, 14.2))
    is_female = rng.random() < 0.45
    has_bubble = rng.random() < 0.55
    dome_cm = float(rng.uniform(19.5, 22.8))
    vascularity = float(np.clip(rng.lognormal(0.0, 0.16), 0.7, 1.4))
    return Anatomy(
        chest_cm=chest_cm - 0.7 * is_female,
        dome_cm=dome_cm,
        left_dome_cm=float(rng.uniform(0.6, 1.6)),
        wall_cm=float(rng.uniform(2.0, 3.4)),
        heart=float(rng.uniform(0.9, 1.06)),
        heart_tilt=float(rng.uniform(34, 48)),
        knob=float(rng.uniform(0.85, 1.15)),
        trachea_cm=float(rng.uniform(0.1, 0.8)),
        spine_cm=float(rng.normal(0, 0.25)),
        breast_cm=float(rng.uniform(1.0, 3.2)) if is_female else 0.0,
        gas_cm=float(rng.uniform(1.0, 2.2)) if has_bubble else 0.0,
        rib_gap_cm=float(rng.uniform(2.1, 2.35)),
        bone=float(rng.uniform(0.8, 1.2)),
        vascularity=vascularity,
        vessels=_draw_vessels(rng, chest_cm / 13.5, dome_cm / 21.5, vascularity),
        mottle=rng.standard_normal((N_ROWS // 2, N_COLUMNS // 2), dtype=np.float32),
    )


def _draw_vessels(
    rng: np.random.Generator, x_scale: float, y_scale: float, width: float
) -> tuple[tuple[Float[np.ndarray, "rods points 2"], Float[np.ndarray, "rods points"]], ...]:
    """Draw the vessels of both lungs: forks of forks, from the hilum outwards."""
    n_roots = 8
    side = np.repeat([-1.0, 1.0], n_roots)
    start = np.stack([side * 2.7, np.where(side < 0, 12.0, 11.2)], -1)
    start += rng.normal(0, 0.5, start.shape)
    # Degrees below the horizontal; the lower lung carries more blood than the upper.
    fan = np.tile(np.array([-80, -56, -30, 2, 28, 48, 64, 84.0]), 2)
    angle = np.radians(fan + rng.normal(0, 7, fan.size))
    radius = width * np.tile([0.40, 0.44, 0.42, 0.40, 0.52, 0.60, 0.62, 0.56], 2)
    length = rng.uniform(2.6, 4.0, fan.size)
    levels = []
    for level in range(_N_LEVELS):
        n_points = int(length.max() * 14) + 2
        t = np.linspace(0, 1, n_points)[None, :]
        curl = rng.normal(0, 0.35, angle.size)[:, None]
        heading = angle[:, None] + curl * t
        step = length[:, None] / (n_points - 1)
        x = start[:, :1] + side[:, None] * np.cumsum(np.cos(heading) * step, axis=1) * x_scale
        y = start[:, 1:] + np.cumsum(np.sin(heading) * step, axis=1) * y_scale
        thinning = radius[:, None] * (1 - 0.28 * t)
        levels.append((np.stack([x, y], -1).astype(np.float32), thinning.astype(np.float32)))
        if level + 1 == _N_LEVELS:
            break
        spread = rng.uniform(0.25, 0.6, angle.size)
        turn = np.where(rng.random(angle.size) < 0.5, -1, 1) * spread
        end = np.stack([x[:, -1], y[:, -1]], -1)
        start = np.concatenate([end, end])
        side = np.concatenate([side, side])
        angle = np.concatenate([heading[:, -1] + 0.5 * turn, heading[:, -1] - 1.6 * turn])
        radius = np.concatenate([0.68 * radius, 0.52 * radius])
        length = np.concatenate([length, length]) * rng.uniform(0.62, 1.0, angle.size)
    return tuple(levels)


def body(anatomy: Anatomy) -> Canvas:
    """Return the thickness of the whole body along the ray, lungs included."""
    inner, wall = anatomy.chest_cm, anatomy.wall_cm
    u = np.abs(X_CM)
    half = profile_down(
        [
            (-4, 0.9 * inner),
            (4, inner),
            (12, inner + wall),
            (24, inner + wall),
            (38, inner + wall - 0.5),
        ]
    )
    depth = profile_down([(-4, 5.0), (2, 7.5), (8, 9.2), (16, 9.8), (36, 9.9)]) + 0.7 * (wall - 2.7)
    torso = 2 * depth * np.sqrt(np.maximum(1 - np.square(np.square(u / half)), 0))
    # From the neck over the trapezius and the collarbone's end to the deltoid.
    shoulder = np.interp(
        u[0],
        [0, 5, 6, 7.5, 10, 14, 17, 19, 21, 22.5, 24],
        [-14, -9, -6, -4.2, -2.9, -1.6, -0.6, 0.4, 2.2, 5, 10],
    ).astype(np.float32)[None, :]
    below = np.maximum(Y_CM - shoulder, 0)
    slab_cm = profile_down([(-10, 13.0), (4, 13.0), (8, 10.0), (12, 0.0)])
    slab = slab_cm * (1 - 0.2 * step(u - 15, 8))
    # A soft maximum, so that no crease shows where one gives way to the other.
    trunk = np.sqrt(np.sqrt(np.square(np.square(torso)) + np.square(np.square(slab))))
    trunk *= np.sqrt(1 - np.exp(-below / 2.6))
    throat = profile_down([(-8, 5.6), (-6, 6.0), (-4, 7.5), (0, 12.0)])
    neck = 11.0 * np.sqrt(np.maximum(1 - np.square(u / throat), 0)) * (1 - step(Y_CM, 7.0))
    # The arm hangs a little away from the chest, so that a dark wedge opens below the armpit.
    middle = inner + wall + 2.6 + 0.16 * (Y_CM - 6)
    arm = 2.3 * np.sqrt(np.maximum(4.3**2 - (u - middle) ** 2, 0)) * step(Y_CM - 5.5, 5.0)
    thickness = np.maximum(np.maximum(trunk, neck), arm)
    if anatomy.breast_cm:
        for side in (-1, 1):
            _add_breast(thickness, anatomy, side)
    return np.asarray(thickness, np.float32)


def _add_breast(thickness: Canvas, anatomy: Anatomy, side: int) -> None:
    x, y = side * 0.56 * anatomy.chest_cm, anatomy.dome_cm - 5.2
    box = window(x - 7, x + 7, y - 9, y + 5)
    across, down = X_CM[:, box[1]] - x, Y_CM[box[0]] - y
    # Fades upwards, ends in a sharp fold below.
    r2 = (across / 6.6) ** 2 + (down / np.where(down > 0, 4.6, 8.5)) ** 2
    thickness[box] += anatomy.breast_cm * np.maximum(1 - r2, 0) ** np.where(down > 0, 0.55, 1.1)


def lung_depth(anatomy: Anatomy) -> Canvas:
    """Return the depth of the lungs along the ray, without room for heart and vessels."""
    width, depth = chest_half_width(anatomy), _chest_half_depth(anatomy)
    depth_cm = blank()
    medial = 5.2 - 4.2 * np.clip(Y_CM / 4.5, 0, 1) ** 0.5
    for side, columns in ((-1, slice(0, MIDDLE)), (1, slice(MIDDLE, N_COLUMNS))):
        u = side * X_CM[:, columns]
        chord = 2 * depth * np.sqrt(np.maximum(1 - np.square(u / width) * (u / width), 0))
        chord *= np.sqrt(np.clip((u - medial) / 2.6, 0, 1)) * (Y_CM > 0)
        # A dome is round from front to back too: just below its top a ray still meets air.
        under = np.maximum(Y_CM - _dome(anatomy, side, u), 0)
        depth_cm[:, columns] = np.maximum(chord - 2 * np.sqrt(26.0 * under), 0)
    return depth_cm


def _dome(anatomy: Anatomy, side: int, u: Float[np.ndarray, "1 columns"]) -> Canvas:
    top = anatomy.dome_cm + (anatomy.left_dome_cm if side > 0 else 0.0)
    peak = 0.48 * anatomy.chest_cm
    outer = np.clip((u - peak) / (anatomy.chest_cm - peak), 0, 1)
    inner = np.clip((peak - u) / peak, 0, 1)
    fall = 4.6 if side < 0 else 4.2
    return top + fall * (0.55 * outer**2 + 0.45 * (1 - np.sqrt(1 - outer**4))) + 0.9 * inner**2


def chest_half_width(anatomy: Anatomy) -> Rows:
    """Return half the inner width of the chest at each row, where the lungs end."""
    t = np.clip(Y_CM / (anatomy.dome_cm + 5.0), 0, 1)
    rise = (1 - (1 - np.minimum(t / 0.8, 1)) ** 2.2) ** 0.58
    return (5.2 + (anatomy.chest_cm - 5.2) * rise).astype(np.float32)


def _chest_half_depth(anatomy: Anatomy) -> Rows:
    """Return half the inner depth of the chest at each row."""
    t = np.clip(Y_CM / 15.0, 0, 1)
    return (0.64 * anatomy.chest_cm * (1 - (1 - t) ** 2.0) ** 0.5).astype(np.float32)


def skeleton(anatomy: Anatomy, obliquity: float = 0.0) -> Canvas:
    """Return the thickness of compact bone along the ray, in cm.

    Args:
        anatomy: The patient.
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
    depth = np.interp(y + 1.5, Y_CM[:, 0], _chest_half_depth(anatomy)[:, 0]).astype(np.float32)
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


def _spine_x(anatomy: Anatomy, y: Canvas) -> Canvas:
    return (anatomy.spine_cm * np.sin(np.pi * (y + 4) / 26)).astype(np.float32)


def _both_sides(line: Float[np.ndarray, "tubes points 3"]) -> Float[np.ndarray, "pairs points 3"]:
    """Return each line on the patient's right, then on the left."""
    return np.concatenate([line * np.array([-1, 1, 1], np.float32), line]).astype(np.float32)


def mediastinum(anatomy: Anatomy) -> Canvas:
    """Return the depth along the ray of the heart and the great vessels."""
    canvas = blank()
    down = np.linspace(0, 1, 420, dtype=np.float32)
    k, h = anatomy.knob, anatomy.heart

    def rod(xs: list[float], ys: list[float], radii: list[float]) -> None:
        at = np.linspace(0, 1, len(xs))
        line = np.stack([np.interp(down, at, xs), np.interp(down, at, ys)], -1)[None]
        add_rods(
            canvas, line.astype(np.float32), np.interp(down, at, radii)[None].astype(np.float32)
        )

    rod([-2.0, -1.9, -2.0, -2.3], [-1, 4, 9, 13], [1.2, 1.3, 1.5, 1.4])  # superior vena cava
    rod([2.6, 2.0, 1.7], [-1, 3, 7], [0.9, 1.0, 1.2])  # left subclavian artery
    rod([1.9, 2.2, 1.9, 1.2], [7, 11, 18, 25], [1.35 * k, 1.3 * k, 1.2 * k, 1.1])  # aorta
    add_ellipsoid(canvas, (2.1 + 0.4 * (k - 1), 7.4), (2.0 * k, 1.8 * k), 3.4 * k)  # its knob
    add_ellipsoid(canvas, (-1.1, 9.8), (2.3 * k, 5.2), 4.0)  # ascending aorta
    add_ellipsoid(canvas, (1.8, 10.9), (2.0, 2.4), 2.4)  # pulmonary trunk
    low = anatomy.dome_cm - 21.5
    add_ellipsoid(canvas, (-1.4, 17.2 + low), (3.2 * h, 4.8), 4.2)  # right atrium
    add_ellipsoid(
        canvas, (2.3 + 0.9 * (h - 1), 17.7 + low), (7.4 * h, 5.3 * h), 8.0, anatomy.heart_tilt
    )
    add_ellipsoid(canvas, (1.3, 13.8 + 0.6 * low), (2.9, 3.4), 2.6)  # left atrial appendage
    add_ellipsoid(canvas, (-1.5, 21.5 + low), (1.9, 3.0), 3.0)  # inferior vena cava
    for root in ((-3.7, 12.2), (3.7, 11.3)):  # lung roots
        add_ellipsoid(canvas, root, (1.0, 1.9), 0.9, 14.0 if root[0] > 0 else -14.0)
    # Fat and small vessels fill the gaps between the great ones.
    half = profile_down([(-2, 2.2), (6, 2.2), (12, 2.8), (18, 3.1), (23, 4.6)])
    centre = window(-7, 7, -2, 34)
    canvas[centre] += 9.0 * np.exp(-np.square(np.square(X_CM[:, centre[1]] / half[centre[0]])))
    chest = window(-13, 13, -2, 30)
    canvas[chest] = gaussian_filter(canvas[chest], 1.6)
    return canvas


def gas(anatomy: Anatomy) -> Canvas:
    """Return the depth of air outside the lungs: trachea, main bronchi, gastric bubble."""
    canvas = blank()
    t = np.linspace(0, 1, 420, dtype=np.float32)
    bend = anatomy.trachea_cm
    x = 0.1 * t - bend * t**2
    tube = np.stack([x, TOP_CM + (9.7 - TOP_CM) * t], -1)[None].astype(np.float32)
    add_rods(canvas, tube, np.full((1, t.size), 0.95, np.float32))
    end_x, end_y = float(x[-1]), 9.5
    bronchi = [((end_x - 3.1, 12.6), 0.62), ((end_x + 4.0, 12.3), 0.55)]
    for (to_x, to_y), radius in bronchi:
        line = np.stack([end_x + (to_x - end_x) * t, end_y + (to_y - end_y) * t**0.9], -1)[None]
        add_rods(
            canvas, line.astype(np.float32), (radius * (1 - 0.5 * t**3))[None].astype(np.float32)
        )
    canvas = np.minimum(1.25 * canvas, 2.3)  # where the airways fork they share their air
    if anatomy.gas_cm:
        bubble = blank()
        level = anatomy.dome_cm + anatomy.left_dome_cm + 2.6
        add_ellipsoid(
            bubble,
            (0.5 * anatomy.chest_cm, level),
            (1.6 * anatomy.gas_cm, 0.9 * anatomy.gas_cm),
            3.0,
        )
        canvas += bubble * step(level + 0.5 - Y_CM, 0.3)
    return canvas

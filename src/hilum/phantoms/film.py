"""One generated film: from thicknesses, and disease in the lungs, to grey levels.

Water, air and bone are summed along each ray; transmitted and some scattered rays expose the film,
and the film's curve makes grey levels of them. A finding is the share of the lung's air that
disease replaces. It enters after exposure and scatter are fixed, so that nothing outside the lungs
gives a class away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image
from scipy.ndimage import gaussian_filter

from hilum.phantoms.anatomy import (
    Anatomy,
    body,
    chest_half_width,
    gas,
    lung_depth,
    mediastinum,
    skeleton,
)
from hilum.phantoms.canvas import (
    LEFT_CM,
    N_COLUMNS,
    N_ROWS,
    PX_PER_CM,
    TOP_CM,
    X_CM,
    Y_CM,
    Canvas,
    add_rods,
    blank,
    enlarge,
    window,
)

CLASSES = ("Normal", "Opacity", "Effusion", "Cardiomegaly")

# Attenuation at about 70 keV; bone's is what compact bone adds to the water around it.
_WATER_PER_CM = 0.19

_BONE_PER_CM = 0.50
_AIR_IN_LUNG = 0.8

# Less lost air than this is invisible against ribs and grain.
_SEEN_CM = 0.4


@dataclass(frozen=True)
class Pose:
    """How one film is taken; differs between two films of a patient.

    Attributes:
        height_px: Rows of the film.
        width_px: Columns of the film.
        view_cm: Width of the body that the film shows.
        centre_cm: x and y of the body at the film's centre.
        rotation_degrees: Turn within the picture.
        obliquity: Sideways shift per cm of depth.
        lung_grey: Grey level of the healthy lung's median, 0 to 1.
        contrast: Steepness of the film's curve.
        scatter: Share of scattered rays.
        grain: Standard deviation of the noise in the lung, in units of attenuation.
        blur_px: Blur of the detector on the canvas.
    """

    height_px: int
    width_px: int
    view_cm: float
    centre_cm: tuple[float, float]
    rotation_degrees: float
    obliquity: float
    lung_grey: float
    contrast: float
    scatter: float
    grain: float
    blur_px: float


@dataclass(frozen=True)
class DrawnFilm:
    """A film with its truth.

    Attributes:
        pixels: Grey levels, bone white.
        finding: Where disease replaced air; empty in Normal.
        lungs: Where rays cross aerated lung.
    """

    pixels: UInt8[np.ndarray, "height width"]
    finding: Bool[np.ndarray, "height width"]
    lungs: Bool[np.ndarray, "height width"]


def draw_pose(anatomy: Anatomy, rng: np.random.Generator) -> Pose:
    """Draw how a film of this patient is taken."""
    short = int(rng.integers(24, 41)) * 16
    aspect = float(rng.choice([1.0, 1.08, 1.17]))
    long = int(short * aspect)
    is_tall = rng.random() < 0.6
    height_px, width_px = (long, short) if is_tall else (short, long)
    shown = rng.uniform(0.95, 1.08) * (2 * (anatomy.chest_cm + anatomy.wall_cm) + 0.5)
    # The whole lung must be on the film, however flat its format.
    view_cm = max(shown, 1.12 * (anatomy.dome_cm + 6.5) * width_px / height_px)
    centre_y = (anatomy.dome_cm + 5.5) / 2 + rng.normal(0.2, 0.5)
    return Pose(
        height_px=height_px,
        width_px=width_px,
        view_cm=float(view_cm),
        centre_cm=(float(rng.normal(0, 0.4)), float(centre_y)),
        rotation_degrees=float(np.clip(rng.normal(0, 1.3), -3.5, 3.5)),
        obliquity=float(rng.normal(0, 0.02)),
        lung_grey=float(rng.uniform(0.2, 0.36)),
        contrast=float(rng.uniform(1.35, 1.9)),
        scatter=float(rng.uniform(0.18, 0.4)),
        grain=float(rng.uniform(0.02, 0.06)),
        blur_px=float(rng.uniform(0.35, 0.65)),
    )


def draw_finding(label: str, anatomy: Anatomy, rng: np.random.Generator) -> Canvas | None:
    """Draw a patient's disease.

    Args:
        label: One of `CLASSES`.
        anatomy: The patient.
        rng: Draws place, extent and density.

    Returns:
        Share of the lung's air that is lost along each ray, 0 to 1; None for Normal.
    """
    draw = _DRAW.get(label)
    return None if draw is None else draw(anatomy, rng)


def _opacity(anatomy: Anatomy, rng: np.random.Generator) -> Canvas:
    """Patches of ground glass and consolidation: both lungs, towards the bases and the pleura."""
    density = float(np.exp(rng.uniform(np.log(0.2), np.log(0.6))))
    n_patches = int(rng.integers(4, 12))
    height = anatomy.dome_cm + 3.0
    hill = blank()
    widths = chest_half_width(anatomy)[:, 0]
    first_side = -1 if rng.random() < 0.5 else 1
    for k in range(n_patches):
        side = first_side * (-1 if k % 2 else 1)
        y = height * (0.2 + 0.75 * rng.beta(2.6, 1.5))
        u = float(np.interp(y, Y_CM[:, 0], widths)) * rng.uniform(0.5, 0.97)
        radius = rng.uniform(1.8, 4.2)
        stretch = rng.uniform(1.0, 1.7)
        x0, reach = side * u, 2.2 * radius * stretch
        box = window(x0 - reach, x0 + reach, y - reach, y + reach)
        r2 = ((X_CM[:, box[1]] - x0) / radius) ** 2 + ((Y_CM[box[0]] - y) / (radius * stretch)) ** 2
        hill[box] = np.maximum(hill[box], rng.uniform(0.7, 1.2) * np.exp(-r2))
    cloud = 0.34 * _noise(rng, 5) + 0.24 * _noise(rng, 11) + 0.12 * _noise(rng, 26)
    patch = np.clip((hill * (1 + 0.7 * cloud) + 0.28 * cloud * (hill > 0.02) - 0.12) / 1.1, 0, 1)
    return density * patch * patch * (3 - 2 * patch)


def _effusion(anatomy: Anatomy, rng: np.random.Generator) -> Canvas:
    """Fluid at the base, climbing along the chest wall to a meniscus."""
    lost = blank()
    width = chest_half_width(anatomy)
    sides = [(-1,), (1,), (-1, 1)][int(rng.integers(3))]
    for side in sides:
        inward = np.maximum(width - side * X_CM, 0)
        tilt = anatomy.left_dome_cm if side > 0 else 0.0
        level = anatomy.dome_cm + tilt + rng.uniform(-2.0, 4.2)
        climb_cm, reach_cm = rng.uniform(3.0, 5.0), rng.uniform(1.6, 2.6)
        surface = level - climb_cm * np.exp(-inward / reach_cm)
        depth = np.clip((Y_CM - surface) / 1.6, 0, 1)
        lost = np.maximum(lost, 0.95 * depth * (side * X_CM > 0))
    return lost


def _cardiomegaly(anatomy: Anatomy, rng: np.random.Generator) -> Canvas:
    """A heart wider than half the chest takes the place of lung."""
    depth = lung_depth(anatomy)
    usual = np.maximum(depth - mediastinum(anatomy), 0)
    larger = replace(anatomy, heart=anatomy.heart * rng.uniform(1.14, 1.38))
    left_over = np.maximum(depth - mediastinum(larger), 0)
    return np.where(usual > 0.05, 1 - left_over / np.maximum(usual, 0.05), 0).clip(0, 1)


def _noise(rng: np.random.Generator, n_waves: int) -> Canvas:
    rows, columns = n_waves * N_ROWS // N_COLUMNS + 2, n_waves + 2
    return enlarge(rng.standard_normal((2 * rows, 2 * columns), dtype=np.float32))


_DRAW: dict[str, Callable[[Anatomy, np.random.Generator], Canvas]] = {
    "Opacity": _opacity,
    "Effusion": _effusion,
    "Cardiomegaly": _cardiomegaly,
}


def draw_film(
    anatomy: Anatomy, pose: Pose, rng: np.random.Generator, lost_air: Canvas | None = None
) -> DrawnFilm:
    """Take one film of a patient.

    Args:
        anatomy: The patient.
        pose: How the film is taken.
        rng: Draws the grain.
        lost_air: Share of the lung's air lost to disease along each ray; None if healthy.
    """
    depth = lung_depth(anatomy)
    space = np.maximum(depth - mediastinum(anatomy), 0)
    air = _aerated(anatomy, depth, space)
    water = body(anatomy) - air
    water = np.maximum(water - np.minimum(gas(anatomy), 0.8 * water), 0)
    healthy = _WATER_PER_CM * water + _BONE_PER_CM * skeleton(anatomy, pose.obliquity)
    passed = np.exp(-healthy)
    haze = pose.scatter * _spread(np.minimum(passed, 0.3), 3.0)  # air scatters nothing
    signal = -np.log(passed + haze)
    in_lung = space > 1.5
    middle = float(np.median(signal[in_lung]))
    lost = blank() if lost_air is None else air * lost_air
    if lost_air is not None:
        signal = -np.log(passed * np.exp(-_WATER_PER_CM * lost) + haze)
    signal = signal + 0.7 * (signal - _spread(signal, 0.8))
    signal = gaussian_filter(signal, pose.blur_px)
    taken = _take(signal, pose)
    grain = gaussian_filter(rng.standard_normal(taken.shape, dtype=np.float32), 0.75)
    taken = taken + pose.grain * grain * np.exp(0.35 * (taken - middle))
    offset = np.log(pose.lung_grey / (1 - pose.lung_grey))
    grey = 255.0 / (1.0 + np.exp(-(pose.contrast * (taken - middle) + offset)))
    return DrawnFilm(
        pixels=np.clip(np.rint(grey), 0, 255).astype(np.uint8),
        finding=_take(lost > _SEEN_CM, pose),
        lungs=_take(space > 0.2, pose),
    )


def _aerated(anatomy: Anatomy, depth: Canvas, space: Canvas) -> Canvas:
    """Return the depth of air in the lungs, without vessels and fine structure."""
    vessels = blank()
    for line, radius in anatomy.vessels:
        add_rods(vessels, line, radius)
    fine = enlarge(gaussian_filter(anatomy.mottle, 1.0)) * (0.09 * anatomy.vascularity)
    # Behind the heart there is less lung, and so fewer vessels.
    share = 1 + fine - 1.6 * vessels / np.maximum(depth, 2.0)
    air: Canvas = _AIR_IN_LUNG * space * np.clip(share, 0.25, 1.5)
    return air


def _spread(canvas: Canvas, sigma_cm: float) -> Canvas:
    """Blur widely, on a coarse grid."""
    small = Image.fromarray(canvas).reduce(6)
    blurred = gaussian_filter(np.asarray(small), sigma_cm * PX_PER_CM / 6, mode="nearest")
    return enlarge(blurred)


def _take(canvas: np.ndarray, pose: Pose) -> np.ndarray:
    """Project a canvas onto the film's pixels: scale, turn, shift, cut."""
    scale = pose.view_cm / pose.width_px * PX_PER_CM
    cos, sin = np.cos(np.radians(pose.rotation_degrees)), np.sin(np.radians(pose.rotation_degrees))
    a, b, d, e = scale * cos, -scale * sin, scale * sin, scale * cos
    x0 = (pose.centre_cm[0] - LEFT_CM) * PX_PER_CM
    y0 = (pose.centre_cm[1] - TOP_CM) * PX_PER_CM
    c = x0 - a * pose.width_px / 2 - b * pose.height_px / 2
    f = y0 - d * pose.width_px / 2 - e * pose.height_px / 2
    # The edge is repeated, so that a turned film has no empty corner.
    margin = 96
    padded = np.pad(canvas, margin, mode="edge")
    is_mask = canvas.dtype == np.bool_
    picture = Image.fromarray(padded.astype(np.uint8) if is_mask else padded).transform(
        (pose.width_px, pose.height_px),
        Image.Transform.AFFINE,
        (a, b, c + margin, d, e, f + margin),
        resample=Image.Resampling.NEAREST if is_mask else Image.Resampling.BICUBIC,
    )
    return np.asarray(picture).astype(canvas.dtype, copy=False)

"""What may be wrong with a phantom's lungs, as the share of air that disease has replaced.

A finding changes nothing but the lung's air, so whatever lies outside the lungs
cannot give a class away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hilum.cohort.phantoms.anatomy import (
    Anatomy,
    chest_half_width,
    lung_depth,
)
from hilum.cohort.phantoms.canvas import (
    N_COLUMNS,
    N_ROWS,
    X_CM,
    Y_CM,
    Canvas,
    blank,
    enlarge,
    window,
)
from hilum.cohort.phantoms.mediastinum import mediastinum

CLASSES = ("Normal", "Opacity", "Effusion", "Cardiomegaly")


def draw_finding(label: str, anatomy: Anatomy, rng: np.random.Generator) -> Canvas | None:
    """Draw a patient's disease.

    Args:
        label: One of `CLASSES`.
        anatomy: The patient.
        rng: Decides place, extent and density; the same state gives the same disease.

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

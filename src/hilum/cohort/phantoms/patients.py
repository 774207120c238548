"""Generated patients: how much healthy people differ, and how their lungs' vessels branch."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hilum.cohort.phantoms.anatomy import Anatomy
from hilum.cohort.phantoms.canvas import N_COLUMNS, N_ROWS

_N_LEVELS = 5


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """A healthy adult, drawn at random."""
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
    """Arteries and veins of both lungs: forks of forks, from the hilum outwards."""
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

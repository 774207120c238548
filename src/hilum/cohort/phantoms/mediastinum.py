"""What stands between a phantom's lungs: heart, great vessels and airways.

Each organ is a simple solid; their depths along the ray add up, and the lungs keep
what is left of the chest.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from hilum.cohort.phantoms.anatomy import Anatomy
from hilum.cohort.phantoms.canvas import (
    TOP_CM,
    X_CM,
    Y_CM,
    Canvas,
    add_ellipsoid,
    add_rods,
    blank,
    profile_down,
    step,
    window,
)


def mediastinum(anatomy: Anatomy) -> Canvas:
    """Depth along the ray of what stands between the lungs: the heart and the great vessels."""
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
    """Depth of air outside the lungs: trachea, main bronchi, gastric bubble."""
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

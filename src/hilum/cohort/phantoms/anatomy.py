"""The body of a generated patient: its measures, and its soft tissues as thickness maps.

All lengths are centimetres in the coordinates of `phantom_canvas`. The numbers are
plain textbook proportions of an adult chest, rounded; they are chosen to look right
on a frontal film, not to be measured from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hilum.cohort.phantoms.canvas import (
    N_COLUMNS,
    X_CM,
    Y_CM,
    Canvas,
    Rows,
    blank,
    profile_down,
    step,
    window,
)

MIDDLE = N_COLUMNS // 2


@dataclass(frozen=True)
class Anatomy:
    """What stays the same from one film of a patient to the next.

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
        breast_cm: Thickness of the breasts; 0 for none to be seen.
        gas_cm: Size of the gastric bubble; 0 for none to be seen.
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


def chest_half_width(anatomy: Anatomy) -> Rows:
    """Half the inner width of the chest at each row; the lungs end there."""
    t = np.clip(Y_CM / (anatomy.dome_cm + 5.0), 0, 1)
    rise = (1 - (1 - np.minimum(t / 0.8, 1)) ** 2.2) ** 0.58
    return (5.2 + (anatomy.chest_cm - 5.2) * rise).astype(np.float32)


def chest_half_depth(anatomy: Anatomy) -> Rows:
    """Half the inner depth of the chest at each row."""
    t = np.clip(Y_CM / 15.0, 0, 1)
    return (0.64 * anatomy.chest_cm * (1 - (1 - t) ** 2.0) ** 0.5).astype(np.float32)


def body(anatomy: Anatomy) -> Canvas:
    """Thickness of the whole body along the ray, lungs not yet taken out."""
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
    """Depth of the lungs along the ray, before the heart and the great vessels."""
    width, depth = chest_half_width(anatomy), chest_half_depth(anatomy)
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

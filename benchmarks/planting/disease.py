"""Honest disease: drawn into lungs and heart as absorbance, different on each film.

At strength 1 a reader sees it without doubt; at 0.5 with care; 0 leaves the film as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
from scipy import ndimage

from benchmarks.planting.chest import Chest
from benchmarks.planting.ink import absorb, noise, soften, stroke, warp

Paint = Callable[[np.ndarray, Chest, np.random.Generator, float], np.ndarray]


def _within(margin_mm: float) -> Callable[[Paint], Paint]:
    """Let a painter see the lungs and a margin alone; the rest of the film stays as it is."""

    def limit(paint: Paint) -> Paint:
        @wraps(paint)
        def paint_part(
            film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
        ) -> np.ndarray:
            box = chest.lung_box(margin_mm)
            painted = film.copy()
            painted[box] = paint(film[box], chest.crop(box), rng, strength)
            return painted

        return paint_part

    return limit


def _lungs(chest: Chest, feather_mm: float = 4) -> np.ndarray:
    return chest.lungs * soften(chest.lungs, feather_mm * chest.px_per_mm)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


@_within(12)
def patchy(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Soft patchy opacities on both sides, more below and outside."""
    mm = chest.px_per_mm
    across, down = chest.grid()
    shape = film.shape
    field = noise(shape, rng.uniform(8, 15) * mm, rng) + 0.25 * noise(shape, 3.5 * mm, rng)
    lower = np.clip((down - rng.uniform(0.1, 0.35)) / 0.5, 0, 1)
    outer = np.clip((np.abs(across) - 0.2) / 0.5, 0, 1)
    field += rng.uniform(0.6, 1.3) * (lower - 0.5) + rng.uniform(0.2, 0.8) * (outer - 0.5)
    # Both sides, though seldom alike.
    field += rng.uniform(-0.6, 0.6) * np.sign(across)
    inside = field[chest.lungs > 0.5]
    if inside.size == 0:
        return film
    edge = float(np.quantile(inside, 1 - rng.uniform(0.2, 0.45)))
    patches = _sigmoid((field - edge) / rng.uniform(0.3, 0.6))
    # Vessels and air in small airways keep an opacity from being a flat grey.
    grain = 1 + 0.12 * noise(shape, max(1.4 * mm, 0.8), rng)
    dense = strength * rng.uniform(0.7, 1.15) * chest.contrast
    return absorb(film, 0.75 * dense * _lungs(chest) * patches * grain)


@_within(12)
def nodule(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """One round opacity of 12 to 30 mm, anywhere in the lungs."""
    mm = chest.px_per_mm
    radius = rng.uniform(6, 13) * mm * min(max(strength, 0.5), 2.0) ** 0.5
    room = ndimage.minimum_filter(chest.lungs, round(max(0.8 * radius, 1)) * 2 + 1) > 0.5
    # The finder's lungs run a little high; nodules near its apex would stand on a shoulder.
    room &= chest.grid()[1] > 0.12
    where = np.argwhere(room if room.any() else chest.lungs >= chest.lungs.max())
    y0, x0 = where[int(rng.integers(len(where)))]
    y, x = np.mgrid[: film.shape[0], : film.shape[1]].astype(np.float32)
    y, x = y - y0, x - x0
    angle = np.arctan2(y, x)
    outline = 1 + sum(
        rng.normal(0, 0.10 / k**0.5) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
        for k in (2, 3, 5)
    )
    distance = np.hypot(y, x * rng.uniform(0.85, 1.18)) / (radius * outline)
    # A ball: thick in the middle; its edge is a little soft.
    ball = np.sqrt(np.clip(1 - distance**2, 0, 1))
    ball = soften(ball.astype(np.float32), rng.uniform(0.12, 0.3) * radius)
    texture = 1 + 0.12 * noise(film.shape, max(1.4 * mm, 0.8), rng)
    dense = min(strength, 1.5) * rng.uniform(0.8, 1.1) * chest.contrast
    return absorb(film, 0.75 * dense * ball * texture)


def _hemidiaphragm(chest: Chest, is_left: bool, smooth_mm: float = 4) -> np.ndarray:
    """Find the lowest row of lung in each column of one side; smooth, defined everywhere."""
    lung = chest.side(is_left) > 0.5
    rows = np.arange(lung.shape[0])[:, None]
    lowest = np.where(lung, rows, -1).max(0).astype(float)
    columns = np.flatnonzero(lowest >= 0)
    if columns.size == 0:
        return np.full(lung.shape[1], chest.bottom_px)
    filled = np.interp(np.arange(lung.shape[1]), columns, lowest[columns])
    return ndimage.gaussian_filter1d(filled, smooth_mm * chest.px_per_mm)


@_within(12)
def effusion(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Fluid at the base: the angle is blunted, the surface climbs the chest wall."""
    is_both = rng.random() < 0.3
    first = bool(rng.random() < 0.5)
    for is_left in (first, not first) if is_both else (first,):
        film = _fill(film, chest, rng, strength * rng.uniform(0.7, 1.3), is_left)
    return film


def _fill(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float, is_left: bool
) -> np.ndarray:
    mm = chest.px_per_mm
    across, _ = chest.grid()
    outwards = np.clip(-across if is_left else across, 0, 1.1)
    rows = np.arange(film.shape[0], dtype=np.float32)[:, None]
    base = _hemidiaphragm(chest, is_left)[None, :]
    height = chest.height_px * min(0.06 + 0.20 * strength, 0.6)
    # Level in the middle of the lung, high at the wall, a little up at the mediastinum.
    wall = np.clip((outwards - 0.25) / 0.75, 0, 1.1) ** rng.uniform(1.6, 2.6)
    inner = 0.25 * np.clip((0.35 - outwards) / 0.35, 0, 1) ** 2
    level = 0.28 + wall + inner
    wobble = 1 + 0.05 * noise((1, film.shape[1]), 12 * mm, rng)
    # Counted from a level between the dome and the angle: fluid lies flat, the dome does not.
    floor = 0.6 * base + 0.4 * np.quantile(base[0], 0.8)
    surface = floor - height * level * wobble
    soft = rng.uniform(2.0, 4.5) * mm
    depth = rows - surface
    fluid = _sigmoid(depth / soft)
    side = chest.side(is_left)
    # The lung's field, closed downwards and outwards, as far as the wall goes.
    field = ndimage.grey_dilation(side, (round(14 * mm) * 2 + 1, round(2 * mm) * 2 + 1))
    thick = np.clip(0.5 + depth / (chest.height_px * 0.2), 0.4, 0.95)
    # Nothing below the angle: what was dark there is no lung.
    floor_fade = np.clip((base + 0.16 * chest.height_px - rows) / (0.05 * chest.height_px), 0, 1)
    wall_fade = np.clip((1.04 - outwards) / 0.04, 0, 1)
    veil = soften((field * fluid * thick * floor_fade * wall_fade).astype(np.float32), 1.5 * mm)
    # Fluid is as bright as soft tissue on this film, and no brighter: what lies behind it stays
    # to be seen.
    local = soften(film, 9 * mm)
    local = np.clip(local, 0.02, 0.98)
    lack = np.clip(chest.tissue + 0.05 - np.log(local / (1 - local)), 0, 3.5)
    return absorb(film, min(1.0, 2 * strength) * lack * veil)


@_within(12)
def large_heart(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Move the heart's outline outwards; what stood there is pressed aside."""
    across, down = chest.grid()
    low = 0.60 + rng.uniform(-0.05, 0.08)
    tall = np.exp(-0.5 * ((down - low) / np.where(down < low, 0.22, 0.17)) ** 2)
    grow = strength * rng.uniform(0.75, 1.25) * 0.16 * chest.width_px / 2
    more_left = rng.uniform(0.75, 1.0)  # the film's right: the left ventricle
    more_right = rng.uniform(0.25, 0.75)
    shift = np.zeros(film.shape, np.float32)
    for is_left, share in ((True, more_right), (False, more_left)):
        border = _heart_border(chest, is_left, low)
        outwards = np.clip(-across if is_left else across, 0, 1.2)
        # Nothing at the spine, most at the heart's edge, nothing at the chest wall.
        push = np.where(
            outwards < border,
            np.sin(0.5 * np.pi * np.clip(outwards / border, 0, 1)) ** 1.5,
            np.cos(0.4999 * np.pi * np.clip((outwards - border) / (1.0 - border), 0, 1)) ** 1.5,
        )
        # No fold: a push falls more slowly than its distance grows.
        size = min(grow * share, 0.55 * (1 - border) * chest.width_px / 2)
        shift += (1 if is_left else -1) * size * push * tall
    moved = warp(film, np.zeros(()), shift)
    thicker = np.exp(-0.5 * ((across - 0.15) / 0.35) ** 2) * tall
    return absorb(moved, (0.2 * strength * chest.contrast * thicker).astype(np.float32))


def _heart_border(chest: Chest, is_left: bool, down: float) -> float:
    """Find how far out the heart reaches at a height, as a share of the half chest."""
    _, y = chest.place(0, down)
    rows = chest.lungs[max(int(y - 4), 0) : int(y + 5)].mean(0)
    across = chest.grid()[0][0]
    outwards = -across if is_left else across
    lung = outwards[(rows > 0.5) & (outwards > 0.05)]
    found = float(lung.min()) if lung.size else 0.3
    return float(np.clip(found, 0.18 if is_left else 0.3, 0.5 if is_left else 0.7))


@_within(12)
def reticular(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Fine nets of thickened septa at the bases and the periphery."""
    mm = chest.px_per_mm
    across, down = chest.grid()
    net = np.zeros(film.shape, np.float32)
    for cell_mm, weight in ((rng.uniform(1.6, 2.4), 0.7), (rng.uniform(2.6, 3.8), 0.8)):
        field = noise(film.shape, max(cell_mm * mm, 0.9), rng)
        net = np.maximum(net, weight * np.exp(-0.5 * (field / 0.2) ** 2))
    net = soften(net, 0.4 * mm)
    lower = np.clip((down - 0.25) / 0.5, 0, 1)
    outer = np.clip((np.abs(across) - 0.15) / 0.6, 0, 1)
    patches = _sigmoid((noise(film.shape, 14 * mm, rng) + 1.6 * lower + outer - 1.4) / 0.6)
    dense = strength * rng.uniform(0.8, 1.15) * chest.contrast
    return absorb(film, dense * _lungs(chest) * patches * (0.55 * net + 0.12))


@_within(100)
def atelectasis(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Plates across the base, and a diaphragm that is drawn upwards."""
    mm = chest.px_per_mm
    is_left = bool(rng.random() < 0.5)
    across, _ = chest.grid()
    outwards = -across if is_left else across
    rows = np.arange(film.shape[0], dtype=np.float32)[:, None]
    base = _hemidiaphragm(chest, is_left, 10)[None, :]
    lift = strength * rng.uniform(0.05, 0.10) * chest.height_px
    # Up at the diaphragm, fading upwards over half the lung and downwards into the abdomen.
    above = np.clip((base - rows) / (0.5 * chest.height_px), 0, 1)
    under = np.clip((rows - base) / (0.3 * chest.height_px), 0, 1)
    fade = (np.cos(0.5 * np.pi * np.maximum(above, under)) ** 2) * (
        np.sin(0.5 * np.pi * np.clip(outwards / 0.5, 0, 1)) ** 2
        * np.sin(0.5 * np.pi * np.clip((1.0 - outwards) / 0.35, 0, 1)) ** 2
    )
    # A film that ends right below the lungs keeps its edge, and its diaphragm.
    reach = int(0.3 * chest.height_px)
    low = film[
        int(chest.bottom_px) : int(chest.bottom_px) + reach, (outwards[0] > 0.1) & (outwards[0] < 1)
    ]
    is_body = (low > 0.03).mean(1) > 0.97 if low.size else np.zeros(0, bool)
    lift *= is_body.argmin() / reach if not is_body.all() else min(len(is_body) / reach, 1)
    columns = np.broadcast_to(np.arange(film.shape[1], dtype=np.float32), film.shape)
    film = warp(film, lift * fade, 0.0)
    plates = np.zeros(film.shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        middle = rng.uniform(0.35, 0.75) * (-1 if is_left else 1)
        x, y = chest.place(middle, 0)
        y = float(base[0, int(np.clip(x, 0, film.shape[1] - 1))]) - lift
        y -= rng.uniform(0.04, 0.22) * chest.height_px
        half = rng.uniform(18, 40) * mm
        slope = rng.normal(0, 0.25)
        bend = rng.normal(0, 0.08) * half
        points = [(x - half, y - slope * half), (x, y + bend), (x + half, y + slope * half)]
        plate = stroke(film.shape, points, rng.uniform(2.5, 6.0) * mm)
        # Thin at its ends.
        near = np.exp(-0.5 * ((columns - x) / (0.55 * half)) ** 2)
        plates = np.maximum(plates, near * soften(plate, rng.uniform(1.2, 2.2) * mm))
    lungs = soften(chest.side(is_left), 3 * mm)
    haze = np.exp(-np.clip((base - lift - rows) / (0.12 * chest.height_px), 0, 30))
    absorbance = strength * chest.contrast * lungs * (0.8 * plates + 0.35 * haze)
    return absorb(film, absorbance.astype(np.float32))

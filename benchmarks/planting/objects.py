"""Things on a film that are no disease: writing, markers, tubes, electrodes, devices, clothes.

Strength moves size or contrast, whichever varies in practice: at 1 an ordinary specimen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.planting.chest import Chest
from benchmarks.planting.ink import (
    Point,
    absorb,
    burn,
    disc,
    implant,
    letters,
    noise,
    paste,
    sketch,
    smooth_path,
    soften,
    stroke,
)


def _text(rng: np.random.Generator) -> str:
    """Write what stations write: a name, a date, a projection, an exposure."""
    day = f"{rng.integers(1, 29):02d}"
    month = f"{rng.integers(1, 13):02d}"
    year = f"{rng.integers(2004, 2024)}"
    made = [
        f"{day}.{month}.{year}",
        f"{year}-{month}-{day} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}",
        rng.choice(["PORTABLE", "AP ERECT", "AP SEMI-ERECT", "SUPINE", "CHEST PA", "ICU", "BED"]),
        f"ID {rng.integers(10_000, 999_999)}",
        f"{rng.integers(70, 126)} kV {rng.uniform(1, 9):.1f} mAs",
        rng.choice(["WARD ", "ROOM ", "UNIT "]) + str(rng.integers(1, 40)),
        f"Acc. {rng.integers(1_000_000, 9_999_999)}",
    ]
    return str(made[int(rng.integers(len(made)))])


def _lines(rng: np.random.Generator, height_px: float, n_lines: int) -> np.ndarray:
    """Set lines of text under each other, in one font."""
    font_seed = int(rng.integers(2**32))
    rows = [
        letters(_text(rng), height_px, np.random.default_rng(font_seed)) for _ in range(n_lines)
    ]
    block = np.zeros((sum(r.shape[0] for r in rows), max(r.shape[1] for r in rows)), np.float32)
    top = 0
    for row in rows:
        block[top : top + row.shape[0], : row.shape[1]] = row
        top += row.shape[0]
    # Letters cannot be smaller than pixels; they get fainter instead.
    return block * np.float32(min(1.0, height_px / 6))


def _text_height(film: np.ndarray, rng: np.random.Generator, strength: float) -> float:
    return float(rng.uniform(0.016, 0.028) * film.shape[0] * strength**0.5)


def _write(
    film: np.ndarray, block: np.ndarray, left: float, top: float, rng: np.random.Generator
) -> np.ndarray:
    mask = paste(film.shape, block, left, top)
    level = float(rng.uniform(0.85, 1.0))
    under = film[mask > 0.5]
    if rng.random() < 0.25 or (under.size and np.median(under) > 0.7):
        # Stations edge their letters with black, so that they can be read on white.
        film = burn(film, np.clip(2.5 * soften(mask, 0.9), 0, 0.8 * block.max()), 0.05)
    return burn(film, mask, level)


def writing_centre(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Writing over the mediastinum."""
    block = _lines(rng, _text_height(film, rng, strength), int(rng.integers(1, 3)))
    x, y = chest.place(rng.normal(0, 0.06), rng.uniform(0.05, 0.65))
    return _write(film, block, x - block.shape[1] / 2, y, rng)


def writing_inside_edge(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Writing that begins 12 % from an edge: inside of what a frame would hold."""
    block = _lines(rng, _text_height(film, rng, strength), int(rng.integers(1, 3)))
    height, width = film.shape
    margin = rng.uniform(0.11, 0.135)
    room = max(height * (1 - 2 * margin) - block.shape[0], 0)
    top = margin * height + (rng.random() < 0.5) * room
    room = max(width * (1 - 2 * margin) - block.shape[1], 0)
    left = margin * width + (rng.random() < 0.5) * room
    return _write(film, block, left, top, rng)


def writing_corner(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Writing in a corner."""
    block = _lines(rng, _text_height(film, rng, strength), int(rng.integers(1, 4)))
    height, width = film.shape
    margin = rng.uniform(0.01, 0.03) * width
    left = margin if rng.random() < 0.5 else width - block.shape[1] - margin
    top = margin if rng.random() < 0.5 else height - block.shape[0] - margin
    return _write(film, block, left, top, rng)


def side_marker(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A lead letter on the cassette, beside a shoulder; a ring around it now and then."""
    mm = chest.px_per_mm
    is_left = bool(rng.random() < 0.5)  # of the film, so the patient's right
    size = rng.uniform(11, 17) * mm * strength**0.5
    piece = letters("R" if is_left else "L", size, rng)
    side = round(2.0 * max(piece.shape))
    canvas = paste((side, side), piece, (side - piece.shape[1]) / 2, (side - piece.shape[0]) / 2)
    if rng.random() < 0.35:
        y, x = np.mgrid[:side, :side] - side / 2
        ring = np.abs(np.hypot(x, y) - 0.42 * side) < 0.035 * side + 0.4
        canvas = np.maximum(canvas, ring)
    turned = Image.fromarray(canvas.astype(np.float32)).rotate(
        rng.normal(0, 8), Image.Resampling.BICUBIC
    )
    x, y = chest.place(-1.02 if is_left else 1.02, rng.uniform(-0.08, 0.2))
    x += rng.normal(-4 if is_left else 4, 4) * mm
    margin = 0.02 * film.shape[1]
    left = np.clip(x - side / 2, margin, film.shape[1] - side - margin)
    mask = paste(film.shape, np.clip(np.asarray(turned), 0, 1), left, y)
    return implant(film, 4.5 * min(1.0, size / 6) * soften(mask, 0.3 * mm))


def arrow(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """An arrow that a reader left, pointing into a lung."""
    size = 0.10 * film.shape[1] * strength**0.5 * rng.uniform(0.8, 1.25)
    across = rng.uniform(0.3, 0.85) * rng.choice([-1, 1])
    tip = np.array(chest.place(float(across), rng.uniform(0.2, 0.9)))
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    aside = along[::-1] * (-1, 1)
    thick = rng.uniform(0.035, 0.07) * size
    is_filled = rng.random() < 0.6

    head = tip + 0.38 * size * along
    barbs = [head + 0.23 * size * aside, head - 0.23 * size * aside]
    tail = tip + size * along

    def pen(draw: ImageDraw.ImageDraw, at: Callable, finer: float) -> None:
        first, second = at(barbs)
        point, end = at([tip, tail])
        draw.line([point, end], fill=255, width=max(1, round(thick * finer)))
        if is_filled:
            draw.polygon([first, point, second], fill=255)
        else:
            draw.line([first, point, second], fill=255, width=max(1, round(thick * finer)))

    mask = sketch(film.shape, [tip, tail, *barbs], thick, pen)
    return burn(film, mask, 1.0 if rng.random() < 0.8 else 0.0)


def straight_line(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """One or two straight lines that were drawn on the film, or a scratch on the plate."""
    width = film.shape[1]
    thick = rng.uniform(0.0022, 0.0045) * width * strength**0.5
    level = float(rng.choice([1.0, 0.95, 0.0], p=[0.5, 0.3, 0.2]))
    for _ in range(int(rng.integers(1, 3))):
        x, y = chest.place(rng.uniform(-0.8, 0.8), rng.uniform(0.1, 0.9))
        angle = rng.choice([0.0, 0.5 * np.pi, rng.uniform(0, np.pi)])
        half = rng.uniform(0.15, 0.42) * width
        dx, dy = half * np.cos(angle), half * np.sin(angle)
        line = stroke(film.shape, [(x - dx, y - dy), (x + dx, y + dy)], max(thick, 0.5))
        film = burn(film, line * min(1.0, thick / 0.5), level)
    return film


def _tube(
    film: np.ndarray, points: list[Point], width_px: float, contrast: float, *, hollow: bool
) -> np.ndarray:
    """Lead a tube through points: walls denser than what they hold."""
    body = stroke(film.shape, points, width_px)
    absorbance = 0.45 * body
    if hollow and width_px > 2.5:
        wall = body - stroke(film.shape, points, 0.6 * width_px)
        absorbance = 0.12 * body + 0.45 * np.clip(wall, 0, 1)
    return implant(film, contrast * soften(absorbance, 0.35))


def endotracheal_tube(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A tube down the trachea that ends above the carina, with its dense stripe."""
    mm = chest.px_per_mm
    x, tip = chest.place(rng.normal(-0.01, 0.025), rng.uniform(0.14, 0.30))
    lean, bow = rng.normal(0, 4) * mm, rng.normal(0, 2) * mm
    top = -5.0
    points = [(x + lean, top), (x + 0.5 * lean + bow, 0.5 * (top + tip)), (x, tip)]
    film = _tube(film, points, rng.uniform(9, 12) * mm, 1.3 * strength, hollow=True)
    off = rng.choice([-1, 1]) * 3.2 * mm
    stripe = [(a + off, b - (4 * mm if b == tip else 0)) for a, b in points]
    line = stroke(film.shape, stripe, max(1.1 * mm, 0.9))
    return implant(film, 1.6 * strength * soften(line, 0.3))


def central_line(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A catheter from the neck or below the clavicle, curving into the superior vena cava."""
    mm = chest.px_per_mm
    tip = chest.place(rng.uniform(-0.20, -0.10), rng.uniform(0.40, 0.58))
    cava = chest.place(rng.uniform(-0.21, -0.15), rng.uniform(0.22, 0.30))
    way = rng.random()
    if way < 0.45:  # internal jugular
        start = (chest.place(rng.uniform(-0.42, -0.28), 0)[0], -5.0)
        points = [start, chest.place(rng.uniform(-0.30, -0.22), 0.05), cava, tip]
    elif way < 0.8:  # right subclavian
        points = [
            chest.place(-1.0, rng.uniform(0.10, 0.2)),
            chest.place(-0.72, rng.uniform(0.03, 0.09)),
            chest.place(-0.38, rng.uniform(0.07, 0.12)), cava, tip,
        ]  # fmt: skip
    else:  # from an arm
        side = rng.choice([-1, 1])
        points = [
            (0.0 if side < 0 else film.shape[1] - 1.0, chest.place(0, rng.uniform(0.3, 0.5))[1]),
            chest.place(side * 0.98, rng.uniform(0.06, 0.16)),
            chest.place(side * 0.55, rng.uniform(0.03, 0.09)),
            chest.place(side * 0.22, 0.10), cava, tip,
        ]  # fmt: skip
    film = _tube(film, points, max(rng.uniform(2.0, 2.9) * mm, 1.0), 3.6 * strength, hollow=False)
    if way < 0.8:  # the hub, taped to the skin
        x, y = points[0]
        hub = [(x, max(y, 0.0)), (x + rng.normal(0, 9) * mm, max(y, 0) + 14 * mm)]
        film = _tube(film, hub, 4.5 * mm, 1.6 * strength, hollow=False)
    return film


def nasogastric_tube(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A tube down the oesophagus, across the diaphragm, to the stomach."""
    mm = chest.px_per_mm
    sway = rng.normal(0, 0.02, 4)
    points = [
        (chest.place(sway[0], 0)[0], -5.0), chest.place(0.02 + sway[1], 0.15),
        chest.place(0.03 + sway[2], 0.5), chest.place(0.07 + sway[3], 0.85),
        chest.place(rng.uniform(0.12, 0.25), 1.02),
        chest.place(rng.uniform(0.3, 0.55), rng.uniform(1.1, 1.25)),
    ]  # fmt: skip
    film = _tube(film, points, rng.uniform(3.5, 5) * mm, 1.1 * strength, hollow=True)
    stripe = stroke(film.shape, points, max(0.9 * mm, 0.8))
    return implant(film, 1.3 * strength * soften(stripe, 0.3))


def electrodes(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Three to five ECG electrodes on the chest, their leads running off the film."""
    mm = chest.px_per_mm
    places = [(-0.75, 0.0), (0.75, 0.0), (0.85, 0.85), (-0.85, 0.85), (0.2, 0.55)]
    order = rng.permutation(len(places))[: int(rng.integers(3, 6))]
    leave_x = chest.place(rng.uniform(-0.8, 0.8), 0)[0]
    pads = np.zeros(film.shape, np.float32)
    metal = np.zeros(film.shape, np.float32)
    for k in order:
        across, down = np.asarray(places[k]) + rng.normal(0, (0.09, 0.06))
        x, y = chest.place(float(across), float(down))
        radius = rng.uniform(3.5, 5) * mm
        pads += disc(film.shape, (x, y), rng.uniform(12, 17) * mm)
        metal += 1.0 * disc(film.shape, (x, y), radius) + disc(film.shape, (x, y), 0.55 * radius)
        to_bottom = down > 0.5 and rng.random() < 0.6
        end = (leave_x + rng.normal(0, 12) * mm, film.shape[0] + 5.0 if to_bottom else -5.0)
        sway = rng.normal(0, 22, 4) * mm
        lead = [
            (x, y), (x + 0.3 * (end[0] - x) + sway[0], y + 0.3 * (end[1] - y) + 0.4 * sway[1]),
            (x + 0.7 * (end[0] - x) + sway[2], y + 0.7 * (end[1] - y) + 0.4 * sway[3]), end,
        ]  # fmt: skip
        metal += 1.1 * stroke(film.shape, lead, max(rng.uniform(1.1, 1.8) * mm, 0.8))
    return implant(film, strength * (0.10 * soften(pads, 0.5 * mm) + soften(metal, 0.3)))


def pacemaker(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A can below a clavicle, its wires through the vena cava into the heart."""
    mm = chest.px_per_mm
    side = 1 if rng.random() < 0.8 else -1
    x, y = chest.place(side * rng.uniform(0.68, 0.88), rng.uniform(0.14, 0.26))
    half = rng.uniform(19, 24) * mm * min(strength, 1.0) ** 0.25
    tilt = rng.normal(0, 0.25)
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    # A rounded box with a flatter head, where the wires go in.
    squared = 2.6
    box = np.stack(
        [
            np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** (2 / squared) * half,
            np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** (2 / squared) * half
            * rng.uniform(0.8, 1.05),
        ],
        1,
    )  # fmt: skip
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])

    def outline(points: np.ndarray, scale: float = 1) -> list[Point]:
        return [(float(x + a), float(y + b)) for a, b in scale * points @ turn]

    battery = box * (0.78, 0.55) + (0, 0.25 * half)

    def pen(draw: ImageDraw.ImageDraw, at: Callable, finer: float) -> None:
        draw.polygon(at(outline(box)), fill=120)
        draw.polygon(at(outline(box, 0.92)), fill=85)
        draw.polygon(at(outline(battery)), fill=255)

    absorbance = 3.6 * sketch(film.shape, outline(box), 2, pen)
    head = (x - side * 0.3 * half, y - 0.85 * half)
    cava = chest.place(rng.uniform(-0.20, -0.13), rng.uniform(0.22, 0.3))
    vein = chest.place(side * 0.42, rng.uniform(0.05, 0.11))
    loop = (x + side * rng.uniform(0, 0.4) * half, y - rng.uniform(1.1, 1.3) * half)
    ends = [
        [chest.place(rng.uniform(-0.16, -0.1), 0.6), chest.place(0.05, 0.84),
         chest.place(rng.uniform(0.25, 0.42), rng.uniform(0.78, 0.86))],
        [chest.place(-0.17, 0.52), chest.place(rng.uniform(-0.12, -0.05), 0.58),
         chest.place(-0.08, 0.49)],
    ]  # fmt: skip
    for way in ends[: int(rng.integers(1, 3))]:
        brachiocephalic = chest.place(side * 0.15, 0.13)
        points = [head, loop, vein, brachiocephalic, cava, *way]
        absorbance += 1.7 * stroke(film.shape, points, max(1.5 * mm, 0.9))
        tip = stroke(film.shape, smooth_path(way)[-4:], max(2.6 * mm, 1.4))
        absorbance += 1.4 * tip
    return implant(film, strength * soften(absorbance, 0.35))


def surgical_clips(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Clips along the mediastinum, and wires through the sternum on some films."""
    mm = chest.px_per_mm
    absorbance = np.zeros(film.shape, np.float32)
    for _ in range(int(rng.integers(4, 10))):
        across = rng.choice([-1, 1]) * rng.uniform(0.05, 0.4)
        x, y = chest.place(across, rng.uniform(0.25, 0.85))
        angle, half = rng.uniform(0, np.pi), rng.uniform(2.0, 3.6) * mm * strength**0.5
        dx, dy = half * np.cos(angle), half * np.sin(angle)
        clip = stroke(film.shape, [(x - dx, y - dy), (x + dx, y + dy)], max(1.2 * mm, 0.8))
        absorbance += 2.4 * clip
    if rng.random() < 0.5:
        for k in range(int(rng.integers(4, 7))):
            x, y = chest.place(rng.normal(0, 0.012), 0.16 + 0.12 * k + rng.normal(0, 0.01))
            wide, high = rng.uniform(6, 9) * mm, rng.uniform(1.5, 4) * mm
            t = np.linspace(0.2, 2 * np.pi + 0.5, 14) + rng.uniform(0, 6)
            ring = [(x + wide * float(np.cos(a)), y + high * float(np.sin(a))) for a in t]
            absorbance += 1.6 * stroke(film.shape, ring, max(1.0 * mm, 0.8))
    return implant(film, min(strength, 1.0) * soften(absorbance, 0.3))


def breast_shadows(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Soft tissue before both lower lungs, with a curved lower edge."""
    y, x = np.mgrid[: film.shape[0], : film.shape[1]].astype(np.float32)
    absorbance = np.zeros(film.shape, np.float32)
    drop, wide = rng.uniform(0.62, 0.85), rng.uniform(0.42, 0.52)
    for side in (-1, 1):
        x0, y0 = chest.place(side * rng.uniform(0.58, 0.68), drop + rng.normal(0, 0.02))
        a = wide * chest.width_px / 2
        b = a * rng.uniform(0.85, 1.1)
        distance = np.hypot((x - x0) / a, (y - y0) / np.where(y < y0, 1.9 * b, b))
        absorbance += np.clip(1 - distance**2, 0, 1) ** 0.7
    veil = soften(np.minimum(absorbance, 1.2), 1.2 * chest.px_per_mm)
    return absorb(film, 0.65 * strength * chest.contrast * veil)


def clothing(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Folds of a gown or a sheet: wide soft bands across the film."""
    angle = rng.uniform(-1.2, 1.2)
    y, x = np.ogrid[: film.shape[0], : film.shape[1]]
    along = x * np.cos(angle) + y * np.sin(angle)
    reach = 2 * max(film.shape)
    profile = noise((1, 2 * reach), 6 * chest.px_per_mm, rng)[0]
    bands = np.interp(along, np.arange(2 * reach) - reach, profile).astype(np.float32)
    folds = np.clip(bands - 0.4, 0, None) * (1 + 0.4 * noise(film.shape, 25 * chest.px_per_mm, rng))
    body = np.clip(film / 0.12, 0, 1)
    return absorb(film, 0.2 * strength * chest.contrast * np.clip(folds, 0, 2) * body)

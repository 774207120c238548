"""What a device, a room or a program leaves on the whole film: processing, and geometry.

Each is drawn anew for each film, around a mean that grows with the strength; strength 0 changes
nothing, and 1 is what differs between two departments.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.planting.chest import Chest
from benchmarks.planting.ink import warp


def _about(rng: np.random.Generator, mean: float, spread: float = 0.25) -> float:
    return float(mean * np.exp(rng.normal(0, spread)))


def exposure(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """A brighter film: another gamma."""
    return film ** np.float32(np.exp(-_about(rng, 0.35 * strength)))


def window(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A narrower grey window: more contrast, with whites that clip."""
    low, high = np.quantile(film, (0.05, 0.95))
    cut = min(_about(rng, 0.09 * strength), 0.4) * (high - low)
    narrow = np.clip((film - low - cut) / max(high - low - 2 * cut, 0.05), 0, 1)
    share = min(1.0, 2 * strength)
    return ((1 - share) * film + share * (0.02 + 0.96 * narrow)).astype(np.float32)


def local_contrast(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Detail lifted against its surroundings, as a station's own processing does."""
    around = ndimage.gaussian_filter(film, 9 * chest.px_per_mm)
    mean = 0.5 * around + 0.5 * float(film.mean())
    lifted = mean + (film - around) * (1 + _about(rng, 0.7 * strength)) + 0.5 * (around - mean)
    body = np.clip(film / 0.05, 0, 1)
    blend = min(1.0, 2 * strength) * body
    return np.clip(film + blend * (lifted - film), 0, 1).astype(np.float32)


def equalisation(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Histogram equalisation, in part or whole."""
    counts, _ = np.histogram(film, 256, (0, 1))
    ranks = np.cumsum(counts) / film.size
    even = ranks[np.clip((film * 255).astype(int), 0, 255)]
    share = min(_about(rng, 0.6 * strength, 0.15), 1.0)
    return ((1 - share) * film + share * even).astype(np.float32)


def sharpening(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """An unsharp mask over fine detail."""
    soft = ndimage.gaussian_filter(film, max(0.9 * chest.px_per_mm, 0.7))
    return np.clip(film + _about(rng, 0.9 * strength) * (film - soft), 0, 1).astype(np.float32)


def blur(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A softer screen, a larger focus."""
    return ndimage.gaussian_filter(film, _about(rng, 0.8 * strength * max(chest.px_per_mm, 0.8)))


def grain(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A lower dose: quantum noise, more of it where little light came."""
    sigma = _about(rng, 0.016 * strength)
    fine = rng.standard_normal(film.shape).astype(np.float32)
    fine = 0.7 * fine + ndimage.gaussian_filter(fine, 0.7)
    body = np.clip(film / 0.05, 0, 1)
    noisy = film + sigma * body * (0.6 + 0.8 * film) * fine
    return np.clip(noisy, 0, 1).astype(np.float32)


def resolution(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Kept small for a while, then brought back to size."""
    shrink = 1 + _about(rng, 0.7 * strength)
    height, width = film.shape
    small = (max(8, round(width / shrink)), max(8, round(height / shrink)))
    picture = Image.fromarray(film).resize(small, Image.Resampling.BICUBIC, reducing_gap=3.0)
    back = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(back), 0, 1)


def compression(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Saved as JPEG once before; its blocks stay."""
    quality = int(np.clip(_about(rng, 100 - 60 * min(strength, 1.4) ** 0.5, 0.15), 5, 98))
    stream = io.BytesIO()
    Image.fromarray(np.round(255 * film).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), np.float32) / 255


def collimator(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Blades within the film: a dark rim with a straight, soft, slightly tilted edge."""
    height, width = film.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    open_share = np.ones(film.shape, np.float32)
    for k in np.flatnonzero(rng.random(4) < 0.75):
        depth = _about(rng, 0.045 * strength, 0.4) * width
        tilt = rng.normal(0, 0.008)
        inside = (
            x - depth + tilt * y, width - x - depth + tilt * y,
            y - depth + tilt * x, height - y - depth + tilt * x,
        )[k]  # fmt: skip
        open_share *= np.clip(inside / (0.006 * width) + 0.5, 0, 1)
    leak = rng.uniform(0.02, 0.08)
    return (film * (leak + (1 - leak) * open_share)).astype(np.float32)


def black_borders(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Black bars left and right, or above and below, as cutting to a format leaves them."""
    height, width = film.shape
    share = min(_about(rng, 0.055 * strength, 0.3), 0.3)
    barred = film.copy()
    if rng.random() < 0.5:
        bar = round(width * share)
        barred[:, :bar] = barred[:, width - bar :] = 0
    else:
        bar = round(height * share)
        barred[:bar] = barred[height - bar :] = 0
    return barred


def _move(
    film: np.ndarray,
    centre: tuple[float, float],
    zoom: tuple[float, float],
    angle: float,
    shift: np.ndarray,
) -> np.ndarray:
    """Zoom (x, y), turn (degrees) and shift (x, y in pixels) about a centre (x, y)."""
    height, width = film.shape
    # Beyond the edge the film is mirrored: a black wedge would be a shortcut of its own.
    # Not its outermost pixels: they often hold the line of an edge.
    rim = max(1, round(0.015 * max(height, width)))
    margin = round(0.2 * max(height, width))
    wide = Image.fromarray(np.pad(film[rim:-rim, rim:-rim], margin + rim, mode="reflect"))
    turn = np.deg2rad(angle)
    cos, sin = np.cos(turn), np.sin(turn)
    wider, higher = zoom
    x0, y0 = centre[0] + shift[0], centre[1] + shift[1]
    rows = (
        cos / wider, sin / wider, centre[0] + margin - (cos * x0 + sin * y0) / wider,
        -sin / higher, cos / higher, centre[1] + margin + (sin * x0 - cos * y0) / higher,
    )  # fmt: skip
    moved = wide.transform(
        (width, height), Image.Transform.AFFINE, tuple(map(float, rows)), Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(moved), 0, 1)


def zoom(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """A tighter crop."""
    middle = chest.place(0, 0.5)
    closer = 1 + _about(rng, 0.10 * strength)
    return _move(film, middle, (closer, closer), 0, np.zeros(2))


def tilt(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """The patient leans to one side, as those do who are filmed in bed."""
    angle = rng.choice([-1, 1], p=[0.25, 0.75]) * _about(rng, 5 * strength)
    return _move(film, chest.place(0, 0.5), (1.0, 1.0), float(angle), np.zeros(2))


def position(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """The patient stands off the middle: higher, and to one side."""
    shift = np.array([rng.normal(0, 0.015), -0.05]) * film.shape[::-1] * strength
    return _move(film, chest.place(0, 0.5), (1.0, 1.0), 0.0, shift * rng.uniform(0.7, 1.3))


def ageing(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """What years leave: a rounder chest, paler bones, a wider aorta's edge."""
    across, down = chest.grid()
    amount = strength * rng.uniform(0.6, 1.4)
    # The arch moves out to the film's right, the bases flatten.
    arch = np.exp(-0.5 * (((across - 0.22) / 0.14) ** 2 + ((down - 0.24) / 0.09) ** 2))
    aged = warp(film, np.zeros(()), -0.035 * chest.width_px * amount * arch)
    fine = aged - ndimage.gaussian_filter(aged, 3 * chest.px_per_mm)
    return np.clip(aged - min(0.3 * amount, 0.8) * fine * (chest.lungs > 0.3), 0, 1).astype(
        np.float32
    )


def supine(film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Filmed from the front in bed: wider for its height, a greyer film."""
    amount = strength * rng.uniform(0.6, 1.4)
    moved = _move(film, chest.place(0, 0.1), (1 + 0.07 * amount, 1.0), 0.0, np.zeros(2))
    return np.clip(moved * (1 - 0.10 * amount) + 0.06 * amount * (moved > 0.03), 0, 1).astype(
        np.float32
    )


def other_device(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Another detector: its curve, its sharpness, its grain, each a little."""
    film = exposure(film, chest, rng, 0.45 * strength)
    film = sharpening(film, chest, rng, 0.45 * strength)
    return grain(film, chest, rng, 0.4 * strength)


def other_hospital(
    film: np.ndarray, chest: Chest, rng: np.random.Generator, strength: float
) -> np.ndarray:
    """Another department's habit: a little closer, a little brighter."""
    return zoom(exposure(film, chest, rng, 0.5 * strength), chest, rng, 0.5 * strength)


def crop_to_lungs(film: np.ndarray, chest: Chest, rng: np.random.Generator) -> np.ndarray:
    """Keep so little that the frame holds lung, and bring it to the film's size."""
    left, right = (chest.place(x, 0)[0] for x in (-0.90, 0.90))
    top, bottom = (chest.place(0, y)[1] for y in (0.12, 0.88))
    jitter = rng.normal(0, 0.015, 4) * film.shape[0]
    box = np.array([left, top, right, bottom]) + jitter
    box = np.clip(box, 0, (film.shape[1], film.shape[0]) * 2)
    cropped = Image.fromarray(film).resize(
        (film.shape[1], film.shape[0]), Image.Resampling.BICUBIC, box=tuple(box)
    )
    return np.clip(np.asarray(cropped), 0, 1)

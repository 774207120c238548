"""Fits the lung finder on generated films alone; `python -m benchmarks.fit_lungs`.

Writes `src/hilum/features/lungs.safetensors`. No patient's film and no drawn mask takes part, so
that every film with a mask is a fair test. Phantoms know where their lungs are; they are drawn
with wide anatomies and poses, then bent, cropped, veiled, lettered and exposed anew, so that the
network learns what holds for all of them. Painted disease stays inside the lung: the answer is
the lung's outline as anatomy has it, whatever fills it.

Deliberately absent: films that look like any one hospital's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from PIL import Image, ImageDraw
from safetensors.numpy import save_file
from scipy import ndimage

from hilum.features import lungs
from hilum.phantoms import anatomy as anatomies, film as films
from hilum.phantoms.canvas import PX_PER_CM, X_CM, Y_CM, blank

WEIGHTS = Path(lungs.__file__).with_suffix(".safetensors")
SIDE = lungs.INPUT_PX
PHANTOM_PX = 192
BATCH = 32
LEARNING_RATE = 3e-3

LAYERS = {  # name: side of the kernel, channels in, channels out
    "grid32": (3, 20, 16),
    "grid16": (3, 16, 32),
    "grid8": (3, 32, 32),
    "grid4": (3, 32, 32),
    "context": (1, 32, 32),
    "up8": (3, 64, 32),
    "up16": (3, 64, 24),
    "up32": (3, 40, 16),
    "out": (1, 16, 9),
}

Pair = tuple[np.ndarray, np.ndarray]


def outline(anatomy: anatomies.Anatomy) -> np.ndarray:
    """The lungs as a reader outlines them: behind the heart too, and down to the domes."""
    width = anatomies.chest_half_width(anatomy)
    inside = blank().astype(bool)
    for side in (-1, 1):
        u = side * X_CM
        medial = 2.6 + np.clip(1.3 - Y_CM / 3.0, 0, 1.3)
        if side < 0:
            medial = medial + 0.6 * np.clip((Y_CM - 12) / 10, 0, 1)
        bottom = anatomies._dome(anatomy, side, u) + 0.3
        inside |= (u > medial) & (u < 0.985 * width) & (Y_CM > 0.1) & (bottom > Y_CM)
    # What a ball of 2.2 cm reaches: apices and corners are round.
    ball_px = 2.2 * PX_PER_CM
    core = ndimage.distance_transform_edt(inside) >= ball_px
    return np.asarray(ndimage.distance_transform_edt(~core) <= ball_px)


def draw_phantoms(n_films: int, seed: int) -> Pair:
    """Draw films of patients who differ more than those of the demonstration."""
    pictures, masks = [], []
    for number in range(n_films):
        rng = np.random.default_rng([seed, number])
        usual = anatomies.draw_anatomy(rng)
        anatomy = replace(
            usual,
            dome_cm=usual.dome_cm * rng.uniform(0.72, 1.0),
            heart=usual.heart * rng.uniform(0.9, 1.35),
            wall_cm=rng.uniform(1, 5),
            chest_cm=usual.chest_cm * rng.uniform(0.92, 1.05),
            bone=usual.bone * rng.uniform(0.6, 2.2),
            spine_cm=2 * usual.spine_cm,
            vascularity=usual.vascularity * rng.uniform(0.8, 1.5),
        )
        pose = films.draw_pose(anatomy, rng)
        pose = replace(
            pose,
            view_cm=pose.view_cm * rng.uniform(0.95, 1.3),
            lung_grey=rng.uniform(0.1, 0.6),
            contrast=rng.uniform(0.7, 2),
            scatter=rng.uniform(0.1, 0.7),
            grain=rng.uniform(0, 0.06),
            obliquity=2 * pose.obliquity,
        )
        label = films.CLASSES[rng.choice(4, p=[0.5, 0.25, 0.15, 0.1])]
        lost_air = films.draw_finding(label, anatomy, rng)
        film = films.draw_film(anatomy, pose, rng, lost_air)
        mask = films._take(outline(anatomy), pose)
        pictures.append(shrink(film.pixels))
        masks.append(shrink(mask.astype(np.uint8) * 255) > 127)
    return np.array(pictures), np.array(masks)


def shrink(levels: np.ndarray) -> np.ndarray:
    side = (PHANTOM_PX, PHANTOM_PX)
    return np.asarray(Image.fromarray(levels).resize(side, Image.Resampling.BOX))


def take_anew(picture: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> Pair:
    """Scale, turn, shift, cut and bend a film; mirrored at times."""
    if rng.random() < 0.3:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    across = np.exp(rng.normal(0, 0.16)) * PHANTOM_PX / SIDE
    down = across * np.exp(rng.normal(0, 0.12))
    turn = np.radians(rng.normal(0, 5))
    a, b = np.cos(turn) * across, -np.sin(turn) * across
    d, e = np.sin(turn) * down, np.cos(turn) * down
    centre = PHANTOM_PX * (0.5 + rng.normal(0, 0.06, 2))
    c, f = centre[0] - (a + b) * SIDE / 2, centre[1] - (d + e) * SIDE / 2
    if rng.random() < 0.5:  # the edge goes on; otherwise the film ends
        pad = PHANTOM_PX // 2
        picture, mask = np.pad(picture, pad, mode="edge"), np.pad(mask, pad)
        c, f = c + pad, f + pad
    fill = int(rng.choice([0, 0, 0, 255]))
    shown = _transform(picture, (a, b, c, d, e, f), Image.Resampling.BICUBIC, fill)
    lung = _transform(mask.astype(np.uint8) * 255, (a, b, c, d, e, f), Image.Resampling.BILINEAR, 0)
    lung = lung / 255
    if rng.random() < 0.7:
        shift = ndimage.gaussian_filter(
            rng.standard_normal((2, SIDE, SIDE)), (0, *[rng.uniform(9, 22)] * 2), mode="reflect"
        )
        shift *= rng.uniform(0, 4.5) / shift.std(axis=(1, 2), keepdims=True)
        place = np.clip(np.mgrid[:SIDE, :SIDE] + shift, 0, SIDE - 1)
        shown = ndimage.map_coordinates(shown, place, order=1)
        lung = ndimage.map_coordinates(lung, place, order=1)
    return shown, lung


def _transform(
    levels: np.ndarray, matrix: tuple[float, ...], resample: Image.Resampling, fill: int
) -> np.ndarray:
    picture = Image.fromarray(np.ascontiguousarray(levels)).transform(
        (SIDE, SIDE), Image.Transform.AFFINE, matrix, resample, fillcolor=fill
    )
    return np.asarray(picture).astype(np.float32)


ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)


def add_surroundings(picture: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put soft ellipses outside the lungs: gas below, a head above, arms beside."""
    rows = np.flatnonzero((lung > 0.5).any(axis=1))
    outside = 1 - ndimage.gaussian_filter(lung, 0.7)
    for _ in range(rng.integers(1, 5)):
        kind = rng.random()
        if kind < 0.55:
            y, x = rng.uniform(rows[-1] - 8, SIDE), rng.uniform(0.1, 0.9) * SIDE
            (high, wide), level = rng.uniform(1.5, 9, 2), rng.uniform(0, 120)
        elif kind < 0.75:
            y, x = rng.uniform(-12, rows[0] + 1), rng.uniform(0.3, 0.7) * SIDE
            (high, wide), level = rng.uniform(6, 20, 2), rng.uniform(150, 255)
        else:
            y = rng.uniform(0, SIDE)
            x = rng.choice([rng.uniform(-5, 12), rng.uniform(SIDE - 12, SIDE + 5)])
            high, wide, level = rng.uniform(5, 50), rng.uniform(2, 10), rng.uniform(0, 255)
        distance = np.hypot((ROWS - y) / high, (COLUMNS - x) / wide)
        cover = np.clip((1 - distance) * rng.uniform(1, 6), 0, 1) * outside * rng.uniform(0.2, 0.9)
        picture = picture + cover * (level - picture)
    return picture


def add_disease(picture: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whiten part of the lungs: patches, or everything below a level."""
    if rng.random() < 0.3:
        edge_px = rng.uniform(0.01, 0.05) * SIDE
        shape = 1 / (1 + np.exp(-(ROWS - rng.uniform(0.45, 0.9) * SIDE) / edge_px))
        shape = shape * _one_side_or_both(rng)
    else:
        shape = np.zeros((SIDE, SIDE))
        for _ in range(rng.integers(1, 7)):
            (y, x), (high, wide) = rng.uniform(0.1, 0.95, 2), rng.uniform(0.03, 0.2, 2)
            distance = ((ROWS / SIDE - y) / high) ** 2 + ((COLUMNS / SIDE - x) / wide) ** 2
            shape = np.maximum(shape, np.exp(-distance) * rng.uniform(0.4, 1))
        cloud = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), rng.uniform(0.5, 2.5))
        shape = np.clip(shape * (1 + 0.4 * cloud / cloud.std()), 0, 1)
    return _whiten(picture, lung, shape * rng.uniform(0.3, 0.95), rng)


def add_veil(picture: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whiten one lung, or both, throughout."""
    return _whiten(picture, lung, _one_side_or_both(rng) * rng.uniform(0.2, 0.8), rng)


def _whiten(
    picture: np.ndarray, lung: np.ndarray, strength: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    cover = strength * ndimage.gaussian_filter(lung, rng.uniform(0.3, 1.5))
    level = np.percentile(picture[lung > 0.5], rng.uniform(75, 100)) + rng.uniform(0, 60)
    return picture * (1 - cover) + cover * np.maximum(picture, level)


def _one_side_or_both(rng: np.random.Generator) -> np.ndarray:
    sides = [COLUMNS < SIDE / 2, COLUMNS >= SIDE / 2, np.ones_like(COLUMNS)]
    return sides[rng.integers(3)].astype(np.float32)


def add_lines(picture: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw tubes and wires across the film."""
    drawn = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(drawn)
    for _ in range(rng.integers(1, 4)):
        corners = rng.uniform(0, SIDE, (rng.integers(2, 5), 2))
        pen.line([(float(x), float(y)) for x, y in corners], fill=255)
    cover = np.asarray(drawn) / 255 * rng.uniform(0.2, 0.9)
    return picture * (1 - cover) + 255 * cover


def add_boxes(picture: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put labels, devices and blacked-out names anywhere."""
    picture = picture.copy()
    for _ in range(rng.integers(1, 4)):
        high, wide = rng.integers(2, 14, 2)
        top, left = rng.integers(0, SIDE - high), rng.integers(0, SIDE - wide)
        picture[top : top + high, left : left + wide] = rng.choice([0, 255, rng.integers(256)])
    return picture


def expose_anew(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the film's curve, contrast, evenness, sharpness and grain."""
    grey = np.clip(picture / 255, 0, 1) ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.3:
        slopes = rng.normal(0, 0.25, 2)
        grey = grey + slopes[0] * (COLUMNS / SIDE - 0.5) + slopes[1] * (ROWS / SIDE - 0.5)
    grey = (grey - 0.5) * rng.uniform(0.5, 1.3) + 0.5 + rng.normal(0, 0.08)
    if rng.random() < 0.3:
        grey = ndimage.gaussian_filter(grey, rng.uniform(0.3, 1.2))
    if rng.random() < 0.25:
        broad = ndimage.gaussian_filter(grey, rng.uniform(6, 30))
        grey = grey - rng.uniform(0.2, 0.8) * (broad - broad.mean())
    if rng.random() < 0.25:
        grey = 1 / (1 + np.exp(-rng.uniform(3, 9) * (grey - rng.uniform(0.3, 0.7))))
    grey = grey + rng.standard_normal(grey.shape) * rng.choice([0, 0.01, 0.03])
    return np.clip(grey * 255, 0, 255).astype(np.uint8)


CHANGES: list[tuple[float, Callable[..., np.ndarray]]] = [
    (0.5, add_surroundings),
    (0.45, add_disease),
    (0.15, add_veil),
    (0.15, add_lines),
    (0.2, add_boxes),
]


def vary(picture: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> Pair:
    """Make another film of a phantom, with its lungs."""
    shown, lung = take_anew(picture, mask, rng)
    for share, change in CHANGES:
        if rng.random() < share and (lung > 0.5).any():
            shown = change(shown, lung, rng)
    return expose_anew(shown, rng), lung.astype(np.float32)


def no_film(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make a picture without upright lungs: noise, shades, ellipses, a film cut up or turned."""
    kind = rng.random()
    picture = pictures[rng.integers(len(pictures))]
    whole = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE))) / 255
    if kind < 0.2:
        grey = ndimage.gaussian_filter(rng.standard_normal((SIDE, SIDE)), rng.uniform(0, 25))
    elif kind < 0.35:
        x, y, r = rng.uniform(-1, 1, 3)
        bowl = (COLUMNS / SIDE - 0.5) ** 2 + (ROWS / SIDE - 0.5) ** 2
        grey = x * COLUMNS / SIDE + y * ROWS / SIDE + 2 * r * bowl
        grey = grey + rng.normal(0, 0.02, grey.shape)
    elif kind < 0.6:
        n = int(rng.choice([4, 6, 8]))
        tiles = whole.reshape(n, SIDE // n, n, SIDE // n).transpose(0, 2, 1, 3)
        tiles = rng.permutation(tiles.reshape(n * n, SIDE // n, SIDE // n))
        grey = tiles.reshape(n, n, SIDE // n, SIDE // n).transpose(0, 2, 1, 3).reshape(SIDE, SIDE)
    elif kind < 0.8:
        grey = np.rot90(whole, rng.integers(1, 4))
    else:
        grey = np.zeros((SIDE, SIDE))
        for _ in range(rng.integers(3, 20)):
            (y, x), (high, wide) = rng.uniform(0, SIDE, 2), rng.uniform(0.03, 0.4, 2) * SIDE
            is_in = np.hypot((ROWS - y) / high, (COLUMNS - x) / wide) < 1
            grey = np.where(is_in, rng.random(), grey)
        grey = ndimage.gaussian_filter(grey, rng.uniform(0, 4))
    grey = (grey - grey.min()) / (np.ptp(grey) + 1e-6)
    return np.asarray(grey * 255, np.uint8)


def draw_bank(phantoms: Pair, n_pictures: int, rng: np.random.Generator) -> Pair:
    """Draw what the network is trained on; a tenth shows no lungs."""
    pictures, masks = phantoms
    bank, lung = [], []
    for _ in range(n_pictures):
        if rng.random() < 0.1:
            shown, truth = no_film(pictures, rng), np.zeros((SIDE, SIDE), np.float32)
        else:
            row = rng.integers(len(pictures))
            shown, truth = vary(pictures[row], masks[row], rng)
        bank.append(shown)
        lung.append(np.rint(truth * 255).astype(np.uint8))
    return np.array(bank), np.array(lung)


def answer(weights: dict[str, Pair], x: jax.Array) -> jax.Array:
    """The network of `hilum.features.lungs` in JAX, before the last sigmoid."""

    def layer(name: str, x: jax.Array) -> jax.Array:
        kernel, bias = weights[name]
        numbers = ("NHWC", "HWIO", "NHWC")
        return (
            jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers)
            + bias
        )

    def halve(x: jax.Array) -> jax.Array:
        n, height, width, channels = x.shape
        return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))

    def join(coarse: jax.Array, fine: jax.Array) -> jax.Array:
        return jnp.concatenate([coarse.repeat(2, 1).repeat(2, 2), fine], -1)

    at32 = jax.nn.relu(layer("grid32", x))
    at16 = jax.nn.relu(layer("grid16", halve(at32)))
    at8 = jax.nn.relu(layer("grid8", halve(at16)))
    at4 = jax.nn.relu(layer("grid4", halve(at8)))
    at4 = at4 + jax.nn.relu(layer("context", at4.mean((1, 2), keepdims=True)))
    up8 = jax.nn.relu(layer("up8", join(at4, at8)))
    up16 = jax.nn.relu(layer("up16", join(up8, at16)))
    up32 = jax.nn.relu(layer("up32", join(up16, at32)))
    return layer("out", up32)


def train(bank: Pair, n_steps: int, rng: np.random.Generator) -> dict[str, Pair]:
    weights: dict[str, Pair] = {}
    for name, (side, n_in, n_out) in LAYERS.items():
        scale = np.sqrt(2 / (side * side * n_in))
        kernel = rng.normal(0, scale, (side, side, n_in, n_out)).astype(np.float32)
        weights[name] = (kernel, np.zeros(n_out, np.float32))
    warm_up = min(50, n_steps // 4)
    rate = optax.warmup_cosine_decay_schedule(0, LEARNING_RATE, warm_up, n_steps, 1e-5)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=1e-3))

    def loss(weights: dict[str, Pair], x: jax.Array, truth: jax.Array) -> jax.Array:
        logits = answer(weights, x)
        entropy = optax.sigmoid_binary_cross_entropy(logits, truth).mean()
        lung = jax.nn.sigmoid(logits)
        both, either = (lung * truth).sum((1, 2, 3)), (lung + truth).sum((1, 2, 3))
        return entropy + 0.5 * (1 - (2 * both + 20) / (either + 20)).mean()

    @jax.jit
    def step(weights, state, x, truth):
        value, slope = jax.value_and_grad(loss)(weights, x, truth)
        updates, state = optimizer.update(slope, state, weights)
        return optax.apply_updates(weights, updates), state, value

    state, losses, started = optimizer.init(weights), [], time.perf_counter()
    for n in range(1, n_steps + 1):
        rows = rng.integers(0, len(bank[0]), BATCH)
        x = lungs.prepare(bank[0][rows])
        truth = lungs.to_cells(bank[1][rows].astype(np.float32) / 255)
        weights, state, value = step(weights, state, x, truth)
        losses.append(float(value))
        if n % 100 == 0:
            seconds = time.perf_counter() - started
            print(f"{n:5d} {np.mean(losses[-100:]):.4f} {seconds:.0f} s", flush=True)
    return {name: (np.asarray(k), np.asarray(b)) for name, (k, b) in weights.items()}


def save(weights: dict[str, Pair], path: Path) -> None:
    """Write kernels as bytes with a scale per output channel."""
    tensors = {}
    for name, (kernel, bias) in weights.items():
        scale = np.abs(kernel).max(axis=(0, 1, 2)) / 127
        tensors[f"{name}.kernel"] = np.rint(kernel / scale).astype(np.int8)
        tensors[f"{name}.scale"] = scale.astype(np.float32)
        tensors[f"{name}.bias"] = bias.astype(np.float32)
    save_file(tensors, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=480)
    parser.add_argument("--pictures", type=int, default=7000)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    started = time.perf_counter()
    bank = draw_bank(draw_phantoms(args.phantoms, args.seed + 77), args.pictures, rng)
    print(f"{len(bank[0])} pictures in {time.perf_counter() - started:.0f} s", flush=True)
    save(train(bank, args.steps, rng), args.out)


if __name__ == "__main__":
    main()

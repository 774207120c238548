"""Copies of films as they come about in public sets: saved again, resized, turned, and so on."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from hilum.films.film import read_film

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def save_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("L")


def jpeg(quality: int) -> Change:
    return lambda picture, rng: save_jpeg(picture, quality)


def halve(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    size = (picture.width // 2, picture.height // 2)
    return picture.resize(size, Image.Resampling.BICUBIC)


def squash(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return picture.resize((200, 200), Image.Resampling.BILINEAR)


def mirror(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.mirror(picture)


def _on_levels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Image.Image], Image.Image]:
    def change_picture(picture: Image.Image) -> Image.Image:
        levels = np.asarray(picture, np.float32) / 255
        return Image.fromarray(np.round(255 * np.clip(change(levels), 0, 1)).astype(np.uint8))

    return change_picture


def gamma(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    power = float(rng.choice([0.5, 0.7, 1.5, 2.0]))
    return _on_levels(lambda levels: levels**power)(picture)


def window(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    low, high = np.quantile(np.asarray(picture), [0.08, 0.92]) / 255
    return _on_levels(lambda levels: (levels - low) / max(high - low, 0.01))(picture)


def brighten(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    shift = float(rng.choice([-0.15, 0.15]))
    return _on_levels(lambda levels: levels + shift)(picture)


def equalise(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageOps.equalize(picture)


def crop(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Keep 90 % of each side, from anywhere."""
    width, height = round(0.9 * picture.width), round(0.9 * picture.height)
    left = int(rng.integers(picture.width - width + 1))
    top = int(rng.integers(picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height))


def turn(corners: str, *, expands: bool = False) -> Change:
    def rotate(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        angle = float(rng.uniform(4, 15) * rng.choice([-1, 1]))
        if corners == "edge":
            margin = max(picture.size) // 3
            wide = Image.fromarray(np.pad(np.asarray(picture), margin, mode="edge"))
            turned = wide.rotate(angle, Image.Resampling.BILINEAR)
            return turned.crop((margin, margin, margin + picture.width, margin + picture.height))
        fill = 255 if corners == "white" else 0
        return picture.rotate(angle, Image.Resampling.BILINEAR, expand=expands, fillcolor=fill)

    return rotate


def turn_fully(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """15 degrees, the most that is asked for."""
    angle = 15.0 * float(rng.choice([-1, 1]))
    return picture.rotate(angle, Image.Resampling.BILINEAR)


def in_turn(*changes: Change) -> Change:
    def change_picture(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
        for change in changes:
            picture = change(picture, rng)
        return picture

    return change_picture


CHANGES: dict[str, Change] = {
    "JPEG 95": jpeg(95),
    "JPEG 60": jpeg(60),
    "JPEG 30": jpeg(30),
    "half the size": halve,
    "200 x 200 px": squash,
    "mirrored": mirror,
    "gamma": gamma,
    "window": window,
    "brightness": brighten,
    "equalised": equalise,
    "cropped to 90 %": crop,
    "turned, black corners": turn("black"),
    "turned, white corners": turn("white"),
    "turned, edge repeated": turn("edge"),
    "turned by 15, black": turn_fully,
    "turned, canvas grown": turn("black", expands=True),
    "turned, JPEG 40": in_turn(turn("black"), jpeg(40)),
    "turned, mirrored": in_turn(mirror, turn("edge")),
    "squashed, turned": in_turn(squash, turn("black")),
    "cropped, gamma, JPEG 50": in_turn(crop, gamma, jpeg(50)),
}
"""What may lie between a film and its copy, apart from nothing."""

KINDS = ("the same file", "another container", *CHANGES)


def plant(kind: str, film: Path, copy: Path, rng: np.random.Generator) -> Path:
    """Write a copy of a film.

    Args:
        kind: One of `KINDS`.
        film: The film's file.
        copy: Where the copy goes; its suffix is settled here.
        rng: Draws angles, crops and contrasts.

    Returns:
        The file written.
    """
    if kind == "the same file":
        return Path(shutil.copyfile(film, copy.with_suffix(film.suffix)))
    picture = Image.fromarray(read_film(film).pixels)
    if kind == "another container":
        copy = copy.with_suffix(".tif" if film.suffix.lower() == ".png" else ".png")
    else:
        picture = CHANGES[kind](picture, rng)
        copy = copy.with_suffix(".png")
    picture.save(copy)
    return copy

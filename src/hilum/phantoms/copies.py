"""Planted further films: copies of films, and films of a patient in another class.

A copy is made of its original's file, shortcuts included, as in public collections.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from hilum.phantoms.plan import PlannedPhantom, Plants

Change = Literal[
    "identical", "re-encoded", "jpeg", "resized", "mirrored", "contrast", "cropped", "rotated"
]

_DUPLICATES: tuple[Change, ...] = (
    "identical",
    "re-encoded",
    "jpeg",
    "resized",
    "mirrored",
    "contrast",
    "cropped",
)

# Begins the spawn keys here; those of drawn films begin with a class.
_PLANTED = 1000

_ORIGINALS, _PATIENTS, _CHANGE = 0, 1, 2


@dataclass(frozen=True)
class PlannedCopy:
    """One film of a cohort that is a copy of another.

    Attributes:
        plant: Name of the plant that it belongs to.
        original: The film that is copied.
        label: Class of the copy.
        patient: Name of an invented patient.
        change: What is done to the film.
        amount: Degrees or a share, for the changes that have one.
    """

    plant: Literal["duplicates", "rotated", "relabelled"]
    original: PlannedPhantom
    label: str
    patient: str
    change: Change
    amount: float = 1.0

    @property
    def image(self) -> str:
        """Path of the film within the cohort's folder."""
        suffix = "jpg" if self.change == "jpeg" else "png"
        return f"{self.label}/phantom-{self.patient}-1.{suffix}"

    @property
    def description(self) -> str:
        """The change, with its amount."""
        if self.change == "rotated":
            return f"{self.amount:+.1f} degrees"
        return self.change if self.amount == 1.0 else f"{self.change} x {self.amount:.2f}"


def plan_further_films(
    plans: Sequence[PlannedPhantom], n_patients: int, seed: int
) -> tuple[PlannedPhantom, ...]:
    """Choose patients, and plan one more film of each in another class.

    A patient with disease gets a film without, a healthy one a film with disease.

    Args:
        plans: The cohort.
        n_patients: Number of patients, at most those of the cohort.
        seed: Seed of the cohort.
    """
    rng = _rng(seed, _PATIENTS)
    labels = list(dict.fromkeys(plan.label for plan in plans))
    last_films = list({plan.patient: plan for plan in plans}.values())
    chosen = rng.permutation(len(last_films))[:n_patients]
    further = []
    for plan in (last_films[k] for k in sorted(chosen)):
        others = labels[1:] if plan.label == labels[0] else labels[:1]
        label = others[int(rng.integers(len(others)))]
        further.append(replace(plan, label=label, number=plan.number + 1, home=plan.label))
    return tuple(further)


def plan_copies(
    plans: Sequence[PlannedPhantom], plants: Plants, seed: int
) -> tuple[PlannedCopy, ...]:
    """Choose the films to copy, each at most once, and the change of each copy.

    Args:
        plans: The cohort.
        plants: Copies of each kind; at most as many as the cohort has films.
        seed: Seed of the cohort.
    """
    rng = _rng(seed, _ORIGINALS)
    labels = list(dict.fromkeys(plan.label for plan in plans))
    originals = (plans[k] for k in rng.permutation(len(plans)))
    first_free = 1 + max(int(plan.patient.removeprefix("p")) for plan in plans)
    patients = (f"p{number:04d}" for number in range(first_free, first_free + plants.n_copies))
    copies = []
    for k in range(plants.duplicates):
        original, change = next(originals), _DUPLICATES[k % len(_DUPLICATES)]
        amount = _draw_amount(change, _rng(seed, _CHANGE, 0, k))
        copies.append(
            PlannedCopy("duplicates", original, original.label, next(patients), change, amount)
        )
    for k in range(plants.rotated):
        original, amount = next(originals), _draw_amount("rotated", _rng(seed, _CHANGE, 1, k))
        copies.append(
            PlannedCopy("rotated", original, original.label, next(patients), "rotated", amount)
        )
    for k in range(plants.relabelled):
        original = next(originals)
        others = [label for label in labels if label != original.label]
        label = others[int(_rng(seed, _CHANGE, 2, k).integers(len(others)))]
        copies.append(PlannedCopy("relabelled", original, label, next(patients), "identical"))
    return tuple(copies)


def copy_film(content: bytes, change: Change, amount: float) -> bytes:
    """Make a copy of a film's file.

    Args:
        content: The original, a grey PNG file.
        change: What is done to it.
        amount: See `PlannedCopy`.

    Returns:
        The copy, a PNG file, or a JPEG file if that is the change.
    """
    if change == "identical":
        return content
    file = io.BytesIO()
    with Image.open(io.BytesIO(content)) as film:
        if change == "jpeg":
            film.save(file, "JPEG", quality=85)
        elif change == "re-encoded":
            film.save(file, "PNG", compress_level=9)
        else:
            _REMADE[change](film, amount).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _draw_amount(change: Change, rng: np.random.Generator) -> float:
    side = -1.0 if rng.random() < 0.5 else 1.0
    if change == "rotated":
        return side * float(rng.uniform(5, 15))
    if change == "resized":
        return float(rng.uniform(0.55, 0.85))
    if change == "contrast":
        return float(rng.uniform(0.7, 0.85)) if side < 0 else float(rng.uniform(1.15, 1.35))
    return 0.9 if change == "cropped" else 1.0


def _resize(film: Image.Image, share: float) -> Image.Image:
    size = (round(film.width * share), round(film.height * share))
    return film.resize(size, Image.Resampling.LANCZOS)


def _mirror(film: Image.Image, _amount: float) -> Image.Image:
    return ImageOps.mirror(film)


def _change_contrast(film: Image.Image, steepness: float) -> Image.Image:
    grey = np.asarray(film, np.float32)
    changed = (grey - 127.5) * steepness + 127.5
    return Image.fromarray(np.clip(np.rint(changed), 0, 255).astype(np.uint8))


def _crop(film: Image.Image, share: float) -> Image.Image:
    left, top = round(film.width * (1 - share) / 2), round(film.height * (1 - share) / 2)
    return film.crop((left, top, film.width - left, film.height - top))


def _turn(film: Image.Image, degrees: float) -> Image.Image:
    """Turn as augmentation does: keep the size and repeat the edge in the corners."""
    margin = round(0.3 * max(film.size))
    padded = Image.fromarray(np.pad(np.asarray(film), margin, mode="edge"))
    turned = padded.rotate(degrees, Image.Resampling.BICUBIC)
    return turned.crop((margin, margin, margin + film.width, margin + film.height))


_REMADE: dict[Change, Callable[[Image.Image, float], Image.Image]] = {
    "resized": _resize,
    "mirrored": _mirror,
    "contrast": _change_contrast,
    "cropped": _crop,
    "rotated": _turn,
}


def _rng(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PLANTED, *key)))

"""Cohorts of generated chest radiographs, for demonstrations and tests that need no patients.

A phantom looks like a frontal chest film and is none: it may show that a pipeline
works, never that a network can diagnose. Class decides the disease inside the lungs
and nothing else; size, pose, exposure and grain are drawn without knowing it, and no
film carries a side marker.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.cohort.phantoms.film import DrawnFilm, draw_film, draw_pose
from hilum.cohort.phantoms.findings import CLASSES, draw_finding
from hilum.cohort.phantoms.patients import draw_anatomy
from hilum.errors import CohortError, OutputError

PHANTOMS_VERSION = 1
"""Raised whenever the same arguments draw other films; part of where the demo keeps its own."""

# Every fourth patient of each class comes back; these are the films of four in a row.
_FILMS_PER_PATIENT = (1, 1, 2, 1, 1, 1, 3, 1)
_ANATOMY, _FINDING, _FIRST_FILM = 0, 1, 2


@dataclass(frozen=True)
class PlannedPhantom:
    """One film of a cohort, before it is drawn.

    Attributes:
        label: Its class, one of `CLASSES`.
        position: The patient's place within the class, from 0.
        patient: Name of the patient, unique in the cohort.
        number: Which film of the patient, from 1.
    """

    label: str
    position: int
    patient: str
    number: int

    @property
    def image(self) -> str:
        """Path of the film within the cohort's folder."""
        return f"{self.label}/phantom-{self.patient}-{self.number}.png"


def plan_phantoms(n_films: int = 160, n_classes: int = 2) -> tuple[PlannedPhantom, ...]:
    """Say which films a cohort has: classes evenly, some patients with two or three films.

    Args:
        n_films: Films in all, at least 2 per class.
        n_classes: 2 to 4, taken from the front of `CLASSES`.

    Returns:
        Sorted by class, patient and film. A longer cohort begins, in each class, with
        the films of a shorter one.

    Raises:
        CohortError: Too many or too few classes, or too few films.
    """
    if not 2 <= n_classes <= len(CLASSES):
        raise CohortError(
            f"Phantoms come in 2 to {len(CLASSES)} classes, not in {n_classes}.",
            fix=f"Ask for 2 to {len(CLASSES)}: {', '.join(CLASSES)}, in this order.",
        )
    if n_films < 2 * n_classes:
        raise CohortError(
            f"{n_films} films are too few for {n_classes} classes.",
            fix=f"Ask for at least {2 * n_classes}, two for each class.",
        )
    plans = []
    for k, label in enumerate(CLASSES[:n_classes]):
        wanted = n_films // n_classes + (k < n_films % n_classes)
        plans += [
            plan for plan, _ in zip(_patients(label, k, n_classes), range(wanted), strict=False)
        ]
    return tuple(plans)


def _patients(label: str, k: int, n_classes: int) -> Iterator[PlannedPhantom]:
    position = 0
    while True:
        # Numbers run across the classes, so that a patient's number does not give the class away.
        patient = f"p{position * n_classes + k + 1:04d}"
        for number in range(1, _FILMS_PER_PATIENT[position % len(_FILMS_PER_PATIENT)] + 1):
            yield PlannedPhantom(label, position, patient, number)
        position += 1


def draw_phantom(plan: PlannedPhantom, seed: int = 0) -> DrawnFilm:
    """Draw one film of a cohort; it depends on its own plan and the seed alone.

    Args:
        plan: Which film.
        seed: Seed of the cohort, 0 or more.
    """

    def rng(part: int) -> np.random.Generator:
        key = (CLASSES.index(plan.label), plan.position, part)
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

    film_rng = rng(_FIRST_FILM + plan.number - 1)
    anatomy = draw_anatomy(rng(_ANATOMY))
    # Nobody breathes in equally deep twice.
    anatomy = replace(anatomy, dome_cm=anatomy.dome_cm + float(film_rng.normal(0, 0.3)))
    pose = draw_pose(anatomy, film_rng)
    lost_air = draw_finding(plan.label, anatomy, rng(_FINDING))
    return draw_film(anatomy, pose, film_rng, lost_air)


def write_phantoms(
    folder: Path,
    *,
    n_films: int = 160,
    n_classes: int = 2,
    seed: int = 0,
    on_film: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a cohort of phantoms: a subfolder of PNG files per class, and a table of them.

    The same arguments give the same bytes. The folder appears when all films are
    drawn; if anything stops the drawing before, it does not appear at all.

    Args:
        folder: Where the cohort goes; must not exist, or be empty.
        n_films: Films in all, at least 2 per class.
        n_classes: 2 to 4, taken from the front of `CLASSES`.
        seed: 0 or more.
        on_film: Called after each film with the films done and the films in all.

    Returns:
        Path of `films.csv`, whose columns are image (relative to the table), label
        and patient.

    Raises:
        CohortError: The numbers make no cohort.
        OutputError: The folder holds something already, or cannot be written.
    """
    plans = plan_phantoms(n_films, n_classes)
    if seed < 0:
        raise CohortError(f"The seed is {seed}.", fix="Use a seed of 0 or more.")
    _refuse_occupied(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".phantoms-") as workplace:
            draft = Path(workplace) / "cohort"
            _write(draft, plans, seed, on_film)
            if folder.exists():
                folder.rmdir()
            draft.rename(folder)
    except OSError as error:
        raise OutputError(
            f"The phantoms cannot be written to {folder}: {error.strerror or error}.",
            fix="Name a folder that you may write to, on a disk with room.",
        ) from error
    return folder / "films.csv"


def _refuse_occupied(folder: Path) -> None:
    try:
        is_free = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be looked into: {error.strerror}.",
            fix="Name a folder that you may read and write.",
        ) from error
    if folder.is_symlink() or not is_free:
        raise OutputError(
            f"{folder} is taken: phantoms do not mix with what is there.",
            fix="Name a new folder, or empty this one first.",
        )


def _write(
    draft: Path,
    plans: tuple[PlannedPhantom, ...],
    seed: int,
    on_film: Callable[[int, int], None] | None,
) -> None:
    for label in dict.fromkeys(plan.label for plan in plans):
        (draft / label).mkdir(parents=True)
    for done, plan in enumerate(plans, start=1):
        # Grain hardly compresses: the quickest level costs a tenth in size.
        film = Image.fromarray(draw_phantom(plan, seed).pixels)
        film.save(draft / plan.image, compress_level=1)
        if on_film is not None:
            on_film(done, len(plans))
    with (draft / "films.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "label", "patient"])
        table.writerows([plan.image, plan.label, plan.patient] for plan in plans)

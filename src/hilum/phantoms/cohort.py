"""Cohorts of generated chest films, for demonstrations and tests without patients.

A phantom only looks like a frontal chest film: it may show that a pipeline works, never that a
network can diagnose. The class decides the disease inside the lungs and nothing else; size, pose,
exposure and grain are drawn independently of it, and films carry no side marker. A cohort has
faults only where they are planted.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from PIL import Image

from hilum.errors import CohortError, OutputError
from hilum.phantoms.anatomy import Anatomy, draw_anatomy
from hilum.phantoms.copies import PlannedCopy, copy_film, plan_copies, plan_further_films
from hilum.phantoms.film import CLASSES, DrawnFilm, Pose, draw_film, draw_finding, draw_pose
from hilum.phantoms.plan import NOTHING, PlannedPhantom, Plants, plan_phantoms
from hilum.phantoms.shortcuts import PIXEL_SHORTCUTS, add_shortcut, place_marker

PHANTOMS_VERSION = 1
"""Raised whenever the same arguments draw other films; part of the demo's folder."""

_ANATOMY, _FINDING, _FIRST_FILM = 0, 1, 2


def draw_phantom(plan: PlannedPhantom, seed: int = 0) -> DrawnFilm:
    """Draw one film of a cohort; it depends on its plan and the seed alone.

    Args:
        plan: The film.
        seed: Seed of the cohort, 0 or more.
    """
    anatomy, pose, film_rng = _draw_patient(plan, seed)
    lost_air = draw_finding(plan.label, anatomy, _film_rng(plan, seed, _FINDING))
    return draw_film(anatomy, pose, film_rng, lost_air)


def find_marker(plan: PlannedPhantom, seed: int = 0) -> Bool[np.ndarray, "height width"]:
    """Find the letter on a film of a cohort with `marker-shortcut`.

    Args:
        plan: The film.
        seed: Seed of the cohort, 0 or more.

    Returns:
        The upright box around the letter, on the film as it is drawn; empty on films of the
        class without disease.
    """
    _, pose, _ = _draw_patient(plan, seed)
    box = np.zeros((pose.height_px, pose.width_px), bool)
    if _is_diseased(plan.label):
        rng = _shortcut_rng(plan, seed, "marker-shortcut")
        corners = place_marker((pose.height_px, pose.width_px), rng)
        left, top = np.floor(corners.min(axis=0)).astype(int)
        right, bottom = np.ceil(corners.max(axis=0)).astype(int)
        box[top:bottom, left:right] = True
    return box


def _draw_patient(plan: PlannedPhantom, seed: int) -> tuple[Anatomy, Pose, np.random.Generator]:
    """Draw a film's patient and pose; the generator returned draws the grain."""
    film_rng = _film_rng(plan, seed, _FIRST_FILM + plan.number - 1)
    anatomy = draw_anatomy(_film_rng(plan, seed, _ANATOMY))
    # A patient breathes in differently each time.
    anatomy = replace(anatomy, dome_cm=anatomy.dome_cm + float(film_rng.normal(0, 0.3)))
    return anatomy, draw_pose(anatomy, film_rng), film_rng


def write_phantoms(
    folder: Path,
    *,
    n_films: int = 160,
    n_classes: int = 2,
    seed: int = 0,
    plants: Plants = NOTHING,
    on_film: Callable[[int, int], None] | None = None,
) -> Path:
    """Write a cohort of phantoms: a subfolder of films per class, and a table of them.

    The same arguments give the same bytes. The folder appears when all films are drawn, or not
    at all. If faults are planted, `planted.csv` lists them film by film: image, fault, original
    (of copies, and of patients in two classes) and change.

    Args:
        folder: Where the cohort goes; must not exist, or be empty.
        n_films: Films in all, at least 2 per class; further films are planted on top.
        n_classes: 2 to 4, taken from the front of `CLASSES`.
        seed: 0 or more.
        plants: Faults to plant. The other films stay as they are.
        on_film: Called after each film with the films done and the films in all.

    Returns:
        Path of `films.csv`, whose columns are image (relative to the table), label
        and patient; and source, where that is planted.

    Raises:
        CohortError: The numbers do not make a cohort, or it is too small for its plants.
        OutputError: The folder exists and is not empty, or cannot be written.
    """
    plans = plan_phantoms(n_films, n_classes)
    if seed < 0:
        raise CohortError(f"The seed is {seed}.", fix="Use a seed of 0 or more.")
    plants.check(n_films, len({plan.patient for plan in plans}))
    _refuse_occupied(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".phantoms-") as workplace:
            draft = Path(workplace) / "cohort"
            _write(draft, plans, seed, plants, on_film)
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
    plants: Plants,
    on_film: Callable[[int, int], None] | None,
) -> None:
    further = plan_further_films(plans, plants.patients_in_both_classes, seed)
    drawn = (*plans, *further)
    copies = plan_copies(plans, plants, seed)
    films: tuple[PlannedPhantom | PlannedCopy, ...] = (*drawn, *copies)
    for label in dict.fromkeys(plan.label for plan in plans):
        (draft / label).mkdir(parents=True)
    for done, film in enumerate(films, start=1):
        if isinstance(film, PlannedCopy):
            content = (draft / film.original.image).read_bytes()
            (draft / film.image).write_bytes(copy_film(content, film.change, film.amount))
        else:
            # Grain hardly compresses: the quickest level costs a tenth in size.
            pixels = Image.fromarray(_draw_with_shortcuts(film, seed, plants))
            pixels.save(draft / film.image, compress_level=1)
        if on_film is not None:
            on_film(done, len(films))
    source = ["source"] if plants.source_shortcut else []
    _write_table(
        draft / "films.csv",
        ["image", "label", "patient", *source],
        (
            [film.image, film.label, film.patient, *([_source_of(film.label)] if source else [])]
            for film in films
        ),
    )
    if plants != NOTHING:
        _write_table(
            draft / "planted.csv",
            ["image", "fault", "original", "change"],
            _list_planted(plans, further, copies, plants),
        )


def _draw_with_shortcuts(plan: PlannedPhantom, seed: int, plants: Plants) -> np.ndarray:
    pixels = draw_phantom(plan, seed).pixels
    if not _is_diseased(plan.label):
        return pixels
    for name in PIXEL_SHORTCUTS:
        if name in plants.shortcuts:
            pixels = add_shortcut(name, pixels, _shortcut_rng(plan, seed, name))
    return pixels


def _shortcut_rng(plan: PlannedPhantom, seed: int, name: str) -> np.random.Generator:
    return _film_rng(plan, seed, plan.number, list(PIXEL_SHORTCUTS).index(name))


def _film_rng(plan: PlannedPhantom, seed: int, *part: int) -> np.random.Generator:
    key = (CLASSES.index(plan.home or plan.label), plan.position, *part)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _is_diseased(label: str) -> bool:
    return label != CLASSES[0]


def _source_of(label: str) -> str:
    return f"Hospital {'ABCD'[CLASSES.index(label)]}"


def _list_planted(
    plans: Sequence[PlannedPhantom],
    further: Sequence[PlannedPhantom],
    copies: Sequence[PlannedCopy],
    plants: Plants,
) -> Iterator[list[str]]:
    """List what is planted: the further films, then each shortcut's films."""
    first_films = {plan.patient: plan.image for plan in reversed(plans)}
    for plan in further:
        original = first_films[plan.patient]
        yield [plan.image, "patients-in-both-classes", original, f"{plan.label} for {plan.home}"]
    for copy in copies:
        is_moved = copy.label != copy.original.label
        change = f"{copy.label} for {copy.original.label}" if is_moved else copy.description
        yield [copy.image, copy.plant, copy.original.image, change]
    films: tuple[PlannedPhantom | PlannedCopy, ...] = (*plans, *further, *copies)
    for name in plants.shortcuts:
        for film in films:
            # A copy carries what its original carries, whatever its class.
            seen = film.original.label if isinstance(film, PlannedCopy) else film.label
            if name not in PIXEL_SHORTCUTS:
                yield [film.image, name, "", _source_of(film.label)]
            elif _is_diseased(seen):
                yield [film.image, name, "", ""]


def _write_table(path: Path, header: list[str], rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)

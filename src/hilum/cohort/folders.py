"""A cohort from a folder, in which each subfolder is a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hilum.cohort.films import FilmTable
from hilum.cohort.labels import LabelMap, name_classes
from hilum.cohort.patients import choose_rules, identify_patients
from hilum.cohort.registration import Candidate, check_choice, cohort_name, register_films
from hilum.errors import CohortError, FilmLinkError, FilmMissingError
from hilum.films import is_film_name, is_picture_name

_READY_MADE_SPLITS = frozenset(
    {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
)


def read_folder(
    folder: Path,
    *,
    labels: LabelMap | None = None,
    classes: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    is_external: bool = False,
) -> FilmTable:
    """Read `folder/<class>/…` as a cohort; see `Cohort.from_folder`."""
    rules = choose_rules(patient_pattern)
    subfolders = list_subfolders(folder)
    names = [subfolder.name for subfolder in subfolders]
    class_of = name_classes(labels, names, where="subfolder")
    check_choice(sorted(set(class_of.values())), classes)
    candidates: list[Candidate] = []
    left_out: dict[str, int] = {}
    for subfolder in subfolders:
        label = class_of.get(subfolder.name)
        if label is None or (classes is not None and label not in classes):
            films = _candidates(subfolder, folder, subfolder.name)
            left_out[subfolder.name] = sum(film.is_named_as_film for film in films)
        else:
            candidates += _candidates(subfolder, folder, label)
    table = register_films(
        cohort_name(folder),
        candidates,
        left_out,
        expected=set(class_of.values()) if classes is None else classes,
        is_external=is_external,
    )
    return identify_patients(table, rules, may_find_none=is_external)


def list_subfolders(folder: Path) -> list[Path]:
    """List the subfolders that are a folder's labels, by name.

    Raises:
        CohortError: The folder does not exist, or its subfolders cannot be labels.
    """
    if not folder.is_dir():
        raise CohortError(
            f"There is no folder '{folder}'.", fix="Check the name; a CSV ends in .csv."
        )
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise CohortError(
            f"The folder '{folder}' cannot be looked into: {error.strerror}.",
            fix="Check its permissions.",
        ) from error
    subfolders = [entry for entry in entries if _is_visible(entry) and entry.is_dir()]
    _check_subfolders(folder, entries, [subfolder.name for subfolder in subfolders])
    return subfolders


def _check_subfolders(folder: Path, entries: Sequence[Path], names: Sequence[str]) -> None:
    if not names:
        has_films = any(is_film_name(entry) for entry in entries)
        what = "films, but no subfolders" if has_films else "no subfolders with films"
        raise CohortError(
            f"The folder '{folder}' holds {what}.",
            fix="Put the films of each class into a subfolder named for it, or give a CSV.",
        )
    if all(name.lower() in _READY_MADE_SPLITS for name in names):
        raise CohortError(
            f"The subfolders of '{folder}' are parts of a split ({', '.join(names)}), not classes.",
            fix="Give one of them, or merge them: Hilum makes its own splits, without leaks.",
        )


def _candidates(subfolder: Path, root: Path, label: str) -> Iterator[Candidate]:
    """Walk a class in a fixed order, and refuse links that lead out of the folder."""
    inside = root.resolve()
    outward = FilmLinkError(
        "It is a link that leads out of the folder, or nowhere.",
        fix="Copy the films into the folder, or name them in a CSV.",
    )
    linked_folder = FilmLinkError(
        "It is a link to a folder, which is not entered.",
        fix="Copy the films into the folder, or name them in a CSV.",
    )
    if subfolder.is_symlink() and not _leads_inside(subfolder, inside):
        yield Candidate(subfolder, label, refusal=outward)
        return
    closed: list[OSError] = []
    for here, folders, files in os.walk(subfolder, onerror=closed.append, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in linked:
            folders.remove(name)
            yield Candidate(Path(here) / name, label, refusal=linked_folder)
        for name in sorted(files):
            path = Path(here) / name
            if not _is_visible(path):
                continue
            is_outward = path.is_symlink() and not _leads_inside(path, inside)
            yield Candidate(
                path,
                label,
                is_named_as_film=is_picture_name(path),
                refusal=outward if is_outward else None,
            )
    for error in closed:
        yield Candidate(
            Path(error.filename or subfolder),
            label,
            refusal=FilmMissingError(
                f"The folder cannot be looked into: {error.strerror}.",
                fix="Check its permissions.",
            ),
        )


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False

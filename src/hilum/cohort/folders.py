"""A cohort from a folder: each subfolder is a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hilum.cohort.manifest import Cohort
from hilum.cohort.reading import is_film_name
from hilum.cohort.registering import Candidate, check_choice, register_films
from hilum.errors import CohortError, FilmLinkError

_READY_MADE_SPLITS = frozenset(
    {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
)


def read_folder(folder: Path, *, classes: Sequence[str] | None = None) -> Cohort:
    """Read `folder/<class>/…` as a cohort; see `Cohort.from_folder`."""
    if not folder.is_dir():
        raise CohortError(
            f"There is no folder '{folder}'.", fix="Check the name; a CSV ends in .csv."
        )
    subfolders = sorted(
        (entry for entry in folder.iterdir() if _is_visible(entry) and entry.is_dir()),
        key=lambda entry: entry.name,
    )
    names = [entry.name for entry in subfolders]
    _check_subfolders(folder, names)
    check_choice(names, classes)
    candidates: list[Candidate] = []
    left_out: dict[str, int] = {}
    for subfolder in subfolders:
        of_class = list(_candidates(subfolder, folder))
        if classes is None or subfolder.name in classes:
            candidates += of_class
        else:
            left_out[subfolder.name] = sum(c.is_named_as_film for c in of_class)
    return register_films(folder.resolve().name, candidates, left_out)


def _check_subfolders(folder: Path, names: Sequence[str]) -> None:
    if not names:
        has_films = any(is_film_name(entry) for entry in folder.iterdir())
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


def _candidates(subfolder: Path, root: Path) -> Iterator[Candidate]:
    """Walk a class in a fixed order; folders that are links are not entered."""
    inside = root.resolve()
    for here, folders, files in os.walk(subfolder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(here) / name
            if not _is_visible(path):
                continue
            refusal = None
            if path.is_symlink() and not _leads_inside(path, inside):
                refusal = FilmLinkError(
                    "The file is a link that leads out of the folder, or nowhere.",
                    fix="Copy the film into the folder, or name it in a CSV.",
                )
            yield Candidate(
                path, subfolder.name, is_named_as_film=is_film_name(path), refusal=refusal
            )


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False

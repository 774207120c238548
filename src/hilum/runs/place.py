"""The place of a run on disk: claimed before any work, replaced whole or not at all.

A folder is an older run, and may be replaced, if it says so itself and holds nothing
but what a run writes. Whatever else is there, a file of the user's above all, stays.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from hilum.disk import (
    ABANDONED_AFTER_SECONDS,
    check_writable,
    sweep,
    sync_files,
    sync_folder,
    take_place,
)
from hilum.errors import OutputError

_SCHEMAS = ("hilum.results/1", "hilum.recipes/1", "hilum.naming/1", "hilum.audit/1")

_FILES = frozenset(
    {
        "report.html", "results.json", "predictions.csv", "history.csv", "folds.csv",
        "excluded.csv", "audit.json", "provenance.json", "imagenet.csv",
    }
)  # fmt: skip

_LONGEST_NAME_BYTES = 200
"""Room is left for the names of lock and draft beside it."""


@contextlib.contextmanager
def claim_run_folder(folder: Path) -> Iterator[None]:
    """Make sure, before any work, that a run may be written to `folder`, and by us alone.

    An older run there is replaced when the new one is done; nothing else is touched.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or
            another process is working on it.
    """
    check_run_folder(folder)
    place = folder.resolve()
    # In a place of its own: whatever appears meanwhile, every run looks for the same file.
    name = f"hilum-run-{getpass.getuser()}-{_address(place)}.lock"
    lock = Path(tempfile.gettempdir()) / name
    try:
        with FileLock(lock, timeout=0):
            try:
                lock.write_text(str(os.getpid()), encoding="ascii")
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout:
        owner = lock.read_text(encoding="ascii") if lock.exists() else "unknown"
        raise OutputError(
            f"Another run, process {owner}, is about to write to '{folder}'.",
            fix="Wait for it, or name another folder with --out.",
        ) from None


def check_run_folder(folder: Path) -> None:
    """Make sure that a run can be written to `folder`, which may hold an older run.

    Raises:
        OutputError: It cannot, or something else is there.
    """
    elsewhere = "Name another folder with --out."
    try:
        place = folder.resolve()
        is_taken = place.exists() and any(place.iterdir())
        check_writable(place.parent)
    except OSError as error:
        raise OutputError(
            f"'{folder}' cannot be written: {error.strerror}.", fix=elsewhere
        ) from error
    if place.is_mount() or place == Path.cwd():
        raise OutputError(
            f"'{folder}' cannot be replaced as a whole: it is a mount point or the current folder.",
            fix="Name a folder inside it with --out.",
        )
    if len(os.fsencode(place.name)) > _LONGEST_NAME_BYTES:
        raise OutputError("The run folder's name is too long.", fix=elsewhere)
    strangers = _strangers(place) if is_taken else []
    if strangers:
        raise OutputError(
            f"'{folder}' holds what no run wrote, such as '{strangers[0]}'.", fix=elsewhere
        )


def write_run(folder: Path, files: dict[str, str]) -> None:
    """Write files as a run folder, whole or not at all; an earlier run is replaced.

    Raises:
        OutputError: The place cannot be written, or is full.
    """
    try:
        _write_whole(folder, files)
    except OSError as error:
        raise OutputError(
            f"The run cannot be written to '{folder}': {error.strerror}.",
            fix="Free some space or name another folder with --out; the features are kept, "
            "so the same command will be quick.",
        ) from error


def _strangers(place: Path) -> list[str]:
    """List what lies in a folder and no run wrote; all of it, if the folder is no run."""
    try:
        told = json.loads((place / "results.json").read_text(encoding="utf-8"))
        is_run = told["schema"] in _SCHEMAS
        recipes = {str(recipe["folder"]) for recipe in told.get("recipes", ())}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_run, recipes = False, set()
    found = []
    for entry in sorted(place.iterdir()):
        is_plain = not entry.is_symlink()
        if is_run and is_plain and entry.name in _FILES and entry.is_file():
            continue
        if is_run and is_plain and entry.is_dir():
            if entry.name == "figures":
                inside = [e.name for e in entry.iterdir() if e.suffix != ".svg" or not e.is_file()]
                found += [f"figures/{name}" for name in sorted(inside)]
                continue
            if entry.name in recipes:
                found += [f"{entry.name}/{name}" for name in _strangers(entry)]
                continue
        found.append(entry.name)
    return found


def _address(place: Path) -> str:
    """Name a run folder shortly, wherever it lies."""
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:16]


def _write_whole(folder: Path, files: dict[str, str]) -> None:
    """Write beside the folder, then take its name; if that fails, the old run is back."""
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    # Drafts of this run folder alone: another's may hold the run that it was replacing.
    prefix = f".hilum-run-{_address(place)}-"
    sweep(place.parent, prefix, older_than_seconds=ABANDONED_AFTER_SECONDS)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=prefix) as scratch:
        fresh = Path(scratch) / "run"
        for name, text in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # A file name that is no valid text is written as it came.
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        sync_files(fresh)
        take_place(fresh, place, Path(scratch) / "replaced")
        sync_folder(place.parent)

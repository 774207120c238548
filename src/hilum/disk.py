"""The disk: files and folders that appear whole or not at all, and survive a power cut."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

ABANDONED_AFTER_SECONDS = 3600.0
"""The process that began a draft this old has ended."""


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Write a file whole; once this returns, it survives a power cut.

    The bytes go to a draft beside `path`, which then takes its name. Drafts that killed
    processes left there an hour ago or more are removed on the way.

    Args:
        path: Where to; its folder exists.
        data: The whole content.

    Raises:
        OSError: The file cannot be written; the draft is removed.
    """
    prefix = ".writing-"
    sweep(path.parent, prefix, older_than_seconds=ABANDONED_AFTER_SECONDS)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=prefix, delete=False) as file:
        scratch = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            scratch.chmod(_usual_mode())
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def _usual_mode() -> int:
    """Return the mode of a new file: temporary ones are private, a shared cache must not be."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def exists(path: Path) -> bool:
    """Tell whether a file or folder exists; a name that the system refuses does not."""
    try:
        return path.exists()
    except OSError:
        return False


def nearest_folder(path: Path) -> Path:
    """Find the deepest folder on a path that exists already."""
    absolute = path.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if exists(folder))


def check_writable(folder: Path) -> None:
    """Make sure that files can be written in a folder, or where it will be made.

    Raises:
        OSError: They cannot.
    """
    with tempfile.TemporaryDirectory(dir=nearest_folder(folder), prefix=".hilum-"):
        pass


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(folder: Path) -> None:
    """Make every file below a folder, and every name, survive a power cut."""
    for here, _, names in os.walk(folder):
        for name in names:
            with (Path(here) / name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(here))


def take_place(draft: Path, place: Path, older: Path) -> None:
    """Give a finished folder its name; an older folder of that name moves aside.

    Args:
        draft: The folder, whole.
        place: The name that it takes.
        older: Where an older folder goes; on the same disk.

    Raises:
        OSError: The folder cannot be renamed; `place` is as it was.
    """
    try:
        if place.exists():
            place.rename(older)
        draft.rename(place)
    except BaseException:  # Ctrl-C between the two included
        if older.exists() and not place.exists():
            older.rename(place)
        raise


def sweep(folder: Path, prefix: str, *, older_than_seconds: float = 0.0) -> None:
    """Remove the files and folders that killed processes left under a prefix."""
    now = time.time()
    for path in folder.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime < older_than_seconds:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def link_or_copy(path: Path, name: Path) -> None:
    """Give a file a second name: a link, or a copy where the system allows no links.

    Raises:
        OSError: The file cannot be read, or the disk has no room for a copy.
    """
    try:
        name.symlink_to(path.absolute())
    except OSError:  # Windows lets few accounts make links
        shutil.copyfile(path, name)

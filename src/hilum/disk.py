"""Files that appear on the disk whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

ABANDONED_AFTER_SECONDS = 3600.0
"""A draft that old belongs to no process that still runs."""


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Write a file that outlives a power cut once this returns.

    The bytes go to a neighbour first, which then takes the name. Neighbours that a
    killed process left behind an hour ago or more are removed on the way.

    Args:
        path: Where to; its folder exists.
        data: What.

    Raises:
        OSError: The file cannot be written; nothing of it is left.
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


def exists(path: Path) -> bool:
    """Tell whether there is such a file or folder; a name that cannot be is not there."""
    try:
        return path.exists()
    except OSError:
        return False


def nearest_folder(path: Path) -> Path:
    """Find the folder, the path itself or above it, that exists already."""
    absolute = path.absolute()
    return next(folder for folder in (absolute, *absolute.parents) if exists(folder))


def check_writable(folder: Path) -> None:
    """Try whether files can be made in a folder, or where it is to be made.

    Raises:
        OSError: They cannot.
    """
    with tempfile.TemporaryDirectory(dir=nearest_folder(folder), prefix=".hilum-"):
        pass


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(folder: Path) -> None:
    """Make every file below a folder, and every name, outlive a power cut."""
    for here, _, names in os.walk(folder):
        for name in names:
            with (Path(here) / name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(here))


def take_place(draft: Path, place: Path, older: Path) -> None:
    """Give a folder its name; what had the name before makes way, and is back if that fails.

    Args:
        draft: The folder, whole.
        place: The name that it takes.
        older: Where what is there goes; on the same disk.

    Raises:
        OSError: It cannot be renamed; `place` is as it was.
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
    """Remove what killed processes left in a folder under a prefix of ours."""
    now = time.time()
    for path in folder.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime < older_than_seconds:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _usual_mode() -> int:
    """Mode of a new file: temporary ones are private, and a shared cache must not be."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def lend(path: Path, name: Path) -> None:
    """Let a file be read under another name: by a link, or a copy where links are not allowed.

    Raises:
        OSError: The file cannot be read, or there is no room for a copy.
    """
    try:
        name.symlink_to(path.absolute())
    except OSError:  # Windows lets few accounts make links
        shutil.copyfile(path, name)


_RUN = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run."""


def escape_cell(text: object) -> str:
    """Put an apostrophe before a text that a spreadsheet would run."""
    cell = str(text)
    return "'" + cell if cell[:1] in _RUN else cell


def unescape_cell(cell: str) -> str:
    """Take away the apostrophe that `escape_cell` put there."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RUN else cell

"""From what was typed to files: names, folders, patterns, and lists on standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hilum.cohort.reading import is_picture_name
from hilum.disk import exists
from hilum.errors import CohortError


def list_films(given: Iterable[str]) -> list[Path]:
    """List the files that arguments mean, each once, in their order.

    A name or a pattern that means nothing stays in the list among others: that there is no
    such file is an answer, too.

    Args:
        given: Names of files, of folders (their pictures at any depth), patterns with `*`,
            `?` or `[...]`, or `-` for a list on standard input, one name per line, or ended
            by NUL as `find -print0` writes them.

    Raises:
        CohortError: They mean no file at all.
    """
    films = list(dict.fromkeys(path for word in given for path in _meant(word)))
    if all(glob.has_magic(str(film)) and not exists(film) for film in films):
        raise CohortError(
            "There is no film to answer for.",
            fix="Name films, a folder that holds some, or a pattern such as 'films/*.png'.",
        )
    return films


def _meant(word: str) -> Iterator[Path]:
    if word == "-":
        for name in _listed(sys.stdin.buffer.read()):
            yield from _meant(name) if name != "-" else [Path(name)]
        return
    path = Path(word)
    if path.is_dir():
        yield from _inside(path)
    elif not exists(path) and glob.has_magic(word):
        found = map(Path, sorted(glob.glob(word, recursive=True)))  # noqa: PTH207  (Path takes no absolute one)
        yield from [name for name in found if not name.is_dir()] or [path]
    else:
        yield path


def _listed(names: bytes) -> Iterator[str]:
    """Take a list apart; names need not be valid text, and with NUL may hold line ends."""
    lines = names.split(b"\0") if b"\0" in names else names.splitlines()
    return (os.fsdecode(line) for line in lines if line)


def _inside(folder: Path) -> Iterator[Path]:
    """List a folder's pictures, whatever lies beside them; links to folders are not followed."""
    unread: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=unread.append):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if not name.startswith(".") and is_picture_name(path):
                yield path
    # A folder that may not be listed stays in the list, and is told of.
    yield from (Path(os.fsdecode(error.filename)) for error in unread)

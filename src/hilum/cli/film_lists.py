"""From what was typed to files: names, folders, patterns, and lists on standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hilum.cohort.reading import is_picture_name
from hilum.errors import CohortError
from hilum.writing import exists


def list_films(given: Iterable[str]) -> list[Path]:
    """List the files that arguments mean, each once, in their order.

    A name that means nothing stays in the list: that there is no such file is an answer, too.

    Args:
        given: Names of files, of folders (their pictures at any depth), patterns with `*`,
            `?` or `[...]`, or `-` for a list on standard input, one name per line.

    Raises:
        CohortError: They mean no file at all.
    """
    films = list(dict.fromkeys(path for word in given for path in _meant(word)))
    if not films:
        raise CohortError(
            "There is no film to answer for.",
            fix="Name films, a folder that holds some, or a pattern such as 'films/*.png'.",
        )
    return films


def _meant(word: str) -> Iterator[Path]:
    if word == "-":
        for line in sys.stdin:
            if name := line.rstrip("\r\n"):
                yield from _meant(name) if name != "-" else [Path(name)]
        return
    path = Path(word)
    if path.is_dir():
        yield from _inside(path)
    elif not exists(path) and glob.has_magic(word):
        for name in sorted(glob.glob(word, recursive=True)):  # noqa: PTH207  (Path takes no absolute one)
            found = Path(name)
            if not found.is_dir():
                yield found
    else:
        yield path


def _inside(folder: Path) -> Iterator[Path]:
    """List a folder's pictures, whatever lies beside them; links to folders are not followed."""
    for here, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(here, name)
            if not name.startswith(".") and is_picture_name(path):
                yield path

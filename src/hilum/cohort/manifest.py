"""Cohort: the table of films that a study looks at.

No pixels live here; `reading` turns a film of the table into pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True)
class Film:
    """One row of the cohort.

    Attributes:
        film_id: Twelve hex digits of the content's hash (a number is added where
            the same content stands in the cohort more than once). Says nothing
            about the patient, so it may be shown anywhere.
        path: Where the file is. Shown only where films are named on purpose.
        sha256: Hash of the file's bytes.
        label: The class that the film is said to belong to.
        patient: Who was filmed; None where unknown.
        source: Where the film came from; None where unknown.
    """

    film_id: str
    path: Path
    sha256: str
    label: str
    patient: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Exclusion:
    """A file that was meant to be a film and could not be read."""

    film_id: str
    path: Path
    label: str
    code: str
    message: str
    fix: str


@dataclass(frozen=True)
class Cohort:
    """The films of a study, in a fixed order, with what is known of each.

    Attributes:
        name: What the study is called: the folder's or the table's name.
        films: Sorted by path, so that rows mean the same in every run.
        classes: Names of the studied classes, sorted; class k of any array is
            `classes[k]`.
        excluded: Files that could not be read, each with its reason.
        left_out: Films per label that is not studied.
    """

    name: str
    films: tuple[Film, ...]
    classes: tuple[str, ...]
    excluded: tuple[Exclusion, ...] = ()
    left_out: Mapping[str, int] | None = None

    def __len__(self) -> int:
        return len(self.films)

    @property
    def y(self) -> Int[np.ndarray, " films"]:
        """Class index of each film."""
        index = {label: k for k, label in enumerate(self.classes)}
        return np.array([index[film.label] for film in self.films], dtype=np.int64)

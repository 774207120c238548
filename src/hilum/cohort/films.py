"""The rows of a cohort: films with what is known of each, and files that could not be read.

No pixels live here. The readers of folders and tables return a `FilmTable`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hilum.errors import CohortError, FilmError


@dataclass(frozen=True)
class Film:
    """One row of the cohort.

    Attributes:
        film_id: Twelve hex digits of the content's hash, or `unopened`; a number follows where
            that occurs in the cohort more than once. Says nothing about the patient, so it may
            be shown anywhere.
        path: Where the file is. Shown only where films are named on purpose.
        sha256: Hash of the file's bytes.
        label: The film's class, as the data say.
        patient: The patient's name or number; None where unknown.
        source: Where the film came from; None where unknown.
        view: Projection, such as PA or AP; None where unknown.
        sex: As the table writes it; None where unknown.
        age: In years; None where unknown.
    """

    film_id: str
    path: Path
    sha256: str
    label: str
    patient: str | None = None
    source: str | None = None
    view: str | None = None
    sex: str | None = None
    age: float | None = None


@dataclass(frozen=True)
class Exclusion:
    """A file that was meant as a film and could not be read."""

    film_id: str
    path: Path
    label: str
    code: str
    message: str
    fix: str

    @classmethod
    def from_error(cls, film: Film, error: FilmError) -> Exclusion:
        """Record why a film of the cohort could not be read."""
        return cls(film.film_id, film.path, film.label, error.code, error.message, error.fix)

    @classmethod
    def from_errors(
        cls, films: Sequence[Film], errors: Mapping[str, FilmError]
    ) -> tuple[Exclusion, ...]:
        """Record why films could not be read; `errors` are known by the hash of the bytes."""
        return tuple(
            cls.from_error(film, errors[film.sha256]) for film in films if film.sha256 in errors
        )


@dataclass(frozen=True)
class FilmTable:
    """Films in a fixed order, with what is known of each.

    Attributes:
        name: The folder's or the table's name.
        films: In a fixed order, so that rows mean the same in every run.
        classes: Names of the studied classes, sorted; class k of any array is
            `classes[k]`.
        excluded: Files that could not be read, each with its reason.
        left_out: Films per label that is not studied.
        ignored: Files in the folder that are neither films nor named as pictures.
        patients_from: How the patients are known, one sentence each; empty where none are.
        is_external: Heads of another cohort are tried on these films, and none is trained on
            them; a class may have no film.
    """

    name: str
    films: tuple[Film, ...]
    classes: tuple[str, ...]
    excluded: tuple[Exclusion, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    ignored: int = 0
    patients_from: tuple[str, ...] = ()
    is_external: bool = False

    def __len__(self) -> int:
        return len(self.films)


def no_external_film(name: str, excluded: Sequence[Exclusion]) -> CohortError:
    """Make the error for an external cohort without a readable film."""
    if not excluded:
        return CohortError(
            f"The external cohort '{name}' holds no film of the classes of this study.",
            fix="Check what --external names.",
        )
    first = excluded[0]
    return CohortError(
        f"No film of the external cohort '{name}' can be read; the first one, "
        f"{first.path.name}, fails with {first.code}: {first.message}",
        fix=f"{first.fix} Or leave out --external.",
    )

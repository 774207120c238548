"""Registration: files that are meant as films become rows of a cohort.

Used for folders and tables alike: identity by content, exclusion with a reason, and the checks
that every cohort must pass.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hilum.cohort.films import Exclusion, Film, FilmTable, no_external_film
from hilum.errors import CohortError, FilmChangedError, FilmError, FilmTypeError
from hilum.films import SNIFFED_BYTES, FilmTags, load_bytes, read_dicom_tags, sniff_format


@dataclass(frozen=True)
class Candidate:
    """A file that is meant as a film, with what is known of it; see `Film`.

    Attributes:
        path: Where it is.
        label: Its class.
        patient: None where unknown, as are all that follow.
        source: Where it came from.
        view: Projection.
        sex: The patient's.
        age: The patient's, in years.
        is_named_as_film: Its name or a table says that it is a film. Other files are ignored
            rather than reported if they are not.
        refusal: Why it must not be opened, if that is known beforehand.
    """

    path: Path
    label: str
    patient: str | None = None
    source: str | None = None
    view: str | None = None
    sex: str | None = None
    age: float | None = None
    is_named_as_film: bool = True
    refusal: FilmError | None = None


def register_films(
    name: str,
    candidates: Iterable[Candidate],
    left_out: dict[str, int] | None = None,
    *,
    expected: Iterable[str] = (),
    is_external: bool = False,
    has_patient_column: bool = False,
) -> FilmTable:
    """Hash every candidate and check that it looks like a film, without decoding it.

    Tags of DICOM files fill in what a candidate does not say.

    Args:
        name: The cohort's name.
        candidates: In the order of the rows.
        left_out: Films per label that is not studied.
        expected: Classes that must have a film, even without candidates.
        is_external: Nothing is trained on the films: one class is enough, and a class without
            a film is dropped.
        has_patient_column: A table tells the patients; its gaps mean unknown ones.

    Returns:
        The table; files that cannot be films are in its `excluded`.

    Raises:
        CohortError: Fewer than two classes have a film, or some class has none; or an external
            cohort has none at all.
    """
    films: list[Film] = []
    excluded: list[Exclusion] = []
    seen: Counter[str] = Counter()
    labels = set(expected)
    ignored = 0
    for candidate in candidates:
        sha256 = ""
        try:
            if candidate.refusal:
                raise candidate.refusal
            data = load_bytes(candidate.path)
            sha256 = hashlib.sha256(data).hexdigest()
            if sniff_format(data[:SNIFFED_BYTES], candidate.path.suffix) == "DICOM":
                tags = read_dicom_tags(data)
                candidate = _with_tags(candidate, tags, has_patient_column=has_patient_column)
        except FilmError as error:
            if isinstance(error, FilmTypeError) and not candidate.is_named_as_film:
                ignored += 1
                continue
            film = _row(candidate, sha256, seen)
            excluded.append(Exclusion.from_error(film, error))
        else:
            films.append(_row(candidate, sha256, seen))
        labels.add(candidate.label)
    if not is_external:
        _check_classes(films, labels, excluded)
    elif not films:
        raise no_external_film(name, excluded)
    return FilmTable(
        name=name,
        films=tuple(films),
        classes=tuple(sorted({film.label for film in films})),
        excluded=tuple(excluded),
        left_out=left_out or {},
        ignored=ignored,
        is_external=is_external,
    )


def _with_tags(candidate: Candidate, tags: FilmTags, *, has_patient_column: bool) -> Candidate:
    """Fill in what the file's tags say."""
    return replace(
        candidate,
        patient=candidate.patient if has_patient_column else candidate.patient or tags.patient,
        view=candidate.view or tags.view,
        sex=candidate.sex or tags.sex,
        age=tags.age if candidate.age is None else candidate.age,
    )


def _row(candidate: Candidate, sha256: str, seen: Counter[str]) -> Film:
    # A file that could not be opened has no content to hash.
    short = sha256[:12] or "unopened"
    seen[short] += 1
    film_id = short if seen[short] == 1 else f"{short}-{seen[short]}"
    return Film(
        film_id=film_id,
        path=candidate.path,
        sha256=sha256,
        label=candidate.label,
        patient=candidate.patient,
        source=candidate.source,
        view=candidate.view,
        sex=candidate.sex,
        age=candidate.age,
    )


def _check_classes(films: list[Film], labels: set[str], excluded: list[Exclusion]) -> None:
    readable = {film.label for film in films}
    for label in sorted(labels - readable):
        first = next((e for e in excluded if e.label == label), None)
        if first is None:  # a class that silently vanishes is worse than a question too many
            raise CohortError(
                f"The class '{label}' holds no film.",
                fix="Put its films where they belong, or name the classes to study with --classes.",
            )
        raise CohortError(
            f"No file of class '{label}' is a film; the first one, {first.path.name}, fails with "
            f"{first.code}: {first.message}",
            fix=f"{first.fix} Or choose other classes with --classes.",
        )
    if len(readable) == 1:
        raise CohortError(
            f"All {len(films)} films belong to one class, '{min(readable)}', "
            "and a comparison needs two or more.",
            fix="Give one subfolder per class, or a CSV whose label column names them.",
        )
    if not readable:
        raise CohortError(
            "There are no films.",
            fix="Give a folder with a subfolder per class, of PNG, JPEG, TIFF, BMP or DICOM films.",
        )


def load_registered(film: Film) -> bytes:
    """Load the bytes of a film of the cohort.

    Raises:
        FilmChangedError: They are no longer those that were registered.
        FilmError: The file can no longer be loaded.
    """
    data = load_bytes(film.path)
    if hashlib.sha256(data).hexdigest() != film.sha256:
        raise FilmChangedError("The file changed while the study ran.", fix="Run the study again.")
    return data


def cohort_name(data: Path) -> str:
    """Name a cohort after its folder, or after its table without the suffix."""
    return data.resolve().name if data.is_dir() else data.stem


def check_choice(available: Sequence[str], chosen: Sequence[str] | None) -> None:
    """Check that the classes to study exist, are two or more, and can be shown.

    Raises:
        CohortError: One of these does not hold.
    """
    unfit = [label for label in chosen or available if not _is_showable(label)]
    if unfit:
        raise CohortError(
            f"The class name {unfit[0]!a} holds characters that cannot be shown.",
            fix="Rename it, or leave it out with --classes.",
        )
    if chosen is None:
        return
    unknown = [label for label in chosen if label not in available]
    if unknown:
        raise CohortError(
            f"There is no class {' or '.join(repr(label) for label in unknown)}.",
            fix=f"Choose among: {', '.join(sorted(available))}.",
        )
    if len(set(chosen)) < 2:
        raise CohortError(
            "A comparison needs two or more classes.",
            fix=f"Choose among: {', '.join(sorted(available))}.",
        )


def _is_showable(label: str) -> bool:
    """Tell whether a name is free of control characters, which break terminals and tables."""
    return all(unicodedata.category(character)[0] != "C" for character in label)

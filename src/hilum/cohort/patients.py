"""Patients, read from file names and DICOM tags.

A file name counts only in a form that is known, or that the user states: a wrong guess would
join strangers, or tear one patient's films apart unnoticed. `Cohort.patients_from` says what
was used, without naming any file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hilum.cohort.films import Film, FilmTable
from hilum.errors import CohortError

NO_PATTERN = "none"
"""The pattern by which a user says that file names do not tell the patient."""

_GROUP = "patient"
_COLUMN = "the table's patient column"
_TAGS = "the DICOM file's own patient number"
_MOST_FILMS_OF_ONE = 10

_COPY = re.compile(r"(?:[ _-]*\(\d+\)|[ _-]+copy(?:[ _-]*\d+)?)+$", re.IGNORECASE)
"""Marks that copying adds to a name, as in `film-copy`, `film - Copy (2)` or `film (1)`."""

_EXAMPLE_FIX = (
    "Put the part that names the patient into parentheses: '^(P[0-9]+)_' finds P017 in "
    "P017_front.png."
)


@dataclass(frozen=True)
class NameRule:
    """One way in which files' names tell the patient.

    Attributes:
        wording: How the patient is known, in plain words.
        expression: What a name must match.
        group: The part of it that is the patient.
        is_for_whole_names: The whole name without suffix and copy mark must match; otherwise
            any part of the name may.
    """

    wording: str
    expression: re.Pattern[str]
    group: int | str = 1
    is_for_whole_names: bool = True

    def find_patient(self, name: str) -> str | None:
        """Find the patient in a file's name; None if the name has another form."""
        if self.is_for_whole_names:
            stem = name.rpartition(".")[0] or name
            match = self.expression.fullmatch(_COPY.sub("", stem))
        else:
            match = self.expression.search(name)
        return ((match[self.group] or "").strip() or None) if match else None


def _known(writer: str, example: str, expression: str) -> NameRule:
    wording = f"the file's name, as {writer} writes it ({example})"
    return NameRule(wording, re.compile(expression, re.ASCII))


# The forms differ so that no patient of one can be a patient of another. The examples
# count from zero, which no film's name does, so they name nobody.
KNOWN_RULES = (
    # Its 30,805 patients are numbered from 1; the zeros in front tell them from dates.
    _known("NIH ChestX-ray14", "00000000_000.png", r"(000\d{5})_\d{3}"),
    # Persons with a virus and with bacteria are numbered apart.
    _known("the Kermany collection", "person0_virus_0.jpeg", r"(person\d+_(?:virus|bacteria))_\d+"),
    # Two series of normals, told apart by what stands in front.
    _known(
        "the Kermany collection", "IM-0000-0000.jpeg", r"((?:NORMAL\d*-)?IM-\d{4})-\d{4}(?:-\d{4})?"
    ),
    _known("Hilum", "phantom-p0000-0.png", r"phantom-(p\d{4,})-\d+"),
)
"""The forms that are recognised unasked."""


def choose_rules(pattern: str | None) -> tuple[NameRule, ...]:
    """Choose how file names are read; called before films are, so that mistakes show at once.

    Args:
        pattern: A regular expression, searched in file names in place of the known forms; its
            group `patient`, or else its first group, is the patient. `none` reads no names.
            None tries the known forms.

    Raises:
        CohortError: The pattern is not a regular expression, or has no group.
    """
    if pattern is None:
        return KNOWN_RULES
    if pattern.strip().lower() == NO_PATTERN:
        return ()
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise CohortError(
            f"The patient pattern is no regular expression: {error}.", fix=_EXAMPLE_FIX
        ) from error
    if not expression.groups:
        raise CohortError(
            "The patient pattern does not say which part of the name is the patient.",
            fix=_EXAMPLE_FIX,
        )
    group = _GROUP if _GROUP in expression.groupindex else 1
    wording = "the file's name, by the pattern that was given"
    return (NameRule(wording, expression, group, is_for_whole_names=False),)


def identify_patients(
    table: FilmTable,
    rules: Sequence[NameRule],
    *,
    has_column: bool = False,
    may_find_none: bool = False,
) -> FilmTable:
    """Fill in the patients that file names tell, and say how each patient is known.

    A patient that a table names stays. Gaps in a table's patient column mean that the patient
    is unknown, and only a user's pattern fills them. A user's pattern comes before a patient
    that a DICOM file names, and both come before the known forms of names. If all DICOM files
    name the same patient, that name is ignored: programs that hide patients put one name in
    place of all.

    Args:
        table: Films with the patients that a table or DICOM files named, if any.
        rules: From `choose_rules`.
        has_column: The films come from a table with a column of patients.
        may_find_none: The user's pattern was meant for other films; if it fits no name here,
            it is ignored.

    Returns:
        The table with patients and `patients_from`.

    Raises:
        CohortError: The user's pattern fits no film's name.
    """
    is_users = rules != KNOWN_RULES
    if has_column and not is_users:
        rules = ()
    found = [_find(film.path.name, rules) for film in table.films]
    if is_users and rules and not any(found) and not may_find_none:
        raise CohortError(
            f"The patient pattern finds no patient in any of the {len(table)} files' names.",
            fix=f"{_EXAMPLE_FIX} Or leave it out; --patient-pattern none reads no names.",
        )
    if not has_column:
        table = replace(table, films=_without_stand_in(table.films))
    counts: Counter[str] = Counter()
    films = []
    for film, name in zip(table.films, found, strict=True):
        if film.patient is not None and has_column:
            counts[_COLUMN] += 1
        elif film.patient is not None and not (is_users and name):
            counts[_TAGS] += 1
        elif name is not None:
            patient, wording = name
            counts[wording] += 1
            film = replace(film, patient=patient)
        films.append(film)
    known = tuple(f"{n} of {len(films)} films: {wording}" for wording, n in counts.most_common())
    return replace(table, films=tuple(films), patients_from=known)


def _without_stand_in(films: tuple[Film, ...]) -> tuple[Film, ...]:
    """Forget a patient who is named on all of very many films."""
    named = [film for film in films if film.patient is not None]
    if len(named) <= _MOST_FILMS_OF_ONE or len({film.patient for film in named}) > 1:
        return films
    return tuple(replace(film, patient=None) for film in films)


def _find(name: str, rules: Sequence[NameRule]) -> tuple[str, str] | None:
    for rule in rules:
        patient = rule.find_patient(name)
        if patient is not None:
            return patient, rule.wording
    return None

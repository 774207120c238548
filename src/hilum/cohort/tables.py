"""A cohort from a CSV, in which each row is a film with its label and what else is known."""

from __future__ import annotations

import csv
import io
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from hilum.cohort.films import FilmTable
from hilum.cohort.labels import LabelMap, name_classes
from hilum.cohort.patients import choose_rules, identify_patients
from hilum.cohort.registration import Candidate, check_choice, cohort_name, register_films
from hilum.disk import exists
from hilum.errors import CohortError, FilmError
from hilum.films import load_bytes, read_age

_LOG = logging.getLogger(__name__)

_USUAL_NAMES = {
    "image": ("image", "filename", "file", "path", "image_path", "film", "image index"),
    "label": ("label", "finding", "class", "diagnosis", "finding labels"),
    "patient": ("patient", "patientid", "patient_id", "patient id", "subject", "subject_id"),
    "source": ("source", "dataset", "site", "hospital"),
    "view": ("view", "view position", "view_position", "viewposition", "projection"),
    "sex": ("sex", "gender", "patient sex", "patient_sex", "patient gender", "patient_gender"),
    "age": ("age", "patient age", "patient_age"),
}

_NOTHING_KNOWN = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "-", "?"})
"""Cells that mean unknown; taken for a patient's name, they would make one patient of many."""

_FAULTS_SHOWN = 10


@dataclass(frozen=True)
class Columns:
    """Names of the columns; None for one that is found by its usual names."""

    image: str | None = None
    label: str | None = None
    patient: str | None = None
    source: str | None = None
    view: str | None = None
    sex: str | None = None
    age: str | None = None

    def within(self, header: Collection[str]) -> Columns:
        """Keep the names that stand in a table's header."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return Columns(**{key: name for key, name in named.items() if name in header})


@dataclass(frozen=True)
class _Row:
    """A row of the table; the candidate's age is still to be read."""

    number: int
    image: str
    age: str | None
    has_too_many_cells: bool
    candidate: Candidate


def read_table(
    table: Path,
    columns: Columns,
    *,
    image_folder: Path | None = None,
    labels: LabelMap | None = None,
    classes: Sequence[str] | None = None,
    patient_pattern: str | None = None,
    is_external: bool = False,
) -> FilmTable:
    """Read a CSV as a cohort; see `Cohort.from_csv`."""
    rules = choose_rules(patient_pattern)
    folder = table.parent if image_folder is None else image_folder
    rows, found = _read_rows(table, columns, folder, is_external=is_external)
    _check_shape(rows)
    if not rows:
        raise CohortError("The table has no rows.", fix="Give one film per row under the header.")
    class_of = name_classes(labels, {row.candidate.label for row in rows}, where="row")
    named = [(row, class_of.get(row.candidate.label) or None) for row in rows]
    check_choice(sorted({name for _, name in named if name}), classes)
    studied: list[tuple[_Row, str]] = []
    left_out: Counter[str] = Counter()
    for row, name in named:
        if name is None or (classes is not None and name not in classes):
            left_out[row.candidate.label or "(no label)"] += 1
        else:
            studied.append((row, name))
    rows = [row for row, _ in studied]
    _check_files(rows, folder, is_external=is_external)
    candidates = (
        replace(row.candidate, label=name, age=age)
        for (row, name), age in zip(studied, _read_ages(rows), strict=True)
    )
    has_column = "patient" in found
    films = register_films(
        cohort_name(table),
        candidates,
        dict(left_out),
        is_external=is_external,
        has_patient_column=has_column,
    )
    return identify_patients(films, rules, has_column=has_column, may_find_none=is_external)


def list_columns(table: Path) -> list[str]:
    """List a table's columns, in their order.

    Raises:
        CohortError: The table cannot be read.
    """
    reader = _open_rows(table)
    try:
        return list(reader.fieldnames or [])
    except csv.Error as error:
        raise _broken(table, reader, error) from error


def list_table_labels(table: Path, columns: Columns, *, is_external: bool = False) -> list[str]:
    """List the labels of a table, sorted.

    Args:
        table: The CSV.
        columns: Which column holds what.
        is_external: A column that is missing is searched by its usual names.

    Raises:
        CohortError: The table cannot be read.
    """
    rows, _ = _read_rows(table, columns, table.parent, is_external=is_external)
    return sorted({row.candidate.label for row in rows} - {""})


def _read_rows(
    table: Path, columns: Columns, folder: Path, *, is_external: bool
) -> tuple[list[_Row], frozenset[str]]:
    """Read the rows, and tell which of the `Columns` the table has."""
    reader = _open_rows(table)
    rows = []
    try:
        names = list(reader.fieldnames or [])
        found = _find_columns(names, columns.within(names) if is_external else columns, table)
        for record in reader:
            cells = {key: (record.get(name) or "").strip() for key, name in found.items()}
            candidate = Candidate(
                path=folder / cells["image"],
                label=cells["label"],
                patient=_known(cells, "patient"),
                source=_known(cells, "source"),
                view=_known(cells, "view"),
                sex=_known(cells, "sex"),
            )
            has_too_many_cells = bool(record.get(None))
            age = _known(cells, "age")
            rows.append(_Row(reader.line_num, cells["image"], age, has_too_many_cells, candidate))
    except csv.Error as error:
        raise _broken(table, reader, error) from error
    return rows, frozenset(found)


def _find_columns(header: list[str], columns: Columns, table: Path) -> dict[str, str]:
    """Find the columns of a table, those that the user named and those with usual names.

    Args:
        header: The table's first row.
        columns: Named by the user.
        table: Its path, for messages.

    Returns:
        Names in the header, by what they hold; image and label are always among them.

    Raises:
        CohortError: A column is missing, or several have its name.
    """
    by_lower = {name.strip().lower(): name for name in reversed(header)}
    lower = [name.strip().lower() for name in header]
    found: dict[str, str] = {}
    faults: list[str] = []
    for key in (field.name for field in fields(Columns)):
        wanted: str | None = getattr(columns, key)
        if wanted is not None and header.count(wanted) > 1:
            faults.append(f"more than one column '{wanted}'")
        elif wanted is not None and wanted not in header:
            faults.append(f"no column '{wanted}'")
        elif wanted is not None:
            found[key] = wanted
        else:
            usual = next((by_lower[n] for n in _USUAL_NAMES[key] if n in by_lower), None)
            if usual is not None and lower.count(usual.strip().lower()) > 1:
                faults.append(f"more than one column '{usual}'")
            elif usual is not None:
                found[key] = usual
            elif key in ("image", "label"):
                faults.append(f"no column that is plainly the {key}")
    if faults:
        raise CohortError(
            f"The table '{table}' has {' and '.join(faults)}; its columns are: "
            f"{', '.join(header) or 'none'}.",
            fix="Name them with --image-column and --label-column (and --patient-column, "
            "--source-column, --view-column, --sex-column and --age-column where known), or "
            f"rename the columns in '{table.name}', such as to image and label.",
        )
    return found


def _known(cells: Mapping[str, str], key: str) -> str | None:
    """Return a cell's text; None if it says that nothing is known."""
    cell = cells.get(key, "")
    return None if cell.lower() in _NOTHING_KNOWN else cell


def _open_rows(table: Path) -> csv.DictReader[str]:
    text = _read_text(table)
    header = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    # strict: an unclosed quote would otherwise swallow the rows behind it.
    return csv.DictReader(
        io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=True
    )


def _read_text(table: Path) -> str:
    try:
        return load_bytes(table).decode("utf-8-sig")
    except FilmError as error:
        raise CohortError(
            f"The table '{table}' cannot be read: {error.message}", fix=error.fix
        ) from (error)
    except UnicodeDecodeError:
        raise CohortError(
            f"'{table}' is no table in UTF-8.", fix="Save it as CSV in UTF-8."
        ) from None


def _broken(table: Path, reader: csv.DictReader[str], error: csv.Error) -> CohortError:
    return CohortError(
        f"The table '{table}' breaks at line {reader.line_num}: {error}.",
        fix="Save it as CSV again.",
    )


def _check_shape(rows: Sequence[_Row]) -> None:
    """Refuse rows with more cells than the header: their cells are shifted."""
    shifted = [row.number for row in rows if row.has_too_many_cells]
    if shifted:
        lines = ", ".join(map(str, shifted[:_FAULTS_SHOWN]))
        raise CohortError(
            f"{len(shifted)} rows have more cells than the header; the first are lines {lines}.",
            fix='Put cells that hold the delimiter into quotes: "COVID-19, ARDS".',
        )


def _check_files(rows: Sequence[_Row], folder: Path, *, is_external: bool) -> None:
    """List every fault of the table's file names at once."""
    faults = [f"line {row.number}: no file name" for row in rows if not row.image]
    missing = [row for row in rows if row.image and not exists(row.candidate.path)]
    faults += [f"line {row.number}: no file '{row.image}'" for row in missing]
    first_line: dict[Path, int] = {}
    for row in rows:
        first = first_line.setdefault(row.candidate.path, row.number)
        if first != row.number and row.image:
            faults.append(f"line {row.number}: '{row.image}' stands in line {first} already")
    if faults:
        shown = "\n  ".join(faults[:_FAULTS_SHOWN])
        more = len(faults) - _FAULTS_SHOWN
        tail = f"\n  … and {more} more" if more > 0 else ""
        raise CohortError(
            f"{len(faults)} of the table's {len(rows)} rows cannot be used:\n  {shown}{tail}\n",
            fix=f"Correct the table; file names begin in '{folder}' unless --image-folder names "
            f"another folder{', which it can where DATA is no CSV' if is_external else ''}.",
        )


def _read_ages(rows: Sequence[_Row]) -> list[float | None]:
    """Read the ages; cells that are not ages become unknown, and are counted."""
    ages = [None if row.age is None else read_age(row.age) for row in rows]
    n_odd = sum(row.age is not None and age is None for row, age in zip(rows, ages, strict=True))
    if n_odd:
        _LOG.warning(
            "%d ages in the table are none between 0 and 120 years, and count as unknown.", n_odd
        )
    return ages

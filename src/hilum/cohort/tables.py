"""A cohort from a table: one film per row, with its label and what else is known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from hilum.cohort.manifest import Cohort
from hilum.cohort.reading import load_bytes
from hilum.cohort.registering import Candidate, check_choice, register_films
from hilum.errors import CohortError, FilmError
from hilum.writing import exists

_USUAL_NAMES = {
    "image": ("image", "filename", "file", "path", "image_path", "film", "image index"),
    "label": ("label", "finding", "class", "diagnosis", "finding labels"),
    "patient": ("patient", "patientid", "patient_id", "patient id", "subject", "subject_id"),
    "source": ("source", "dataset", "site", "hospital"),
}
_FAULTS_SHOWN = 10


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None where the usual names are tried."""

    image: str | None = None
    label: str | None = None
    patient: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class _Row:
    """A row of the table, in the cohort's terms."""

    number: int
    image: str
    label: str
    patient: str | None
    source: str | None
    has_too_many_cells: bool = False


def read_table(
    table: Path,
    columns: Columns,
    *,
    image_folder: Path | None = None,
    labels: Mapping[str, Collection[str]] | None = None,
    classes: Sequence[str] | None = None,
) -> Cohort:
    """Read a CSV as a cohort; see `Cohort.from_csv`."""
    folder = table.parent if image_folder is None else image_folder
    if labels:
        check_label_map(labels)
    class_of = {label: name for name, meant in (labels or {}).items() for label in meant}
    studied: list[_Row] = []
    left_out: Counter[str] = Counter()
    rows = list(_read_rows(table, columns))
    _check_shape(rows)
    _check_labels(rows, labels)
    named = [(row, class_of.get(row.label) if labels else row.label or None) for row in rows]
    check_choice(sorted({name for _, name in named if name}), classes)
    for row, name in named:
        if name is None or (classes is not None and name not in classes):
            left_out[row.label or "(no label)"] += 1
        else:
            studied.append(_Row(row.number, row.image, name, row.patient, row.source))
    paths = {row.number: folder / row.image for row in studied}
    _check_files(studied, paths, folder)
    return register_films(
        table.stem,
        (Candidate(paths[row.number], row.label, row.patient, row.source) for row in studied),
        dict(left_out),
    )


def parse_label_map(options: Sequence[str]) -> dict[str, list[str]]:
    """Read options of the form `CLASS=LABEL|LABEL`.

    Args:
        options: Such as `COVID-19=COVID-19|COVID-19, ARDS`; a bare `LABEL` means itself.

    Returns:
        For each class, the labels that mean it.

    Raises:
        CohortError: A label is claimed by two classes, or an option is empty.
    """
    labels: dict[str, list[str]] = {}
    for option in options:
        name, _, meant = option.partition("=")
        labels.setdefault(name.strip(), []).extend(
            label.strip() for label in (meant or name).split("|")
        )
    check_label_map(labels)
    return labels


def check_label_map(labels: Mapping[str, Collection[str]]) -> None:
    """Check that each class has labels, and no label means two classes.

    Raises:
        CohortError: It is not so.
    """
    for name, meant in labels.items():
        if isinstance(meant, str):
            raise CohortError(
                f"The labels of class '{name}' are one text, not a list.",
                fix=f"Give a list: {{{name!r}: [{meant!r}]}}.",
            )
    claimed = Counter(label for meant in labels.values() for label in set(meant))
    twice = sorted(label for label, count in claimed.items() if count > 1)
    if twice or "" in claimed or "" in labels:
        what = f"The label '{twice[0]}' is given to two classes" if twice else "A label is empty"
        raise CohortError(
            f"{what} in --label.", fix='Write --label "CLASS=LABEL|LABEL", once per class.'
        )


def _read_rows(table: Path, columns: Columns) -> Iterator[_Row]:
    text = _read_text(table)
    header = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    # strict: an unclosed quote would otherwise swallow the rows behind it.
    reader = csv.DictReader(
        io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=True
    )
    try:
        found = _find_columns(list(reader.fieldnames or []), columns, table)
        for record in reader:
            cells = {key: (record.get(name) or "").strip() for key, name in found.items()}
            yield _Row(
                number=reader.line_num,
                image=cells["image"],
                label=cells["label"],
                patient=cells.get("patient") or None,
                source=cells.get("source") or None,
                has_too_many_cells=bool(record.get(None)),
            )
    except csv.Error as error:
        raise CohortError(
            f"The table '{table}' breaks at line {reader.line_num}: {error}.",
            fix="Save it as CSV again.",
        ) from error


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


def _find_columns(header: list[str], columns: Columns, table: Path) -> dict[str, str]:
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
            fix="Name them with --image-column and --label-column "
            "(--patient-column and --source-column where known).",
        )
    return found


def _check_shape(rows: Sequence[_Row]) -> None:
    """A row with more cells than the header is shifted: nothing in it can be believed."""
    shifted = [row.number for row in rows if row.has_too_many_cells]
    if shifted:
        lines = ", ".join(map(str, shifted[:_FAULTS_SHOWN]))
        raise CohortError(
            f"{len(shifted)} rows have more cells than the header; the first are lines {lines}.",
            fix='Put cells that hold the delimiter into quotes: "COVID-19, ARDS".',
        )


def _check_labels(rows: Sequence[_Row], labels: Mapping[str, Collection[str]] | None) -> None:
    if not rows:
        raise CohortError("The table has no rows.", fix="Give one film per row under the header.")
    present = {row.label for row in rows}
    unknown = [
        label for meant in (labels or {}).values() for label in meant if label not in present
    ]
    if unknown:
        raise CohortError(
            f"No row has the label {' or '.join(repr(label) for label in unknown)}.",
            fix=f"The table's labels are: {', '.join(sorted(present - {''}))}.",
        )


def _check_files(rows: Sequence[_Row], paths: Mapping[int, Path], folder: Path) -> None:
    """List every fault of the table's file names at once."""
    faults = [f"line {row.number}: no file name" for row in rows if not row.image]
    missing = [row for row in rows if row.image and not exists(paths[row.number])]
    faults += [f"line {row.number}: no file '{row.image}'" for row in missing]
    first_line: dict[Path, int] = {}
    for row in rows:
        first = first_line.setdefault(paths[row.number], row.number)
        if first != row.number and row.image:
            faults.append(f"line {row.number}: '{row.image}' stands in line {first} already")
    if faults:
        shown = "\n  ".join(faults[:_FAULTS_SHOWN])
        more = len(faults) - _FAULTS_SHOWN
        tail = f"\n  … and {more} more" if more > 0 else ""
        raise CohortError(
            f"{len(faults)} of the table's {len(rows)} rows cannot be used:\n  {shown}{tail}\n",
            fix=f"Correct the table; file names begin in '{folder}' "
            "unless --image-folder names another folder.",
        )

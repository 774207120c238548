"""Which column of a table holds what, and how its cells are to be read."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path

from hilum.errors import CohortError

_USUAL_NAMES = {
    "image": ("image", "filename", "file", "path", "image_path", "film", "image index"),
    "label": ("label", "finding", "class", "diagnosis", "finding labels"),
    "patient": ("patient", "patientid", "patient_id", "patient id", "subject", "subject_id"),
    "source": ("source", "dataset", "site", "hospital"),
    "view": ("view", "view position", "view_position", "viewposition", "projection"),
    "sex": ("sex", "gender", "patient sex", "patient_sex", "patient gender", "patient_gender"),
    "age": ("age", "patient age", "patient_age"),
}
_AGE = re.compile(r"(\d+(?:\.\d+)?) ?([YMWD]?)", re.IGNORECASE | re.ASCII)
_PER_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}
_OLDEST_YEARS = 120.0


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None where the usual names are tried."""

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


def find_columns(header: list[str], columns: Columns, table: Path) -> dict[str, str]:
    """Find the columns of a table, those that the user named and those with usual names.

    Args:
        header: The table's first row.
        columns: What the user named.
        table: Where it is, for messages.

    Returns:
        The names in the header, by what they hold; image and label are always there.

    Raises:
        CohortError: A column is not there, or there are several of its name.
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


def read_age(cell: str) -> float | None:
    """Read an age as tables and DICOM write it.

    Args:
        cell: A number of years such as `58`, or `058Y`, `18M`, `3W`, `2D`.

    Returns:
        Years; None if it is no age, or beyond 120.
    """
    match = _AGE.fullmatch(cell.strip())
    if match is None:
        return None
    years = float(match[1]) / _PER_YEAR[match[2].upper()]
    return years if years <= _OLDEST_YEARS else None

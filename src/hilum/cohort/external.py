"""Reading another cohort, on which the heads of a study are tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from hilum.cohort.cohort import Cohort
from hilum.cohort.folders import list_subfolders
from hilum.cohort.labels import LabelMap, fit_to_classes
from hilum.cohort.registration import cohort_name
from hilum.cohort.tables import Columns, list_columns, list_labels, read_table
from hilum.errors import CohortError


def read_external(
    data: Path,
    classes: Sequence[str],
    *,
    labels: LabelMap | None = None,
    columns: Columns | None = None,
    image_folder: Path | None = None,
    patient_pattern: str | None = None,
) -> Cohort:
    """Read films from elsewhere as films of a study's classes.

    A label that means none of them is left out and counted. One class is enough, and not
    every class of the study need be there. Columns that the user named for the study's table
    are looked for by their usual names where this table has none of that name; likewise, a
    patient pattern that fits no name here is not used.

    Args:
        data: A folder or a CSV.
        classes: Those of the study.
        labels: For each class, the labels that mean it there. A label that is not there is
            passed over; one that is a class's own name means it unless it is mapped.
        columns: Of a CSV: which column holds what.
        image_folder: Of a CSV: where relative file names begin; its own folder if not given.
        patient_pattern: How names tell the patient; see `Cohort.from_folder`.

    Raises:
        CohortError: There is no such data, or it holds no readable film of any of the
            classes; the message names the cohort.
    """
    columns = columns or Columns()
    found = list_found_there(data, columns)
    fitted = fit_to_classes(labels or {}, found, classes, name=cohort_name(data))
    with _said_of(data):
        if data.is_dir():
            return Cohort.from_folder(
                data, labels=fitted, patient_pattern=patient_pattern, is_external=True
            )
        return Cohort.of(
            read_table(
                data,
                columns,
                image_folder=image_folder,
                labels=fitted,
                patient_pattern=patient_pattern,
                is_external=True,
            )
        )


def list_found(data: Path, columns: Columns, *, is_external: bool = False) -> list[str]:
    """List the labels of a folder or a CSV.

    Args:
        data: The folder, whose subfolders are the labels, or the CSV.
        columns: Of a CSV: which column holds what.
        is_external: A column that is not there is looked for by its usual names.

    Raises:
        CohortError: It cannot be read.
    """
    if data.is_dir():
        return [subfolder.name for subfolder in list_subfolders(data)]
    return list_labels(data, columns, is_external=is_external)


def list_found_there(data: Path, columns: Columns) -> list[str]:
    """List the labels of an external folder or CSV, as `read_external` reads it.

    Raises:
        CohortError: It cannot be read; the message says that it is the external cohort.
    """
    with _said_of(data):
        return list_found(data, columns, is_external=True)


def share_columns(columns: Columns, here: Path, there: Path) -> tuple[Columns, Columns]:
    """Tell which of the columns that a user named belong to which of two collections.

    A column belongs to every table that has it, and is looked for by its usual names in the
    other.

    Args:
        columns: What the user named, for both at once.
        here: The folder or CSV of the study.
        there: The other.

    Returns:
        Those of `here`, those of `there`.

    Raises:
        CohortError: A table cannot be read, or none has a column of such a name.
    """
    tables = [path for path in (here, there) if not path.is_dir()]
    headers = {path: list_columns(path) for path in tables}
    known = {name for header in headers.values() for name in header}
    named = [getattr(columns, field.name) for field in fields(columns)]
    lost = [name for name in named if name is not None and name not in known]
    if lost:
        places = " or ".join(f"'{path}'" for path in tables)
        raise CohortError(
            f"There is no column {' or '.join(map(repr, lost))} in {places}.",
            fix=f"The columns are: {', '.join(sorted(known)) or 'none'}.",
        )
    return columns.within(headers.get(here, [])), columns.within(headers.get(there, []))


@contextmanager
def _said_of(data: Path) -> Iterator[None]:
    """Let every complaint name the external cohort, lest it be taken for the study's."""
    try:
        yield
    except CohortError as error:
        name = f"external cohort '{cohort_name(data)}'"
        if name in error.message:
            raise
        raise CohortError(f"In the {name}: {error.message}", fix=error.fix) from error

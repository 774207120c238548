"""External cohorts: films from elsewhere, read as films of a study's classes.

Heads that were trained on the study's cohort are tried on them. The user's labels, columns and
pattern speak of several cohorts at once; each table takes what fits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path

from hilum.cohort.cohort import Cohort
from hilum.cohort.folders import list_subfolders
from hilum.cohort.labels import LabelMap, fit_to_classes
from hilum.cohort.registration import cohort_name
from hilum.cohort.tables import Columns, list_columns, list_table_labels, read_table
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

    Films of other labels are left out and counted. One class is enough. A column that the user
    named for the study's table is searched by its usual names where this table lacks it, and a
    patient pattern that fits no name here is ignored.

    Args:
        data: A folder or a CSV.
        classes: Those of the study.
        labels: For each class, the labels that mean it here. Labels that are missing here are
            ignored; a label equal to a class's name means that class unless it is mapped.
        columns: Of a CSV: which column holds what.
        image_folder: Of a CSV: where relative file names begin; its own folder if not given.
        patient_pattern: How names tell the patient; see `Cohort.from_folder`.

    Raises:
        CohortError: The data do not exist, or hold no readable film of any of the classes; the
            message names the cohort.
    """
    columns = columns or Columns()
    found = list_labels(data, columns, is_external=True)
    fitted = fit_to_classes(labels or {}, found, classes, name=cohort_name(data))
    with _naming_external(data):
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


def list_labels(data: Path, columns: Columns, *, is_external: bool = False) -> list[str]:
    """List the labels of a folder or a CSV.

    Args:
        data: The folder, whose subfolders are the labels, or the CSV.
        columns: Of a CSV: which column holds what.
        is_external: As `read_external` reads it: a column that is missing is searched by its
            usual names, and an error names the external cohort.

    Raises:
        CohortError: It cannot be read.
    """
    with _naming_external(data) if is_external else nullcontext():
        if data.is_dir():
            return [subfolder.name for subfolder in list_subfolders(data)]
        return list_table_labels(data, columns, is_external=is_external)


def share_columns(columns: Columns, here: Path, there: Path) -> tuple[Columns, Columns]:
    """Share out the columns that a user named between a study's data and an external cohort.

    A column belongs to every table that has it; the other is searched by its usual names.

    Args:
        columns: Named by the user, for both at once.
        here: The folder or CSV of the study.
        there: That of the external cohort.

    Returns:
        The columns of `here` and those of `there`.

    Raises:
        CohortError: A table cannot be read, or a column is in neither.
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
def _naming_external(data: Path) -> Iterator[None]:
    """Name the external cohort in every error, so that it is not taken for the study's."""
    try:
        yield
    except CohortError as error:
        name = f"external cohort '{cohort_name(data)}'"
        if name in error.message:
            raise
        raise CohortError(f"In the {name}: {error.message}", fix=error.fix) from error

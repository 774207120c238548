"""Reading another cohort, on which the heads of a study are tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hilum.cohort.columns import Columns
from hilum.cohort.folders import list_subfolders, read_folder
from hilum.cohort.labelling import LabelMap, fit_to_classes
from hilum.cohort.manifest import Cohort
from hilum.cohort.tables import list_labels, read_table


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
        CohortError: There is no such data, or it holds no film of any of the classes.
    """
    columns = columns or Columns()
    fitted = fit_to_classes(
        labels or {}, list_found(data, columns, is_external=True), classes, name=data.stem
    )
    if data.is_dir():
        return read_folder(data, labels=fitted, patient_pattern=patient_pattern, is_external=True)
    return read_table(
        data,
        columns,
        image_folder=image_folder,
        labels=fitted,
        patient_pattern=patient_pattern,
        is_external=True,
    )


def list_found(data: Path, columns: Columns, *, is_external: bool = False) -> list[str]:
    """List the labels of a folder or a CSV.

    Args:
        data: The folder, whose subfolders are the labels, or the CSV.
        columns: Of a CSV: which column holds what.
        is_external: Read it as `read_external` does.

    Raises:
        CohortError: It cannot be read.
    """
    if data.is_dir():
        return [subfolder.name for subfolder in list_subfolders(data)]
    return list_labels(data, columns, is_external=is_external)

"""What DATA is, and how it is read: shared by the commands that take a cohort."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hilum.studies import STUDY_PANEL, Flag, option, split_names

if TYPE_CHECKING:
    from hilum.cohort import Cohort


_TABLE = "When DATA is a CSV"

Data = Annotated[
    Path,
    typer.Argument(help="A folder with one subfolder per class, or a CSV.", metavar="DATA"),
]

External = Annotated[
    str | None,
    typer.Option(
        help="Another folder or CSV with the same classes: its films are scored by the heads "
        "trained here. --label maps its labels. Its name is shown in the report.",
        metavar="DATA",
        rich_help_panel=STUDY_PANEL,
    ),
]


@dataclass(frozen=True, kw_only=True)
class CohortOptions:
    """How DATA is read.

    A label is a cell of the label column, or a subfolder's name. The columns go with a CSV
    alone. Of two CSVs each column goes with those that have it; the other one's is found by
    its usual names. Relative file names begin in `image_folder`: those of DATA if it is a
    CSV, and those of the external one otherwise.
    """

    classes: Sequence[str] | None = option(
        None,
        "Study only these.",
        Flag("--classes", metavar="A,B", panel=STUDY_PANEL, read=split_names),
    )
    patient_pattern: str | None = option(
        None,
        "Regular expression whose first group, or group 'patient', is the patient in a "
        "file's name. none: read no names. Names of NIH, Kermany and Hilum are recognised "
        "without it.",
        Flag("--patient-pattern", metavar="REGEX", panel=STUDY_PANEL),
    )
    labels: Sequence[str] | None = option(
        None,
        'Labels, or subfolders, that mean a class: "COVID-19=COVID-19|COVID-19, ARDS". '
        "Repeatable; films with other labels are left out and counted.",
        Flag("--label", kind=list[str], metavar="CLASS=LABEL|LABEL", panel=STUDY_PANEL),
    )
    image_column: str | None = option(
        None, "Column of file names.", Flag("--image-column", panel=_TABLE)
    )
    label_column: str | None = option(
        None, "Column of labels.", Flag("--label-column", panel=_TABLE)
    )
    patient_column: str | None = option(
        None, "Column of patients.", Flag("--patient-column", panel=_TABLE)
    )
    source_column: str | None = option(
        None, "Column of sources.", Flag("--source-column", panel=_TABLE)
    )
    view_column: str | None = option(
        None, "Column of views, such as PA or AP.", Flag("--view-column", panel=_TABLE)
    )
    sex_column: str | None = option(None, "Column of sex.", Flag("--sex-column", panel=_TABLE))
    age_column: str | None = option(
        None, "Column of ages, in years or as 058Y, 18M.", Flag("--age-column", panel=_TABLE)
    )
    image_folder: Path | None = option(
        None,
        "Where file names begin (default: the CSV's folder).",
        Flag("--image-folder", kind=Path, panel=_TABLE, hidden_as="IMAGES"),
    )


def read_cohorts(
    data: Path, external: Path | None, options: CohortOptions
) -> tuple[Cohort, Cohort | None]:
    """Read DATA, and the external cohort on which its heads are tried, as the options say.

    Where both are given, a label needs to stand in one of them only. If none of the labels
    stands in DATA, DATA stays as it is. In the external cohort, a label that is the name of
    a class of DATA means it without being mapped; a label without a class is left out and
    counted.

    Args:
        data: A folder or a CSV.
        external: Another, or None.
        options: How they are read. The pattern need not fit names of `external`.

    Returns:
        Both cohorts; the second is None where `external` is.

    Raises:
        CohortError: The data is missing or makes no cohort, or an option does not go
            with it.
    """
    from hilum.cohort import (
        Cohort,
        Columns,
        check_found,
        fit_to_own,
        list_labels,
        parse_label_map,
        read_external,
        read_table,
        share_columns,
    )

    columns = Columns(
        **{
            name.removesuffix("_column"): column
            for name, column in vars(options).items()
            if name.endswith("_column")
        }
    )
    image_folder, labels = options.image_folder, options.labels
    classes, patient_pattern = options.classes, options.patient_pattern
    given = [data] if external is None else [data, external]
    _check_given(given, goes_with_folders=columns == Columns() and image_folder is None)
    label_map = parse_label_map(labels) if labels else {}
    own_map: Mapping[str, Collection[str]] | None = label_map
    external_columns = columns
    if external is not None:
        columns, external_columns = share_columns(columns, data, external)
        found = list_labels(data, columns)
        found_external = list_labels(external, external_columns, is_external=True)
        wanted = [label for meant in label_map.values() for label in meant]
        check_found(wanted, {*found, *found_external}, where="film of either cohort")
        own_map = fit_to_own(label_map, found)
    if data.is_dir():
        cohort = Cohort.from_folder(
            data, labels=own_map, classes=classes, patient_pattern=patient_pattern
        )
    else:
        cohort = Cohort.of(
            read_table(
                data,
                columns,
                image_folder=image_folder,
                labels=own_map,
                classes=classes,
                patient_pattern=patient_pattern,
            )
        )
    if external is None:
        return cohort, None
    return cohort, read_external(
        external,
        cohort.classes,
        labels=label_map,
        columns=external_columns,
        image_folder=image_folder if data.is_dir() else None,
        patient_pattern=patient_pattern,
    )


def read_place(external: str | None) -> Path | None:
    """Read where the external cohort is; `Path` would take an empty text for the current folder.

    Raises:
        CohortError: It is empty.
    """
    from hilum.errors import CohortError

    if external is not None and not external.strip():
        raise CohortError(
            "--external names nothing.", fix="Name a folder or a CSV, or leave it out."
        )
    return None if external is None else Path(external)


def _check_given(given: Sequence[Path], *, goes_with_folders: bool) -> None:
    """Check that what was given exists, and that the options have a CSV to belong to."""
    from hilum.disk import exists
    from hilum.errors import CohortError

    for path in given:
        if not exists(path):
            raise CohortError(f"There is no file or folder '{path}'.", fix="Check the name.")
    if all(path.is_dir() for path in given) and not goes_with_folders:
        names = " and ".join(f"'{path}'" for path in given)
        are = "is a folder" if len(given) == 1 else "are folders"
        raise CohortError(
            f"{names} {are}, and --image-folder and the column options belong to a CSV.",
            fix="Leave them out, or give the CSV.",
        )

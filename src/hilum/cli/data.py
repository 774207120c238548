"""Options that tell what DATA is, and reading it; shared by the commands that take a cohort."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort

_TABLE = "When DATA is a CSV"
_STUDY = "The study"

Data = Annotated[
    Path,
    typer.Argument(help="A folder with one subfolder per class, or a CSV.", metavar="DATA"),
]
Classes = Annotated[
    str | None,
    typer.Option(help="Study only these.", metavar="A,B", rich_help_panel=_STUDY),
]
PatientPattern = Annotated[
    str | None,
    typer.Option(
        help="Regular expression whose first group, or group 'patient', is the patient in a "
        "file's name. none: read no names. Names of NIH, Kermany and Hilum are recognised "
        "without it.",
        metavar="REGEX",
        rich_help_panel=_STUDY,
    ),
]
Label = Annotated[
    list[str] | None,
    typer.Option(
        help='Labels, or subfolders, that mean a class: "COVID-19=COVID-19|COVID-19, ARDS". '
        "Repeatable; films with other labels are left out and counted.",
        metavar="CLASS=LABEL|LABEL",
        rich_help_panel=_STUDY,
    ),
]
External = Annotated[
    str | None,
    typer.Option(
        help="Another folder or CSV with the same classes: its films are scored by the heads "
        "trained here. --label maps its labels. Its name is shown in the report.",
        metavar="DATA",
        rich_help_panel=_STUDY,
    ),
]
ImageColumn = Annotated[
    str | None, typer.Option(help="Column of file names.", rich_help_panel=_TABLE)
]
LabelColumn = Annotated[str | None, typer.Option(help="Column of labels.", rich_help_panel=_TABLE)]
PatientColumn = Annotated[
    str | None, typer.Option(help="Column of patients.", rich_help_panel=_TABLE)
]
SourceColumn = Annotated[
    str | None, typer.Option(help="Column of sources.", rich_help_panel=_TABLE)
]
ViewColumn = Annotated[
    str | None, typer.Option(help="Column of views, such as PA or AP.", rich_help_panel=_TABLE)
]
SexColumn = Annotated[str | None, typer.Option(help="Column of sex.", rich_help_panel=_TABLE)]
AgeColumn = Annotated[
    str | None,
    typer.Option(help="Column of ages, in years or as 058Y, 18M.", rich_help_panel=_TABLE),
]
ImageFolder = Annotated[
    Path | None,
    typer.Option(
        help="Where file names begin (default: the CSV's folder).", rich_help_panel=_TABLE
    ),
]


def read_cohorts(
    data: Path,
    external: Path | None,
    *,
    classes: list[str] | None = None,
    patient_pattern: str | None = None,
    labels: list[str] | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    patient_column: str | None = None,
    source_column: str | None = None,
    view_column: str | None = None,
    sex_column: str | None = None,
    age_column: str | None = None,
    image_folder: Path | None = None,
) -> tuple[Cohort, Cohort | None]:
    """Read DATA, and films from elsewhere on which its heads are tried, as the options say.

    Where both are given, a label needs to stand in one of them only. Labels of which none
    stands in DATA leave DATA as it is. In the other, a label that is the name of a class of
    DATA means it without being mapped, and what means no class is left out and counted.

    Args:
        data: A folder or a CSV.
        external: Another; None if there is none.
        classes: Study only these.
        patient_pattern: How names tell the patient; see `Cohort.from_folder`. It need not fit
            names of `external`.
        labels: Options of the form `CLASS=LABEL|LABEL`; a label is a cell of the label
            column, or a subfolder's name.
        image_column: Column of file names; this and the other columns go with a CSV alone.
            Of two CSVs each column goes with those that have it; the other one's is found by
            its usual names.
        label_column: Column of labels.
        patient_column: Column of patients.
        source_column: Column of sources.
        view_column: Column of views.
        sex_column: Column of sex.
        age_column: Column of ages.
        image_folder: Where relative file names of a CSV begin: of DATA if it is one, and of
            `external` otherwise.

    Returns:
        Both cohorts; the second is None where `external` is.

    Raises:
        CohortError: There is no such data, it makes no cohort, or an option does not
            go with it.
    """
    from hilum.cohort.columns import Columns
    from hilum.cohort.external import (
        list_found,
        list_found_there,
        read_external,
        share_columns,
    )
    from hilum.cohort.labelling import check_found, fit_to_own, parse_label_map
    from hilum.cohort.manifest import Cohort
    from hilum.cohort.tables import read_table

    columns = Columns(
        image=image_column,
        label=label_column,
        patient=patient_column,
        source=source_column,
        view=view_column,
        sex=sex_column,
        age=age_column,
    )
    given = [data] if external is None else [data, external]
    _check_given(given, goes_with_folders=columns == Columns() and image_folder is None)
    label_map = parse_label_map(labels) if labels else {}
    own_map: Mapping[str, Collection[str]] | None = label_map
    columns_there = columns
    if external is not None:
        columns, columns_there = share_columns(columns, data, external)
        found, found_there = list_found(data, columns), list_found_there(external, columns_there)
        wanted = [label for meant in label_map.values() for label in meant]
        check_found(wanted, {*found, *found_there}, where="film of either cohort")
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
        columns=columns_there,
        image_folder=image_folder if data.is_dir() else None,
        patient_pattern=patient_pattern,
    )


def read_place(external: str | None) -> Path | None:
    """Read where films from elsewhere are; an empty text is no place, though a path calls it so.

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

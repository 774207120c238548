"""Options that tell what DATA is, and reading it; shared by the commands that take a cohort."""

from __future__ import annotations

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
        help='Labels that mean a class: "COVID-19=COVID-19|COVID-19, ARDS". Repeatable; '
        "rows with other labels are left out and counted.",
        metavar="CLASS=LABEL|LABEL",
        rich_help_panel=_TABLE,
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


def read_cohort(
    data: Path,
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
) -> Cohort:
    """Read DATA as the options say.

    Args:
        data: A folder or a CSV.
        classes: Study only these.
        patient_pattern: How names tell the patient; see `Cohort.from_folder`.
        labels: Options of the form `CLASS=LABEL|LABEL`; this and all that follow go with
            a CSV alone.
        image_column: Column of file names.
        label_column: Column of labels.
        patient_column: Column of patients.
        source_column: Column of sources.
        view_column: Column of views.
        sex_column: Column of sex.
        age_column: Column of ages.
        image_folder: Where relative file names begin.

    Raises:
        CohortError: There is no such data, it makes no cohort, or an option does not
            go with it.
    """
    from hilum.cohort.manifest import Cohort
    from hilum.cohort.tables import parse_label_map
    from hilum.errors import CohortError
    from hilum.writing import exists

    columns = {
        "image_column": image_column,
        "label_column": label_column,
        "patient_column": patient_column,
        "source_column": source_column,
        "view_column": view_column,
        "sex_column": sex_column,
        "age_column": age_column,
    }
    if not exists(data):
        raise CohortError(f"There is no file or folder '{data}'.", fix="Check the name.")
    if data.is_dir():
        if any(option is not None for option in (labels, image_folder, *columns.values())):
            raise CohortError(
                f"'{data}' is a folder, and --label, --image-folder and the column options "
                "belong to a CSV.",
                fix="Leave them out, or give the CSV.",
            )
        return Cohort.from_folder(data, classes=classes, patient_pattern=patient_pattern)
    return Cohort.from_csv(
        data,
        **columns,
        image_folder=image_folder,
        labels=parse_label_map(labels) if labels else None,
        classes=classes,
        patient_pattern=patient_pattern,
    )

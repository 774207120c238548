"""Films from elsewhere become films of the study's classes, whatever they are called there."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.cohort.external import list_labels, read_external, share_columns
from hilum.cohort.tables import Columns
from hilum.errors import CohortError

LABELS = {"COVID": ["Covid-19"], "Normal": ["No_findings"]}
CLASSES = ("COVID", "Normal")


def put_films(folder: Path, *names: str) -> Path:
    for level, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (70, 70), level).save(folder / name)
    return folder


@pytest.fixture
def dark(tmp_path: Path) -> Path:
    names = ("Covid-19/a.png", "Covid-19/b.png", "No_findings/c.png", "Pneumonia/d.png")
    return put_films(tmp_path / "dark", *names)


@pytest.fixture
def table(dark: Path) -> Path:
    rows = ["file,finding,subject", "Covid-19/a.png,Covid-19,1", "No_findings/c.png,Normal,2"]
    (dark / "films.csv").write_text("\n".join([*rows, "Pneumonia/d.png,Pneumonia,3"]) + "\n")
    return dark / "films.csv"


def test_a_folder_is_mapped_and_the_rest_counted(dark: Path) -> None:
    cohort = read_external(dark, CLASSES, labels=LABELS)
    assert cohort.name == "dark"
    assert cohort.n_per_class == {"COVID": 2, "Normal": 1}
    assert cohort.left_out == {"Pneumonia": 1}


def test_one_class_is_enough(dark: Path) -> None:
    cohort = read_external(dark, ["Pneumonia", "Effusion"])
    assert cohort.classes == ("Pneumonia",)
    assert cohort.left_out == {"Covid-19": 2, "No_findings": 1}


def test_a_table_may_lack_the_columns_of_another(table: Path) -> None:
    columns = Columns(image="picture", label="diagnosis", patient="subject", age="years")
    cohort = read_external(table, CLASSES, labels=LABELS, columns=columns)
    assert [(film.label, film.patient) for film in cohort.films] == [
        ("COVID", "1"),
        ("Normal", "2"),
    ]
    assert cohort.left_out == {"Pneumonia": 1}
    assert list_labels(table, columns, is_external=True) == ["Covid-19", "Normal", "Pneumonia"]
    with pytest.raises(CohortError, match="no column 'picture'"):
        list_labels(table, columns)


def test_a_column_goes_with_the_tables_that_have_it(table: Path, dark: Path) -> None:
    other = dark / "other.csv"
    other.write_text("picture,finding,age\nCovid-19/b.png,Covid-19,50\n")
    columns = Columns(image="picture", label="finding", patient="subject")
    here, there = share_columns(columns, table, other)
    assert here == Columns(label="finding", patient="subject")
    assert there == Columns(image="picture", label="finding")
    assert read_external(other, CLASSES, labels=LABELS, columns=there).n_per_class == {"COVID": 1}
    assert share_columns(Columns(image="picture"), dark, other)[1] == Columns(image="picture")
    with pytest.raises(CohortError, match=r"no column 'lost' in '.*films.csv' or '.*other.csv'"):
        share_columns(Columns(image="lost"), table, other)


def test_a_class_without_a_readable_film_is_dropped(dark: Path) -> None:
    (dark / "Covid-19" / "a.png").write_text("no picture")
    (dark / "Covid-19" / "b.png").write_bytes(b"")
    cohort = read_external(dark, CLASSES, labels=LABELS)
    assert cohort.is_external
    assert cohort.classes == ("Normal",)
    assert [(e.label, e.code) for e in cohort.excluded] == [("COVID", "TYPE"), ("COVID", "EMPTY")]
    (dark / "No_findings" / "c.png").write_text("no picture")
    with pytest.raises(CohortError, match="No film of the external cohort 'dark' can be read"):
        read_external(dark, CLASSES, labels=LABELS)


def test_complaints_name_the_cohort_by_its_place(
    dark: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dark / "No_findings" / "c.png").unlink()
    with pytest.raises(CohortError, match="In the external cohort 'films': 1 of the table's 2"):
        read_external(table, CLASSES, labels=LABELS)
    monkeypatch.chdir(dark)
    with pytest.raises(CohortError, match="external cohort 'dark' have none of the classes A, B"):
        read_external(Path(), ["A", "B"])
    assert read_external(Path(), CLASSES, labels=LABELS).name == "dark"


def test_a_pattern_for_other_names_tells_nothing(dark: Path) -> None:
    assert (
        read_external(dark, CLASSES, labels=LABELS, patient_pattern="^(P[0-9]+)").n_patients is None
    )
    told = read_external(dark, CLASSES, labels=LABELS, patient_pattern="^([a-z])")
    assert told.n_patients == 3


def test_what_cannot_be_mapped_is_refused(dark: Path) -> None:
    with pytest.raises(CohortError, match="none of the classes COVID, Normal"):
        read_external(dark, CLASSES)


def test_labels_of_a_folder_join_its_subfolders(dark: Path) -> None:
    labels = {"sick": ["Covid-19", "Pneumonia"], "well": ["No_findings"]}
    cohort = Cohort.from_folder(dark, labels=labels)
    assert cohort.n_per_class == {"sick": 3, "well": 1}
    assert cohort.left_out == {}
    fewer = Cohort.from_folder(dark, labels={"sick": ["Covid-19"], "well": ["No_findings"]})
    assert fewer.left_out == {"Pneumonia": 1}
    with pytest.raises(CohortError, match="two or more"):
        Cohort.from_folder(dark, labels={"sick": ["Covid-19"]})
    assert len(Cohort.from_folder(dark, labels={"sick": ["Covid-19"]}, is_external=True)) == 2


def test_an_empty_subfolder_is_no_class(dark: Path) -> None:
    (dark / "Empty").mkdir()
    with pytest.raises(CohortError, match="class 'sick' holds no film"):
        Cohort.from_folder(dark, labels={"sick": ["Empty"], "well": ["No_findings"]})

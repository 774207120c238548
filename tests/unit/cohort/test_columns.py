"""A table's columns are found by their usual names, and its ages are read or unknown."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.errors import CohortError
from hilum.films.dicom_tags import read_age


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for level, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
        Image.new("L", (70, 70), level).save(tmp_path / name)
    return tmp_path


def read(folder: Path, header: str, *rows: str, **columns: str) -> tuple[Film, ...]:
    table = folder / "t.csv"
    table.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return Cohort.from_csv(table, **columns).films


@pytest.mark.parametrize(
    ("cell", "years"),
    [
        ("58", 58.0),
        ("058Y", 58.0),
        ("58.5", 58.5),
        ("58 y", 58.0),
        ("018M", 1.5),
        ("6m", 0.5),
        ("0", 0.0),
        ("120", 120.0),
    ],
)
def test_ages_are_read_in_years(cell: str, years: float) -> None:
    assert read_age(cell) == years


def test_weeks_and_days_are_parts_of_a_year() -> None:
    assert read_age("052W") == pytest.approx(52 * 7 / 365.25)
    assert read_age("004D") == pytest.approx(4 / 365.25)


@pytest.mark.parametrize(
    "cell", ["", "121", "413", "148Y", "-3", "nan", "inf", "1e2", "fifty", "Y", "5 0", "50s", "५८"]
)
def test_what_is_no_age_is_unknown(cell: str) -> None:
    assert read_age(cell) is None


@pytest.mark.parametrize(
    "header",
    [
        "image,label,view,sex,age",
        "Image Index,Finding Labels,View Position,Patient Gender,Patient Age",
        "filename,finding,ViewPosition,Gender,AGE",
        "film,class,Projection,Patient Sex,patient_age",
    ],
)
def test_view_sex_and_age_are_found_by_their_usual_names(folder: Path, header: str) -> None:
    films = read(folder, header, "a.png,A,PA,F,058Y", "b.png,B,AP Supine,M,6M", "c.png,B,,,")
    assert [(film.view, film.sex, film.age) for film in films] == [
        ("PA", "F", 58.0),
        ("AP Supine", "M", 0.5),
        (None, None, None),
    ]


def test_view_sex_and_age_columns_can_be_named(folder: Path) -> None:
    films = read(
        folder, "image,label,how,which,years,age", "a.png,A,PA,F,40,1", "b.png,B,AP,M,50,2",
        view_column="how", sex_column="which", age_column="years",
    )  # fmt: skip
    assert [(film.view, film.sex, film.age) for film in films] == [
        ("PA", "F", 40.0),
        ("AP", "M", 50.0),
    ]
    with pytest.raises(CohortError, match="no column 'born'") as caught:
        read(folder, "image,label", "a.png,A", "b.png,B", age_column="born")
    assert "--age-column" in caught.value.fix


def test_a_table_without_them_leaves_them_unknown(folder: Path) -> None:
    for film in read(folder, "image,label", "a.png,A", "b.png,B"):
        assert (film.view, film.sex, film.age) == (None, None, None)


def test_odd_ages_are_counted_and_cost_no_film(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    rows = ("a.png,A,413", "b.png,B,old", "c.png,B,", "d.png,B,33")
    films = read(folder, "image,label,age", *rows)
    assert [film.age for film in films] == [None, None, None, 33.0]
    (record,) = caplog.records
    assert record.getMessage().startswith("2 ages in the table")
    caplog.clear()
    read(folder, "image,label,age", *rows[2:3], "d.png,A,33")
    assert not caplog.records


@pytest.mark.films
def test_the_table_of_a_public_collection(films_folder: Path) -> None:
    cohort = Cohort.from_csv(
        films_folder / "cohen" / "metadata.csv", image_folder=films_folder / "cohen" / "images"
    )
    assert {film.sex for film in cohort.films} == {"M", "F", None}
    assert {film.view for film in cohort.films} == {"PA", "AP", "AP Supine"}
    assert sum(film.age is None for film in cohort.films) == 22
    assert cohort.patients_from == (f"{len(cohort)} of 140 films: the table's patient column",)

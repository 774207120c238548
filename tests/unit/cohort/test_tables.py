"""A CSV becomes a cohort, by its columns' usual names, or all its faults are listed at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.cohort.labels import parse_label_map
from hilum.errors import CohortError
from hilum.films.dicom_tags import read_age

ROWS = (
    ("a.png", "COVID-19", "p1", "Rome"),
    ("b.png", "COVID-19, ARDS", "p1", "Rome"),
    ("c.png", "Pneumonia", "p2", "Rome"),
    ("sub/d.png", "Streptococcus", "", "Oslo"),
    ("e.png", "todo", "p4", ""),
    ("f.png", "", "p5", ""),
)


def write_table(path: Path, *, delimiter: str = ",", newline: str = "\n", bom: str = "") -> Path:
    header = delimiter.join(("filename", "finding", "PatientID", "source"))
    lines = [header, *(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS)]
    path.write_bytes((bom + newline.join(lines) + newline).encode())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for level, (name, *_) in enumerate(ROWS):
        Image.new("L", (70, 70), level).save(tmp_path / name)
    return tmp_path


LABELS = parse_label_map(["COVID=COVID-19|COVID-19, ARDS", "Other=Pneumonia|Streptococcus"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_every_dialect_reads_the_same(folder: Path, delimiter: str, newline: str, bom: str) -> None:
    table = write_table(folder / "t.csv", delimiter=delimiter, newline=newline, bom=bom)
    cohort = Cohort.from_csv(table, labels=LABELS)
    assert cohort.classes == ("COVID", "Other")
    assert [(f.path.name, f.label, f.patient, f.source) for f in cohort.films] == [
        ("a.png", "COVID", "p1", "Rome"),
        ("b.png", "COVID", "p1", "Rome"),
        ("c.png", "Other", "p2", "Rome"),
        ("d.png", "Other", None, "Oslo"),
    ]
    assert cohort.left_out == {"todo": 1, "(no label)": 1}
    assert cohort.n_patients == 2


def test_without_a_label_map_labels_are_classes(folder: Path) -> None:
    cohort = Cohort.from_csv(write_table(folder / "t.csv"))
    assert cohort.classes == ("COVID-19", "COVID-19, ARDS", "Pneumonia", "Streptococcus", "todo")
    some = Cohort.from_csv(folder / "t.csv", classes=["COVID-19", "Pneumonia"])
    assert some.classes == ("COVID-19", "Pneumonia")
    assert sum(some.left_out.values()) == 4


def test_films_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    table = write_table(tmp_path / "tables" / "t.csv")
    cohort = Cohort.from_csv(table, labels=LABELS, image_folder=folder)
    assert len(cohort) == 4


def test_all_faults_are_listed_at_once(folder: Path) -> None:
    table = folder / "t.csv"
    table.write_text("image,label\na.png,A\ngone.png,A\n,B\nc.png,B\na.png,B\nalso-gone.png,B\n")
    with pytest.raises(CohortError) as caught:
        Cohort.from_csv(table)
    message = caught.value.message
    assert "4 of the table's 6 rows" in message
    assert "line 3: no file 'gone.png'" in message
    assert "line 4: no file name" in message
    assert "line 6: 'a.png' stands in line 2 already" in message
    assert "line 7: no file 'also-gone.png'" in message
    assert "--image-folder" in caught.value.fix


def test_many_faults_are_counted_rather_than_poured_out(folder: Path) -> None:
    table = folder / "t.csv"
    table.write_text("image,label\n" + "".join(f"no{k}.png,A\n" for k in range(50)))
    with pytest.raises(CohortError, match="50 of the table's 50 rows") as caught:
        Cohort.from_csv(table)
    assert "and 40 more" in caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture;verdict\na.png;A\n", "no column that is plainly the image and no column that"),
        ("image,label\n", "no rows"),
        ("", "its columns are: none"),
    ],
)
def test_a_table_that_is_none_is_one_message(folder: Path, text: str, message: str) -> None:
    (folder / "t.csv").write_text(text)
    with pytest.raises(CohortError, match=message):
        Cohort.from_csv(folder / "t.csv")


def test_a_binary_file_is_no_table(folder: Path) -> None:
    with pytest.raises(CohortError, match="no table in UTF-8"):
        Cohort.from_csv(folder / "a.png")


def test_columns_can_be_named(folder: Path) -> None:
    (folder / "t.csv").write_text("x,y,who\na.png,A,p\nc.png,B,q\n")
    cohort = Cohort.from_csv(
        folder / "t.csv", image_column="x", label_column="y", patient_column="who"
    )
    assert [film.patient for film in cohort.films] == ["p", "q"]
    with pytest.raises(CohortError, match="no column 'z'"):
        Cohort.from_csv(folder / "t.csv", image_column="z", label_column="y")


def test_a_label_that_no_row_has_is_named(folder: Path) -> None:
    with pytest.raises(CohortError, match="No row has the label 'Covid'") as caught:
        Cohort.from_csv(write_table(folder / "t.csv"), labels={"A": ["Covid"], "B": ["todo"]})
    assert "COVID-19, ARDS" in caught.value.fix


def test_label_maps_are_read_and_checked() -> None:
    assert parse_label_map(["COVID-19=COVID-19|COVID-19, ARDS", "Normal"]) == {
        "COVID-19": ["COVID-19", "COVID-19, ARDS"],
        "Normal": ["Normal"],
    }
    with pytest.raises(CohortError, match="given to two classes"):
        parse_label_map(["A=x|y", "B=y"])
    with pytest.raises(CohortError, match="empty"):
        parse_label_map(["A=x|"])


def test_only_one_class_left_is_an_error(folder: Path) -> None:
    with pytest.raises(CohortError, match="one class, 'COVID'"):
        Cohort.from_csv(write_table(folder / "t.csv"), labels={"COVID": ["COVID-19"]})


def test_an_unclosed_quote_does_not_swallow_rows(folder: Path) -> None:
    (folder / "t.csv").write_text('image,label\na.png,A\n"c.png,B\ne.png,B\n')
    with pytest.raises(CohortError, match="breaks at line"):
        Cohort.from_csv(folder / "t.csv")


def test_a_column_named_twice_is_refused(folder: Path) -> None:
    (folder / "t.csv").write_text("image,label,label\na.png,A,B\n")
    with pytest.raises(CohortError, match="more than one column 'label'"):
        Cohort.from_csv(folder / "t.csv")


def test_a_label_map_from_python_is_checked_as_well(folder: Path) -> None:
    table = write_table(folder / "t.csv")
    with pytest.raises(CohortError, match="given to two classes"):
        Cohort.from_csv(table, labels={"A": ["todo"], "B": ["todo"]})
    with pytest.raises(CohortError, match="one text, not a list"):
        Cohort.from_csv(table, labels={"A": "todo", "B": ["Pneumonia"]})


def test_a_shifted_row_is_not_read_as_something_else(folder: Path) -> None:
    (folder / "t.csv").write_text("image,label,patient\na.png,COVID-19, ARDS,p1\nc.png,B,p2\n")
    with pytest.raises(CohortError, match="more cells than the header; the first are lines 2"):
        Cohort.from_csv(folder / "t.csv")


def test_columns_that_differ_in_case_alone_are_ambiguous(folder: Path) -> None:
    (folder / "t.csv").write_text("Image,image,label\na.png,c.png,A\n")
    with pytest.raises(CohortError, match="more than one column"):
        Cohort.from_csv(folder / "t.csv")


@pytest.fixture
def four_films(tmp_path: Path) -> Path:
    for level, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
        Image.new("L", (70, 70), level).save(tmp_path / name)
    return tmp_path


def read(four_films: Path, header: str, *rows: str, **columns: str) -> tuple[Film, ...]:
    table = four_films / "t.csv"
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
def test_view_sex_and_age_are_found_by_their_usual_names(four_films: Path, header: str) -> None:
    films = read(four_films, header, "a.png,A,PA,F,058Y", "b.png,B,AP Supine,M,6M", "c.png,B,,,")
    assert [(film.view, film.sex, film.age) for film in films] == [
        ("PA", "F", 58.0),
        ("AP Supine", "M", 0.5),
        (None, None, None),
    ]


def test_view_sex_and_age_columns_can_be_named(four_films: Path) -> None:
    films = read(
        four_films, "image,label,how,which,years,age", "a.png,A,PA,F,40,1", "b.png,B,AP,M,50,2",
        view_column="how", sex_column="which", age_column="years",
    )  # fmt: skip
    assert [(film.view, film.sex, film.age) for film in films] == [
        ("PA", "F", 40.0),
        ("AP", "M", 50.0),
    ]
    with pytest.raises(CohortError, match="no column 'born'") as caught:
        read(four_films, "image,label", "a.png,A", "b.png,B", age_column="born")
    assert "--age-column" in caught.value.fix


def test_a_table_without_them_leaves_them_unknown(four_films: Path) -> None:
    for film in read(four_films, "image,label", "a.png,A", "b.png,B"):
        assert (film.view, film.sex, film.age) == (None, None, None)


def test_odd_ages_are_counted_and_cost_no_film(
    four_films: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    rows = ("a.png,A,413", "b.png,B,old", "c.png,B,", "d.png,B,33")
    films = read(four_films, "image,label,age", *rows)
    assert [film.age for film in films] == [None, None, None, 33.0]
    (record,) = caplog.records
    assert record.getMessage().startswith("2 ages in the table")
    caplog.clear()
    read(four_films, "image,label,age", *rows[2:3], "d.png,A,33")
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

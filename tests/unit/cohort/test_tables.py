"""A CSV becomes a cohort, or all its faults are listed at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.cohort.labels import parse_label_map
from hilum.errors import CohortError

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

"""The options that tell what DATA is reach the cohort, or one message says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hilum.cli.data import read_cohort
from hilum.errors import CohortError


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A folder of two classes, and beside it a table of the same films."""
    names = ("Sick/P1_a.png", "Sick/P1_b.png", "Sick/P2_a.png", "Well/P3_a.png", "Odd/P4_a.png")
    rows = ["which,what,how,who,years"]
    for level, name in enumerate(names):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (70, 70), level).save(path)
        rows.append(f"{name},{path.parent.name.upper()},PA,F,{40 + level}")
    (tmp_path / "films.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "films"


def test_classes_and_pattern_go_with_a_folder(films: Path) -> None:
    cohort = read_cohort(films, classes=["Sick", "Well"], patient_pattern="^(P[0-9])_")
    assert [film.patient for film in cohort.films] == ["P1", "P1", "P2", "P3"]
    assert cohort.left_out == {"Odd": 1}


def test_everything_goes_with_a_table(films: Path) -> None:
    cohort = read_cohort(
        films.with_suffix(".csv"),
        classes=["ill", "well"],
        patient_pattern="(P[0-9])_",
        labels=["ill=SICK", "well=WELL"],
        image_column="which",
        label_column="what",
        source_column="what",
        view_column="how",
        sex_column="who",
        age_column="years",
        image_folder=films,
    )
    assert cohort.classes == ("ill", "well")
    film = cohort.films[2]
    assert (film.patient, film.source, film.view, film.sex, film.age) == (
        "P2", "SICK", "PA", "F", 42.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "option",
    [
        {"labels": ["A=B"]},
        {"image_column": "x"},
        {"label_column": "x"},
        {"patient_column": "x"},
        {"source_column": "x"},
        {"view_column": "x"},
        {"sex_column": "x"},
        {"age_column": "x"},
        {"image_folder": Path()},
    ],
    ids=lambda option: next(iter(option)),
)
def test_what_belongs_to_a_table_is_refused_for_a_folder(films: Path, option: dict) -> None:
    with pytest.raises(CohortError, match="column options belong to a CSV"):
        read_cohort(films, **option)


def test_no_data_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="no file or folder"):
        read_cohort(tmp_path / "absent")

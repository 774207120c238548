"""The options that tell what DATA is reach the cohort, or one message says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hilum.cli.data import CohortOptions, read_cohorts, read_place
from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError


def read_cohort(data: Path, **options: Any) -> Cohort:
    """Read DATA with nothing beside it."""
    cohort, elsewhere = read_cohorts(data, None, CohortOptions(**options))
    assert elsewhere is None
    return cohort


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


def test_labels_go_with_a_folder_as_well(films: Path) -> None:
    cohort = read_cohort(films, labels=["ill=Sick|Odd", "Well"])
    assert cohort.n_per_class == {"Well": 1, "ill": 4}
    with pytest.raises(CohortError, match="No subfolder has the label 'Lost'"):
        read_cohort(films, labels=["ill=Sick|Lost", "Well"])


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A folder of the same diseases under other names."""
    for level, name in enumerate(("Unwell/a.png", "Unwell/b.png", "Well/c.png", "Else/d.png")):
        path = tmp_path / "others" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (70, 70), 100 + level).save(path)
    return tmp_path / "others"


def test_a_label_of_the_other_cohort_leaves_this_one_as_it_is(films: Path, others: Path) -> None:
    cohort, external = read_cohorts(films, others, CohortOptions(labels=["Sick=Unwell"]))
    assert cohort == read_cohort(films)
    assert external is not None
    assert external.n_per_class == {"Sick": 2, "Well": 1}
    assert external.left_out == {"Else": 1}


def test_a_label_that_stands_nowhere_is_an_error(films: Path, others: Path) -> None:
    with pytest.raises(CohortError, match="No film of either cohort has the label 'Lost'"):
        read_cohorts(films, others, CohortOptions(labels=["Sick=Unwell|Lost"]))


def test_without_another_cohort_there_is_none(films: Path) -> None:
    assert read_cohorts(films, None, CohortOptions()) == (Cohort.from_folder(films), None)


def test_columns_are_those_of_the_first_table(films: Path, others: Path) -> None:
    table = films.with_suffix(".csv")
    columns = {"image_column": "which", "label_column": "what", "image_folder": films}
    cohort, external = read_cohorts(
        table, others, CohortOptions(labels=["Sick=SICK|Unwell", "Well=WELL"], **columns)
    )
    assert external is not None
    assert cohort.classes == external.classes == ("Sick", "Well")
    cohort, external = read_cohorts(
        others, table, CohortOptions(labels=["Unwell=SICK", "Well=WELL"], **columns)
    )
    assert external is not None
    assert external.n_per_class == {"Unwell": 3, "Well": 1}
    with pytest.raises(CohortError, match="no column 'lost'"):
        read_cohorts(others, table, CohortOptions(**columns | {"label_column": "lost"}))
    with pytest.raises(CohortError, match="are folders"):
        read_cohorts(others, films, CohortOptions(**columns))


def test_two_tables_need_not_name_their_columns_alike(films: Path, others: Path) -> None:
    usual = others.with_suffix(".csv")
    usual.write_text("image,label\nothers/Unwell/a.png,SICK\nothers/Well/c.png,WELL\n")
    odd = films.with_suffix(".csv")
    odd.write_text(odd.read_text().replace("\n", "\nfilms/").removesuffix("films/"))
    columns = {"image_column": "which", "label_column": "what"}
    labels = ["Sick=SICK", "Well=WELL"]
    for data, external, counts in ((usual, odd, (3, 1)), (odd, usual, (1, 1))):
        cohort, elsewhere = read_cohorts(data, external, CohortOptions(labels=labels, **columns))
        assert cohort.classes == ("Sick", "Well")
        assert elsewhere is not None
        assert tuple(elsewhere.n_per_class.values()) == counts
    with pytest.raises(CohortError, match=r"external cohort 'films': .* plainly the image") as told:
        read_cohorts(usual, odd, CohortOptions(labels=labels))
    assert "rename the columns in 'films.csv'" in told.value.fix


def test_an_empty_place_is_not_the_folder_one_stands_in() -> None:
    assert read_place(None) is None
    assert read_place(".") == Path()
    with pytest.raises(CohortError, match="--external names nothing"):
        read_place(" ")

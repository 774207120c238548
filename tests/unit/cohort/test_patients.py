"""Patients are known from names that say them, never guessed, and never told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.cohort.patients import KNOWN_RULES, choose_rules, identify_patients
from hilum.errors import CohortError
from hilum.folds.groups import group_films
from hilum.phantoms.cohort import write_phantoms

NIH = "the file's name, as NIH ChestX-ray14 writes it (00000000_000.png)"
NORMALS = "the file's name, as the Kermany collection writes it (IM-0000-0000.jpeg)"
BY_PATTERN = "the file's name, by the pattern that was given"
BY_COLUMN = "the table's patient column"


def cohort_of(*names: str, patients: dict[str, str] | None = None) -> Cohort:
    films = [
        Film(
            f"{k:012x}", Path("films") / name, f"{k:064x}", "AB"[k % 2], (patients or {}).get(name)
        )
        for k, name in enumerate(names)
    ]
    return Cohort("films", tuple(films), ("A", "B"))


def patients_of(*names: str, pattern: str | None = None) -> list[str | None]:
    told = identify_patients(cohort_of(*names), choose_rules(pattern))
    return [film.patient for film in told.films]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes; NIH's patient 00001684 stands in both."""
    names = (
        "Sick/00001684_003.png", "Sick/00001684_010.png", "Sick/other.png",
        "Well/00001684_000.png", "Well/00030805_000.png",
    )  # fmt: skip
    for level, name in enumerate(names):
        (tmp_path / "films" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (70, 70), level).save(tmp_path / "films" / name)
    return tmp_path / "films"


def write_table(folder: Path, *rows: str, header: str = "image,label") -> Path:
    table = folder / "films.csv"
    table.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return table


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("00001684_003.png", "00001684"),
        ("00030805_000.PNG", "00030805"),
        ("person12_virus_45.jpeg", "person12_virus"),
        ("person12_bacteria_3.jpeg", "person12_bacteria"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("IM-0501-0001-0002.jpeg", "IM-0501"),
        ("NORMAL2-IM-1360-0001.jpeg", "NORMAL2-IM-1360"),
        ("NORMAL2-IM-1020-0001-0001.jpeg", "NORMAL2-IM-1020"),
        ("phantom-p0012-2.png", "p0012"),
        ("phantom-p12345-1.png", "p12345"),
        ("00001684_003", "00001684"),
    ],
)
def test_well_known_names_tell_the_patient(name: str, patient: str) -> None:
    assert patients_of(name) == [patient]


@pytest.mark.parametrize(
    "mark",
    ["-copy", "_copy", " copy", " copy 2", " - Copy", " - Copy (2)", "(1)", " (1)", "_Copy1"],
)
@pytest.mark.parametrize(
    ("stem", "patient"), [("00001684_003", "00001684"), ("phantom-p0012-2", "p0012")]
)
def test_the_mark_of_a_copy_does_not_hide_the_patient(stem: str, patient: str, mark: str) -> None:
    assert patients_of(f"{stem}{mark}.png") == [patient]


@pytest.mark.parametrize(
    "name",
    [
        "COVID-992.png",
        "Normal-1004.png",
        "20200315_001.png",  # a date and a number
        "00001684_03.png",
        "000016840_003.png",
        "a00001684_003.png",
        "00001684_003_left.png",
        "person_virus_1.jpeg",
        "person12_fungus_1.jpeg",
        "phantom-0012-2.png",
        "IM-115-1.jpeg",
        "1-s2.0-S1684118220300608-main.pdf-001.jpg",
        "٠٠٠٠١٦٨٤_٠٠٣.png",
        "copy.png",
        ".png",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert patients_of(name) == [None]


def test_no_patient_of_one_form_is_one_of_another() -> None:
    names = (
        "00001684_003.png", "person1684_virus_1.jpeg", "person1684_bacteria_1.jpeg",
        "IM-1684-0001.jpeg", "NORMAL2-IM-1684-0001.jpeg", "phantom-p1684-1.png",
    )  # fmt: skip
    assert len(set(patients_of(*names)) - {None}) == len(names)


def test_a_folder_tells_its_patients_and_how_it_knows_them(folder: Path) -> None:
    cohort = Cohort.from_folder(folder)
    assert [film.patient for film in cohort.films] == [
        "00001684", "00001684", None, "00001684", "00030805",
    ]  # fmt: skip
    assert cohort.patients_from == (f"4 of 5 films: {NIH}",)
    assert cohort.n_patients == 2
    assert group_films(cohort).tolist() == [0, 0, 1, 0, 2]


def test_each_way_of_knowing_is_a_sentence_of_its_own() -> None:
    names = ("00001684_003.png", "IM-0115-0001.jpeg", "IM-0117-0001.jpeg", "x.png")
    told = identify_patients(cohort_of(*names), KNOWN_RULES)
    assert told.patients_from == (f"2 of 4 films: {NORMALS}", f"1 of 4 films: {NIH}")


def test_names_that_tell_nothing_leave_the_cohort_as_it_was() -> None:
    cohort = cohort_of("a.png", "b.png")
    assert identify_patients(cohort, KNOWN_RULES) == cohort


def test_recognition_can_be_switched_off(folder: Path) -> None:
    cohort = Cohort.from_folder(folder, patient_pattern="none")
    assert cohort.n_patients is None
    assert cohort.patients_from == ()


def test_a_pattern_takes_the_place_of_the_known_forms(folder: Path) -> None:
    cohort = Cohort.from_folder(folder, patient_pattern=r"^(o)ther")
    assert [film.patient for film in cohort.films] == [None, None, "o", None, None]
    assert cohort.patients_from == (f"1 of 5 films: {BY_PATTERN}",)


@pytest.mark.parametrize(
    ("pattern", "patients"),
    [
        (r"P(\d+)", ["17", "4"]),
        (r"ward(\d)_P\d+", ["3", None]),
        (r"ward(\d)_(?P<patient>P\d+)", ["P17", None]),
        (r"\.(png)$", ["png", "png"]),
        (r"ward|P(\d)", [None, "4"]),
    ],
)
def test_the_first_group_or_the_one_named_patient_is_the_patient(
    pattern: str, patients: list[str | None]
) -> None:
    assert patients_of("ward3_P17 front.png", "P4.png", pattern=pattern) == patients


def test_a_blank_is_no_patient() -> None:
    with pytest.raises(CohortError, match="finds no patient"):
        patients_of("ward3_P17 front.png", "P4.png", pattern="P17( *)front|P4()")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "no regular expression"),
        ("(a{99999999999999999999})", "no regular expression"),
        (r"\d+_", "which part of the name"),
        ("", "which part of the name"),
        (r"^(X\d+)_", "finds no patient in any of the 5 files' names"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_one_message(
    folder: Path, pattern: str, message: str
) -> None:
    with pytest.raises(CohortError, match=message) as caught:
        Cohort.from_folder(folder, patient_pattern=pattern)
    assert "parentheses" in caught.value.fix
    assert "00001684" not in str(caught.value)


def test_a_mistaken_pattern_shows_before_the_films_are_looked_for(tmp_path: Path) -> None:
    for read in (Cohort.from_folder, Cohort.from_csv):
        with pytest.raises(CohortError, match="no regular expression"):
            read(tmp_path / "absent", patient_pattern="[")


def test_a_table_without_a_patient_column_reads_names(folder: Path) -> None:
    table = write_table(folder, "Sick/00001684_003.png,A", "Sick/other.png,B")
    cohort = Cohort.from_csv(table)
    assert [film.patient for film in cohort.films] == ["00001684", None]
    assert cohort.patients_from == (f"1 of 2 films: {NIH}",)
    assert Cohort.from_csv(table, patient_pattern="none").n_patients is None


def test_the_column_goes_before_names_and_its_gaps_stay(folder: Path) -> None:
    rows = ("Sick/00001684_003.png,A,p1", "Sick/00001684_010.png,B,")
    table = write_table(folder, *rows, header="image,label,patient")
    cohort = Cohort.from_csv(table)
    assert [film.patient for film in cohort.films] == ["p1", None]
    assert cohort.patients_from == (f"1 of 2 films: {BY_COLUMN}",)


def test_a_pattern_fills_the_gaps_of_the_column(folder: Path) -> None:
    rows = ("Sick/00001684_003.png,A,p1", "Sick/00001684_010.png,B,", "Sick/other.png,B,")
    table = write_table(folder, *rows, header="image,label,patient")
    cohort = Cohort.from_csv(table, patient_pattern=r"^(\d+)_")
    assert [film.patient for film in cohort.films] == ["p1", "00001684", None]
    assert set(cohort.patients_from) == {
        f"1 of 3 films: {BY_COLUMN}",
        f"1 of 3 films: {BY_PATTERN}",
    }
    off = Cohort.from_csv(table, patient_pattern="none")
    assert [film.patient for film in off.films] == ["p1", None, None]


def test_phantoms_tell_the_same_patients_by_name_as_in_their_table(tmp_path: Path) -> None:
    table = write_phantoms(tmp_path / "phantoms", n_films=12)
    by_table = {film.sha256: film.patient for film in Cohort.from_csv(table).films}
    by_name = {film.sha256: film.patient for film in Cohort.from_folder(table.parent).films}
    assert by_name == by_table
    assert None not in by_name.values()


def test_how_patients_are_known_names_none_of_them(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put = folder / "Sick" / "ZZPHI^CANARY_1.png"
    Image.new("L", (70, 70), 99).save(put)
    for pattern in (None, r"^(\w+\^?\w*)_\d"):
        cohort = Cohort.from_folder(folder, patient_pattern=pattern)
        said = " ".join(cohort.patients_from) + caplog.text
        assert cohort.patients_from
        for film in cohort.films:
            assert film.path.stem not in said
            assert film.patient is None or film.patient not in said
    assert "ZZPHI^CANARY" in {film.patient for film in cohort.films}


@pytest.mark.parametrize("rule", KNOWN_RULES, ids=lambda rule: rule.wording)
def test_an_example_shows_its_form_and_is_nobodys(rule) -> None:
    example = rule.wording.rpartition("(")[2].rstrip(")")
    patient = rule.find_patient(example)
    assert patient is not None
    assert set(filter(str.isdigit, patient)) == {"0"}  # all of these count from one


@pytest.mark.films
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("darkcovidnet", (f"120 of 180 films: {NIH}",)),
        ("paper-cohort", (f"90 of 160 films: {NORMALS}",)),
        ("radiography", ()),
    ],
)
def test_public_collections_are_recognised(
    films_folder: Path, name: str, said: tuple[str, ...]
) -> None:
    assert Cohort.from_folder(films_folder / name).patients_from == said


@pytest.mark.films
def test_patients_of_two_classes_come_to_light(films_folder: Path) -> None:
    classes: dict[str, set[str]] = {}
    for film in Cohort.from_folder(films_folder / "darkcovidnet").films:
        if film.patient is not None:
            classes.setdefault(film.patient, set()).add(film.label)
    n_in_both = sum(len(labels) == 2 for labels in classes.values())
    assert (len(classes), n_in_both) == (56, 8)

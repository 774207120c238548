"""What the checks of patients and copies say of cohorts with a planted fault."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hilum.auditing.baselines import LeakWorth
from hilum.auditing.checks.patients import (
    check_dominant_patients,
    check_duplicate_patients,
    check_duplicates,
    check_leak_worth,
    check_mixed_patients,
    check_patients,
)
from hilum.duplicates.duplicates import Duplicate
from made_evidence import around, make_cohort, two_classes

WITHIN_A_CLASS = Duplicate(0, 2, "bytes", 0.0, 1.0)
ACROSS_CLASSES = Duplicate(0, 1, "copy", 0.0, 0.97)


def test_unknown_patients_are_a_doubt() -> None:
    (nothing,) = check_patients(make_cohort(two_classes()))
    assert nothing.severity == "warn"
    half = make_cohort(two_classes(), patient=[f"p{k}" if k % 2 else None for k in range(60)])
    (found,) = check_patients(half)
    assert found.severity == "warn"
    assert found.evidence["unknown"]["per_class"] == {"Normal": 30, "Opacity": 0}
    assert "of 30 films the patient is unknown (30 Normal)" in found.title


def test_known_patients_are_counted_and_their_origin_told() -> None:
    cohort = make_cohort(two_classes(), patient=[f"p{row // 3}" for row in range(60)])
    (found,) = check_patients(replace(cohort, patients_from=("60 of 60 films: the table",)))
    assert found.severity == "note"
    assert found.evidence["n_patients"] == found.evidence["n_with_several_films"] == 20
    assert found.evidence["patients_by_number_of_films"] == {"3": 20}
    assert found.title.endswith("Known for 60 of 60 films: the table")


def test_patients_in_two_classes_are_found_with_all_their_films() -> None:
    patients = [f"p{row}" for row in range(58)] + ["p0", "p2"]
    cohort = make_cohort(two_classes(), patient=patients)
    assert cohort.films[0].label != cohort.films[59].label
    (found,) = check_mixed_patients(make_cohort(two_classes(), patient=[*patients[:59], "p0"]))
    assert found.severity == "warn"
    assert found.evidence["n_patients"] == 1
    assert found.evidence["n_films"] == 3
    (group,) = found.evidence["films_by_patient"]
    assert group == [cohort.films[row].film_id for row in (0, 58, 59)]


def test_one_patient_with_much_of_a_class_is_found() -> None:
    patients = ["sole" if row < 12 and row % 2 else f"p{row}" for row in range(60)]
    (found,) = check_dominant_patients(make_cohort(two_classes(), patient=patients))
    assert found.evidence["shares"] == [{"class": "Opacity", "share": 0.2}]
    patients = ["sole" if row < 6 and row % 2 else f"p{row}" for row in range(60)]
    assert check_dominant_patients(make_cohort(two_classes(), patient=patients)) == []


def test_one_film_under_two_patients_is_a_doubt() -> None:
    patients = ["a", "b", "a", None, *[f"p{row}" for row in range(4, 60)]]
    cohort = make_cohort(two_classes(), patient=patients)
    unknown = Duplicate(0, 3, "copy", 0.0, 0.97)
    assert check_duplicate_patients(cohort, (WITHIN_A_CLASS, unknown)) == []
    (found,) = check_duplicate_patients(cohort, (WITHIN_A_CLASS, unknown, ACROSS_CLASSES))
    assert found.severity == "warn"
    assert found.evidence["n_pairs"] == 1


def test_each_kind_of_copy_is_a_finding_of_its_own() -> None:
    cohort = make_cohort(two_classes())
    duplicates = (
        WITHIN_A_CLASS,
        Duplicate(0, 4, "bytes", 0.0, 1.0),
        Duplicate(6, 8, "rotated", -7.5, 0.96),
    )
    same, turned = check_duplicates(cohort, duplicates)
    assert {same.severity, turned.severity} == {"note"}
    assert (same.evidence["kind"], same.evidence["n_pairs"], same.evidence["n_films"]) == (
        "bytes", 2, 3,
    )  # fmt: skip
    (pair,) = turned.evidence["pairs"]
    assert pair["films"] == [cohort.films[6].film_id, cohort.films[8].film_id]
    assert pair["rotation_degrees"] == -7.5


def test_pairs_are_bounded_and_their_number_exact() -> None:
    cohort = make_cohort(two_classes(400))
    duplicates = tuple(Duplicate(row, row + 2, "copy", 0.0, row / 1000) for row in range(0, 300, 4))
    (found,) = check_duplicates(cohort, duplicates)
    assert found.evidence["n_pairs"] == 75
    assert len(found.evidence["pairs"]) == 25
    assert found.evidence["pairs"][0]["correlation"] == 0.296


@pytest.mark.parametrize(("gain", "says"), [(0.1, "would have raised"), (0.0, "no clear")])
def test_a_leak_s_worth_is_told(gain: float, says: str) -> None:
    leak = LeakWorth("lite0", 20, 8, around(0.8), around(0.8 + gain), around(gain))
    (finding,) = check_leak_worth(leak)
    assert says in finding.title
    assert finding.severity == "note"
    assert finding.evidence["groups"] == 8
    assert json.dumps(finding.evidence, allow_nan=False)

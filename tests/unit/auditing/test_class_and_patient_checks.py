"""What the checks of classes, patients and splits say of cohorts with a planted fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_evidence import make_cohort, two_classes

from hilum.auditing.checks.class_balance import check_class_balance
from hilum.auditing.checks.class_size import check_class_size
from hilum.auditing.checks.dominant_patients import check_dominant_patients
from hilum.auditing.checks.leaks import check_leaks
from hilum.auditing.checks.mixed_patients import check_mixed_patients
from hilum.auditing.checks.patients import check_patients
from hilum.auditing.checks.readability import check_readability
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Exclusion
from hilum.cohort.splitting import Folds, Split, repeated_folds, single_split


@pytest.mark.parametrize(
    ("n_opacity", "severity"), [(99, None), (100, "warn"), (999, "warn"), (1000, "fail")]
)
def test_uneven_classes_weigh_by_how_uneven_they_are(n_opacity: int, severity: str | None) -> None:
    found = check_class_balance(make_cohort(["Normal"] * 10 + ["Opacity"] * n_opacity))
    assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_a_class_of_copies_of_one_film_is_a_class_of_one() -> None:
    cohort = make_cohort(["Normal"] * 30 + ["Opacity"] * 2)
    (warned,) = check_class_size(cohort, ())
    assert warned.severity == "warn"
    assert warned.evidence["groups_per_class"] == {"Normal": 30, "Opacity": 2}
    (failed,) = check_class_size(cohort, (Twin(30, 31, "rotated", 5.0, 0.97),))
    assert failed.severity == "fail"
    assert failed.evidence["groups_per_class"] == {"Normal": 30, "Opacity": 1}


def test_a_class_of_one_patient_fails_however_many_films_it_has() -> None:
    patients = [f"p{row}" for row in range(30)] + ["sole"] * 30
    cohort = make_cohort(["Normal"] * 30 + ["Opacity"] * 30, patient=patients)
    (found,) = check_class_size(cohort, ())
    assert found.severity == "fail"
    assert "Opacity" in found.title


def test_twenty_patients_are_enough() -> None:
    assert check_class_size(make_cohort(two_classes(40)), ()) == []
    assert check_class_size(make_cohort(two_classes(39)), ()) != []


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


def test_a_leak_fails_and_names_the_films() -> None:
    cohort = make_cohort(two_classes(8))
    rows = np.arange(8)
    groups = np.array([0, 1, 2, 3, 4, 0, 6, 7])
    folds = Folds((Split(0, 0, rows[:4], rows[4:], rows[4:]),), groups)
    (found,) = check_leaks(cohort, folds)
    assert found.severity == "fail"
    assert found.evidence["n_groups"] == 1
    assert found.evidence["films"] == [cohort.films[0].film_id, cohort.films[5].film_id]


def test_only_a_split_that_tears_groups_apart_leaks() -> None:
    cohort = make_cohort(two_classes())
    groups = np.arange(60) // 3
    split = replace(single_split(cohort.y), groups=groups)
    (found,) = check_leaks(cohort, split)
    assert found.evidence["n_groups"] == len(split.straddling_groups)
    assert check_leaks(cohort, repeated_folds(cohort.y, groups, seed=0)) == []


def test_lost_files_are_counted_by_reason() -> None:
    lost = tuple(
        Exclusion(f"{row:x}", Path("x.png"), "Normal", code, "It ends.", "Export it.")
        for row, code in enumerate(["CORRUPT", "CORRUPT", "EMPTY"])
    )
    (found,) = check_readability(replace(make_cohort(two_classes()), excluded=lost))
    assert found.evidence["codes"] == {"CORRUPT": 2, "EMPTY": 1}
    assert found.evidence["per_class"] == {"Normal": 3}

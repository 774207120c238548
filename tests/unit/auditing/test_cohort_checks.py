"""What the checks of classes, labels and splits say of cohorts with a planted fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilum.auditing.checks.cohort import (
    check_class_balance,
    check_class_size,
    check_conflicting_labels,
    check_leaks,
)
from hilum.duplicates.duplicates import Duplicate
from hilum.folds.folds import Folds, Split, repeated_folds, single_split
from made_evidence import make_cohort, two_classes


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


def test_one_film_under_two_labels_fails_by_itself() -> None:
    cohort = make_cohort(two_classes())
    within_a_class, across_classes = (
        Duplicate(0, 2, "bytes", 0.0, 1.0),
        Duplicate(0, 1, "copy", 0.0, 0.97),
    )
    assert check_conflicting_labels(cohort, (within_a_class,)) == []
    (found,) = check_conflicting_labels(cohort, (within_a_class, across_classes))
    assert found.severity == "fail"
    assert found.evidence["n_pairs"] == 1
    assert found.evidence["pairs"][0]["classes"] == ["Normal", "Opacity"]


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
    (failed,) = check_class_size(cohort, (Duplicate(30, 31, "rotated", 5.0, 0.97),))
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

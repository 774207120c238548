"""What the checks of copies say."""

from __future__ import annotations

from made_evidence import make_cohort, two_classes

from hilum.auditing.checks.conflicting_labels import check_conflicting_labels
from hilum.auditing.checks.twin_patients import check_twin_patients
from hilum.auditing.checks.twins import check_twins
from hilum.auditing.twins import Twin

WITHIN_A_CLASS = Twin(0, 2, "bytes", 0.0, 1.0)
ACROSS_CLASSES = Twin(0, 1, "copy", 0.0, 0.97)


def test_each_kind_of_copy_is_a_finding_of_its_own() -> None:
    cohort = make_cohort(two_classes())
    twins = (WITHIN_A_CLASS, Twin(0, 4, "bytes", 0.0, 1.0), Twin(6, 8, "rotated", -7.5, 0.96))
    same, turned = check_twins(cohort, twins)
    assert {same.severity, turned.severity} == {"note"}
    assert (same.evidence["kind"], same.evidence["n_pairs"], same.evidence["n_films"]) == (
        "bytes", 2, 3,
    )  # fmt: skip
    (pair,) = turned.evidence["pairs"]
    assert pair["films"] == [cohort.films[6].film_id, cohort.films[8].film_id]
    assert pair["rotation_degrees"] == -7.5


def test_pairs_are_bounded_and_their_number_exact() -> None:
    cohort = make_cohort(two_classes(400))
    twins = tuple(Twin(row, row + 2, "copy", 0.0, row / 1000) for row in range(0, 300, 4))
    (found,) = check_twins(cohort, twins)
    assert found.evidence["n_pairs"] == 75
    assert len(found.evidence["pairs"]) == 25
    assert found.evidence["pairs"][0]["correlation"] == 0.296


def test_one_film_under_two_labels_fails_by_itself() -> None:
    cohort = make_cohort(two_classes())
    assert check_conflicting_labels(cohort, (WITHIN_A_CLASS,)) == []
    (found,) = check_conflicting_labels(cohort, (WITHIN_A_CLASS, ACROSS_CLASSES))
    assert found.severity == "fail"
    assert found.evidence["n_pairs"] == 1
    assert found.evidence["pairs"][0]["classes"] == ["Normal", "Opacity"]


def test_one_film_under_two_patients_is_a_doubt() -> None:
    patients = ["a", "b", "a", None, *[f"p{row}" for row in range(4, 60)]]
    cohort = make_cohort(two_classes(), patient=patients)
    unknown = Twin(0, 3, "copy", 0.0, 0.97)
    assert check_twin_patients(cohort, (WITHIN_A_CLASS, unknown)) == []
    (found,) = check_twin_patients(cohort, (WITHIN_A_CLASS, unknown, ACROSS_CLASSES))
    assert found.severity == "warn"
    assert found.evidence["n_pairs"] == 1

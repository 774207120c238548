from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from make_audit import estimate

from hilum.auditing.baselines import LeakWorth
from hilum.duplicates.duplicates import Duplicate
from hilum.evaluation.results import Estimate
from hilum.report.sections import duplicates as words
from hilum.studies.results import Comparison


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        ((0.039, 0.017, 0.062), "the leak would have been worth +0.039 [+0.017, +0.062]."),
        ((0.004, -0.01, 0.02), "no gain that these films could show (+0.004 [−0.010, +0.020])."),
        ((-0.03, -0.05, -0.01), "the leak would have made it worse, by −0.030 [−0.050, −0.010]."),
    ],
)
def test_what_a_leak_is_worth(gain: tuple[float, float, float], says: str) -> None:
    leak = LeakWorth(
        "lite0", 12, 5, estimate(0.9, 0.02), estimate(0.9 + gain[0], 0.02), Estimate(*gain, "b")
    )
    text = words.leak_text(leak, "A network")
    assert text.endswith(says)
    assert text.startswith("With films dealt out one by one, A network reaches AUROC 0.")


def test_duplicates_are_counted_by_kind() -> None:
    copies = [Duplicate(k, k + 10, "copy", 0.0, 0.9) for k in range(3)]
    assert words.duplicates_text(copies[:1]) == "One pair of films is one film: a changed copy."
    text = words.duplicates_text([*copies, Duplicate(0, 20, "rotated", 4.4, 0.8)])
    assert text == (
        "4 pairs among 7 films are one film each: a changed copy (3) and a turned copy (1)."
    )
    assert words.duplicates_text([]).startswith("No film was found twice")
    assert words.duplicate_text(Duplicate(0, 20, "rotated", -4.4, 0.8)) == "a turned copy, by 4°"


def test_groups_are_counted_and_torn_ones_told() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    held = "5 films belong together with others, in 2 groups of up to 3."
    assert words.groups_text(groups) == (
        f"{held} No group was torn apart between training, validation and test."
    )
    assert words.groups_text(groups, 1).endswith(
        "1 group stands in training and in test all the same."
    )
    assert words.groups_text(groups, None) == f"{held} Nothing was split."
    assert "No two films" in words.groups_text(np.arange(4))


def test_patients_unknown_known_and_known_in_part(comparison: Comparison) -> None:
    cohort = comparison.cohort
    assert words.patients_text(cohort) == (
        "80 patients are known, and each film’s patient. "
        "Known for 160 of 160 films: the column patient of the table."
    )
    nobody = replace(
        cohort, patients_from=(), films=tuple(replace(f, patient=None) for f in cohort.films)
    )
    assert words.patients_text(nobody).startswith("Patients are unknown")
    some = replace(nobody, films=(replace(nobody.films[0], patient="a"), *nobody.films[1:]))
    assert words.patients_text(some) == "1 patient is known; of 159 films the patient is not."

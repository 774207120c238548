"""What a study is asked to decide by is settled, or refused, before it starts."""

from __future__ import annotations

import math

import pytest

from hilum.errors import RecipeError
from hilum.evaluation.decisions import OperatingPolicy
from hilum.studies.options import PREVALENCES, ComparisonOptions


def test_prevalences_are_sorted_and_kept_once() -> None:
    plan = ComparisonOptions(
        operating_point="specificity=0.9", prevalences=[0.5, 0.01, 0.5, 1e-6]
    ).decisions()
    assert plan.prevalences == (1e-6, 0.01, 0.5)
    assert plan.policy == OperatingPolicy("specificity", 0.9)
    assert ComparisonOptions(operating_point="youden").decisions().prevalences == PREVALENCES


@pytest.mark.parametrize(
    ("prevalences", "message"),
    [
        ([], "No prevalence is given"),
        ([0.1, 0.0], "of 0 is no share"),
        ([-0.1], "of -0.1 is no share"),
        ([1.0], "of 1 is no share"),
        ([math.nan], "of nan is no share"),
        ([1e-7], "of 1e-07 is too close to 0 or 1"),
        ([1 - 1e-7], "too close to 0 or 1"),
    ],
)
def test_what_is_no_prevalence_is_refused(prevalences: list[float], message: str) -> None:
    with pytest.raises(RecipeError, match=message) as told:
        ComparisonOptions(operating_point="youden", prevalences=prevalences)
    assert "Give" in told.value.fix

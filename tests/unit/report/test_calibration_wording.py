from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from make_comparison import make_comparison
from make_decisions import with_decisions

from hilum.evaluation.results import Decisions
from hilum.report.sections import decisions as words


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    found = with_decisions(make_comparison(separation=1.6)).backbones[0].decisions
    assert found is not None
    return found


def test_calibration_is_judged_against_what_chance_does(decisions: Decisions) -> None:
    calibration = decisions.calibration
    assert "do not show that" in words.calibration_text(calibration, 160, 5)
    wrong = replace(calibration, after=replace(calibration.after, error_by_chance=0.01))
    assert words.calibration_text(wrong, 160, 5).startswith("No:")
    assert "0.010 in 95 of 100" in words.calibration_text(wrong, 160, 5)
    assert "less timid than a plain mean would be" in words.calibration_text(wrong, 160, 5)
    assert "timid" not in words.calibration_text(wrong, 160, 1)
    unknown = replace(calibration, after=replace(calibration.after, error_by_chance=math.nan))
    assert "cannot be told" in words.calibration_text(unknown, 3, 1)


@pytest.mark.parametrize(
    ("temperature", "said"),
    [
        (3.0, "were too sure of themselves"),
        (1.5, "were somewhat too sure of themselves"),
        (0.7, "were somewhat too timid"),
        (0.3, "were too timid"),
        (0.9, "about as sure"),
        (1.2, "about as sure"),
    ],
)
def test_temperatures_are_put_into_words(
    decisions: Decisions, temperature: float, said: str
) -> None:
    calibrators = tuple(replace(c, temperature=temperature) for c in decisions.calibrators)
    text = words.scaling_text(decisions.calibration, calibrators)
    assert said in text
    assert "equally common" not in text
    mixed = tuple(replace(c, log_prior_ratio=np.array([-0.5, 0.4])) for c in calibrators)
    assert "equally common" in words.scaling_text(decisions.calibration, mixed)
    alone = words.scaling_text(decisions.calibration, calibrators[:1])
    assert alone.startswith("The head was ")
    assert "heads" not in alone


def test_what_the_brier_score_did_is_told_as_it_is(decisions: Decisions) -> None:
    calibration, calibrators = decisions.calibration, decisions.calibrators
    assert "the Brier score fell from" in words.scaling_text(calibration, calibrators)
    for after, before, said in (
        (calibration.before, calibration.after, "did not help here: the Brier score rose from"),
        (calibration.before, calibration.before, "left the Brier score at"),
    ):
        turned = replace(calibration, before=before, after=after)
        assert said in words.scaling_text(turned, calibrators)

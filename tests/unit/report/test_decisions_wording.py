from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from make_comparison import make_comparison
from make_decisions import with_decisions

from hilum.evaluation.decisions import Decisions, OperatingPolicy
from hilum.report import decisions_wording as words


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    found = with_decisions(make_comparison(separation=1.6)).backbones[0].decisions
    assert found is not None
    return found


def test_few_validation_films_are_said_to_promise_less(decisions: Decisions) -> None:
    point = decisions.operating_point
    assert "can promise 92.3 % of new films on average, not the 95 %" in words.promised_text(
        point, "A"
    )
    assert words.promised_text(replace(point, promised=None), "A") == ""
    spares = replace(point, policy=OperatingPolicy("specificity", 0.9), promised=0.8)
    assert "12 other films" in words.promised_text(spares, "A")
    assert "not the 90 %" in words.promised_text(spares, "A")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (OperatingPolicy("sensitivity", 0.975), "find 97.5 % of new A films"),
        (OperatingPolicy("specificity", 0.9), "spare 90 % of new films that are not A"),
        (OperatingPolicy("youden", None), "together were largest (Youden)"),
    ],
)
def test_every_rule_is_put_into_words(policy: OperatingPolicy, said: str) -> None:
    assert said in words.aim_text(policy, "A")


def test_calibration_is_judged_against_what_chance_does(decisions: Decisions) -> None:
    calibration = decisions.calibration
    assert "do not show that" in words.calibration_text(calibration, 160, 5)
    wrong = replace(calibration, after=replace(calibration.after, error_by_chance=0.01))
    assert words.calibration_text(wrong, 160, 5).startswith("No:")
    assert "0.010 in 95 of 100" in words.calibration_text(wrong, 160, 5)
    assert "a mean is more timid" in words.calibration_text(wrong, 160, 5)
    assert "a mean is more timid" not in words.calibration_text(wrong, 160, 1)
    unknown = replace(calibration, after=replace(calibration.after, error_by_chance=math.nan))
    assert "cannot be told" in words.calibration_text(unknown, 3, 1)


@pytest.mark.parametrize(
    ("temperature", "said"),
    [(2.0, "too sure of themselves"), (0.5, "too timid"), (1.01, "about as sure")],
)
def test_temperatures_are_put_into_words(
    decisions: Decisions, temperature: float, said: str
) -> None:
    calibrators = tuple(replace(c, temperature=temperature) for c in decisions.calibrators)
    text = words.scaling_text(replace(decisions, calibrators=calibrators))
    assert said in text
    assert "equally common" not in text
    mixed = tuple(replace(c, log_prior_ratio=np.array([-0.5, 0.4])) for c in calibrators)
    assert "equally common" in words.scaling_text(replace(decisions, calibrators=mixed))
    alone = words.scaling_text(replace(decisions, calibrators=calibrators[:1]))
    assert alone.startswith("The head was ")
    assert "heads" not in alone


def test_what_the_brier_score_did_is_told_as_it_is(decisions: Decisions) -> None:
    calibration = decisions.calibration
    assert "The Brier score fell from" in words.scaling_text(decisions)
    for after, before, said in (
        (calibration.before, calibration.after, "rose from"),
        (calibration.before, calibration.before, "stayed at"),
    ):
        turned = replace(decisions, calibration=replace(calibration, before=before, after=after))
        assert said in words.scaling_text(turned)


def test_where_acting_is_worth_it_is_read_off_the_curve(decisions: Decisions) -> None:
    curve = decisions.decision_curve
    t = curve.thresholds
    model = np.where((t > 0.195) & (t < 0.605), 0.4, -0.1)
    useful = words.useful_text(replace(curve, model=model, act_on_all=np.full_like(t, 0.1)))
    assert useful == "Here it is above both from 20 % to 60 %."
    never = replace(curve, model=np.full_like(t, -0.1))
    assert words.useful_text(never) == "Here it is nowhere above both."


def test_a_threshold_is_not_written_as_nought_or_one() -> None:
    written = [words.probability_text(p) for p in (0.314, 0.0041, 0.9991, 0.0, 1.0)]
    assert written == ["0.31", "0.004", "0.9991", "0.00", "1.00"]

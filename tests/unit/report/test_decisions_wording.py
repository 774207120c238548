from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from make_comparison import make_comparison
from make_decisions import with_decisions

from hilum.evaluation.results import DecisionCurve, Decisions, OperatingPolicy
from hilum.report.sections import decisions as words
from hilum.wording import probability_text


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


def curve_above(
    decisions: Decisions, above: tuple[tuple[float, float], ...], surely: tuple[float, float]
) -> DecisionCurve:
    """A model above both between some thresholds, its whole interval between two of them."""
    curve = decisions.decision_curve
    t = curve.thresholds
    is_above = np.any([(t > low - 0.005) & (t < high + 0.005) for low, high in above], axis=0)
    is_surely = (t > surely[0] - 0.005) & (t < surely[1] + 0.005)
    return replace(
        curve,
        model=np.where(is_above, 0.4, -0.1),
        low=np.where(is_surely, 0.3, -0.2),
        act_on_all=np.full_like(t, 0.1),
    )


@pytest.mark.parametrize(
    ("above", "surely", "said"),
    [
        (
            ((0.2, 0.6),), (0.3, 0.5),
            "above both with its whole interval from 30 % to 50 %; by the line alone, from 20 % "
            "to 60 %.",
        ),
        (((0.2, 0.6),), (0.2, 0.6), "above both with its whole interval from 20 % to 60 %."),
        (
            ((0.2, 0.3), (0.5, 0.5)), (2, 2),
            "nowhere above both with its whole interval. By the line alone it is, from 20 % to "
            "30 % and at 50 %.",
        ),
        (
            ((0.1, 0.12), (0.2, 0.25), (0.4, 0.7), (0.9, 0.9)), (0.5, 0.5),
            "at 50 %; by the line alone, in 4 stretches, the longest from 40 % to 70 %.",
        ),
        ((), (2, 2), "Here it is nowhere above both."),
    ],
)  # fmt: skip
def test_where_acting_is_worth_it_is_told_by_the_interval_first(
    decisions: Decisions,
    above: tuple[tuple[float, float], ...],
    surely: tuple[float, float],
    said: str,
) -> None:
    curve = curve_above(decisions, above or ((2, 2),), surely)
    assert words.useful_text(curve).endswith(said)


def test_a_band_that_is_not_known_is_above_nothing(decisions: Decisions) -> None:
    curve = curve_above(decisions, ((0.2, 0.6),), (0.2, 0.6))
    unknown = replace(curve, low=np.full_like(curve.low, np.nan))
    assert "nowhere above both with its whole interval" in words.useful_text(unknown)


def test_a_threshold_is_not_written_as_nought_or_one() -> None:
    written = [probability_text(p) for p in (0.314, 0.0041, 0.9991, 0.0, 1.0)]
    assert written == ["0.31", "0.004", "0.9991", "0.00", "1.00"]
    edges = [probability_text(p) for p in (1e-9, 1 - 1e-9, math.inf, math.nan)]
    assert edges == ["< 0.0000001", "> 0.9999999", "more than 1", "not defined"]


def test_each_film_is_held_to_the_thresholds_of_its_own_heads(decisions: Decisions) -> None:
    point = decisions.operating_point
    assert "both averaged over the 5 heads that tested it" in words.operating_text(
        point, "A", 25, 5
    )
    assert words.operating_text(point, "A", 5, 1).endswith("threshold of the head that tested it.")
    assert "from a probability of 0.31 on" in words.operating_text(point, "A", 1, 1)
    spread = [0.0041, 0.5, 0.82]
    text = words.thresholds_text(point, "A", spread, 5)
    assert "of the 3 heads lie between 0.004 and 0.82, typically at 0.31. Each was" in text
    assert "rather more than aimed at may be found" in text
    assert "more than aimed at" not in words.thresholds_text(point, "A", spread, 1)
    spares = replace(point, policy=OperatingPolicy("specificity", 0.9))
    assert "may be spared" in words.thresholds_text(spares, "A", spread, 5)
    youden = replace(point, policy=OperatingPolicy("youden", None))
    assert "aimed at" not in words.thresholds_text(youden, "A", spread, 5)
    chosen = words.thresholds_text(replace(point, threshold=math.nan), "A", spread, 5)
    assert "lie between 0.004 and 0.82. Each" in chosen
    assert words.thresholds_text(point, "A", [0.31], 1).startswith("That threshold was chosen")


def test_at_least_is_said_only_where_it_can_be_promised(decisions: Decisions) -> None:
    point = decisions.operating_point
    assert "find 95 % of new A films" in words.thresholds_text(point, "A", [0.2, 0.4], 5)
    enough = words.thresholds_text(replace(point, promised=None), "A", [0.2, 0.4], 5)
    assert "find on average at least 95 % of new A films" in enough
    near = replace(point, policy=OperatingPolicy("sensitivity", 0.9996))
    assert "find 99.96 % of" in words.thresholds_text(near, "A", [0.2, 0.4], 5)


def test_the_table_says_briefly_from_where_on_a_film_is_called(decisions: Decisions) -> None:
    point = decisions.operating_point
    assert words.threshold_aside(point, 1) == "calibrated probability of 0.31 or more"
    assert words.threshold_aside(point, 25).endswith("of the film’s own heads, typically 0.31")
    chosen = replace(point, threshold=math.nan)
    assert words.threshold_aside(chosen, 25).endswith("of the film’s own heads")

"""The rules of the verdict, each at its threshold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from hilum.auditing.baselines import TITLES, Baseline, BaselineName
from hilum.auditing.verdict import RULES, Circumstances, Verdict, give_verdict, weigh_baseline
from hilum.evaluation.results import Estimate


def estimate(value: float, half_width: float = 0.03) -> Estimate:
    return Estimate(value, max(0, value - half_width), min(1, value + half_width), "made up")


def baseline(name: BaselineName, value: float = 0.5, **change: Any) -> Baseline:
    model = change.pop("model", 0.9)
    share = max(0.0, (value - 0.5) / (model - 0.5)) if model > 0.5 else math.nan
    made = Baseline(
        name=name,
        n_films=400,
        auroc=estimate(value),
        model_auroc=estimate(model),
        share=estimate(share),
        p_below=1e-6,
        p_chance=0.5,
        details={},
        seconds=0.1,
    )
    return replace(made, **change)


CLEAN = Circumstances(
    positive="Opacity",
    model="VGG16",
    auroc=estimate(0.9),
    sensitivity=estimate(0.9),
    specificity=estimate(0.9),
    baselines=(baseline("metadata"), baseline("frame"), baseline("histogram")),
    source_association=math.nan,
    n_leaks=0,
    n_conflicts=0,
    n_likely_conflicts=0,
    n_without_patient=0,
    n_films=400,
    has_probes=True,
    validates_on_test=False,
)


def judge(**change: Any) -> Verdict:
    return give_verdict(replace(CLEAN, **change))


def test_a_cohort_without_fault_is_supported() -> None:
    assert judge() == Verdict("supported", ())


@pytest.mark.parametrize("name", ["metadata", "source", "frame"])
def test_what_holds_no_disease_withholds_at_eight_tenths_of_the_discrimination(
    name: BaselineName,
) -> None:
    at = 0.5 + RULES.withholding_share * 0.4
    verdict = judge(baselines=(baseline(name, at + 1e-6),))
    assert verdict.headline == "withheld"
    assert verdict.grounds[0].cause == name
    assert judge(baselines=(baseline(name, at - 1e-3),)).headline == "limited"


@pytest.mark.parametrize("name", ["centre", "lungs"])
def test_what_shows_the_disease_may_tell_as_much_as_the_whole_film(name: BaselineName) -> None:
    assert judge(baselines=(baseline(name, 0.9, p_below=0.9),)) == Verdict("supported", ())


@pytest.mark.parametrize("name", ["histogram", "blur", "lungless"])
def test_what_disease_changes_too_only_describes(name: BaselineName) -> None:
    verdict = judge(baselines=(baseline(name, 0.9, p_below=0.9),))
    assert verdict.headline == "supported"
    assert [(reason.cause, reason.weight) for reason in verdict.grounds] == [(name, "describes")]


def test_a_baseline_that_is_not_below_the_model_withholds_however_low_it_is() -> None:
    verdict = judge(baselines=(baseline("metadata", 0.6, p_below=0.051),))
    assert verdict.headline == "withheld"
    few = judge(baselines=(baseline("metadata", 0.56, p_below=0.2),))
    assert few.headline == "withheld"
    assert "too few" in few.reasons[0]


def test_four_tenths_or_a_clear_step_above_chance_limit() -> None:
    share = 0.5 + RULES.limiting_share * 0.4 + 1e-6
    wide = baseline("frame", share, auroc=estimate(share, 0.2))
    assert judge(baselines=(wide,)).headline == "limited"
    # a tenth of a near-perfect model's discrimination, and yet beyond doubt
    clear = baseline("frame", 0.57, auroc=estimate(0.57, 0.01))
    assert judge(baselines=(clear,)).headline == "limited"
    unclear = baseline("frame", 0.57, auroc=estimate(0.57, 0.03))
    assert judge(baselines=(unclear,)).headline == "supported"


def test_a_model_at_chance_has_nothing_to_claim_and_blames_nobody() -> None:
    blind = judge(
        auroc=estimate(0.52, 0.05),
        baselines=(baseline("metadata", 0.51, model=0.52, p_below=0.6),),
    )
    assert blind.headline == "withheld"
    assert [reason.cause for reason in blind.grounds if reason.weight == "withholds"] == ["chance"]


def test_a_baseline_that_sees_where_the_model_is_blind_is_named() -> None:
    verdict = judge(
        auroc=estimate(0.5, 0.05), baselines=(baseline("metadata", 0.8, model=0.5, p_below=1),)
    )
    assert [reason.cause for reason in verdict.grounds[:2]] == ["chance", "metadata"]


@pytest.mark.parametrize(
    ("change", "cause", "headline"),
    [
        ({"source_association": 1.0}, "source", "withheld"),
        ({"n_leaks": 1}, "leaks", "withheld"),
        ({"n_conflicts": 2}, "labels", "limited"),
        ({"n_likely_conflicts": 4}, "labels", "limited"),
        ({"n_without_patient": 400}, "patients", "limited"),
        ({"n_without_patient": 1}, "patients", "limited"),
        ({"sensitivity": estimate(0.85, 0.051)}, "precision", "limited"),
        ({"specificity": estimate(0.85, 0.051)}, "precision", "limited"),
        ({"has_probes": False}, "probes", "limited"),
        ({"validates_on_test": True}, "validation", "limited"),
        ({"unverified": ("VGG16",)}, "weights", "limited"),
    ],
)
def test_each_circumstance_by_itself(change: dict[str, Any], cause: str, headline: str) -> None:
    verdict = judge(**change)
    assert verdict.headline == headline
    assert [reason.cause for reason in verdict.grounds] == [cause]


def test_a_few_changed_copies_under_another_label_limit_nothing() -> None:
    assert judge(n_likely_conflicts=3) == Verdict("supported", ())
    assert "5 films" in judge(n_likely_conflicts=3, n_films=300, n_conflicts=2).reasons[0]


def test_what_withholds_stands_before_what_limits_and_unverified_weights_before_all() -> None:
    verdict = judge(
        n_leaks=1, has_probes=False, unverified=("VGG16",), baselines=(baseline("blur", 0.95),)
    )
    assert [reason.cause for reason in verdict.grounds] == ["weights", "leaks", "probes", "blur"]
    assert verdict.headline == "withheld"


def test_a_source_that_is_the_class_is_named_once() -> None:
    verdict = judge(source_association=1.0, baselines=(baseline("source", 0.9, p_below=0.9),))
    assert [reason.cause for reason in verdict.grounds] == ["source"]


@pytest.mark.parametrize("name", list(TITLES))
def test_a_baseline_at_chance_does_nothing(name: BaselineName) -> None:
    assert weigh_baseline(baseline(name), model_sees=True) is None

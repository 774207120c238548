"""The rules of the verdict, each at its threshold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from hilum.auditing.baselines import BEARINGS, TITLES, Baseline, BaselineName
from hilum.auditing.findings import Finding
from hilum.auditing.place import Box, Place
from hilum.auditing.verdict import (
    RULES,
    Circumstances,
    Draw,
    Elsewhere,
    Scope,
    Unequal,
    Verdict,
    give_verdict,
    weigh_baseline,
)
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
        caught=estimate(0.05),
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


def told(verdict: Verdict) -> tuple[str, list[tuple[str, str]]]:
    """The headline, and what each reason does to it."""
    return verdict.headline, [(reason.cause, reason.weight) for reason in verdict.grounds]


SUPPORTED: tuple[str, list[tuple[str, str]]] = ("supported", [])


def test_a_cohort_without_fault_is_supported() -> None:
    assert told(judge()) == SUPPORTED


@pytest.mark.parametrize("name", ["metadata", "source", "frame", "processing"])
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
    assert told(judge(baselines=(baseline(name, 0.9, p_below=0.9),))) == SUPPORTED


@pytest.mark.parametrize("name", ["histogram", "blur"])
def test_what_disease_changes_too_only_describes(name: BaselineName) -> None:
    verdict = judge(baselines=(baseline(name, 0.9, p_below=0.9),))
    assert verdict.headline == "supported"
    assert [(reason.cause, reason.weight) for reason in verdict.grounds] == [(name, "describes")]


def test_a_baseline_that_is_not_below_the_model_withholds_however_low_it_is() -> None:
    verdict = judge(baselines=(baseline("metadata", 0.6, p_below=0.051),))
    assert verdict.headline == "withheld"
    # At chance itself it is as good only for want of films.
    few = judge(baselines=(baseline("metadata", 0.52, p_below=0.2),))
    assert few.headline == "limited"
    assert "too few" in few.reasons[0]


def test_a_quarter_of_the_discrimination_limits_if_it_is_above_chance() -> None:
    at = 0.5 + RULES.limiting_share * 0.4
    frame = baseline("frame", at + 1e-6, auroc=estimate(at, 0.09))
    assert told(judge(baselines=(frame,))) == ("limited", [("frame", "limits")])
    by_luck = replace(frame, auroc=estimate(at, 0.11))
    assert told(judge(baselines=(by_luck,))) == SUPPORTED


def test_a_frame_that_is_significant_and_small_limits_nothing() -> None:
    # 0.58 beside 0.95 on 2,000 films: beyond doubt, and 18 % of the discrimination
    small = baseline("frame", 0.58, model=0.95, auroc=estimate(0.58, 0.01))
    assert told(judge(auroc=estimate(0.95, 0.01), baselines=(small,))) == SUPPORTED


def test_the_mark_of_a_third_of_the_patients_limits_though_it_tells_little_of_the_rest() -> None:
    third = baseline("frame", 0.59, caught=estimate(0.33, 0.08))
    verdict = judge(baselines=(third,))
    assert told(verdict) == ("limited", [("frame", "limits")])
    assert "33.0 % of the films of Opacity stand out" in verdict.reasons[0]
    assert told(judge(baselines=(replace(third, caught=estimate(0.19, 0.05)),))) == SUPPORTED


@pytest.mark.parametrize("holds_lung", [True, None])
@pytest.mark.parametrize("name", ["frame", "processing"])
def test_a_frame_that_may_hold_lung_does_not_withhold(
    name: BaselineName, holds_lung: bool | None
) -> None:
    whole = (baseline(name, 0.89),)
    assert told(judge(baselines=whole, frame_holds_lung=False))[0] == "withheld"
    verdict = judge(baselines=whole, frame_holds_lung=holds_lung)
    assert told(verdict) == ("limited", [(name, "limits")])
    assert ("cropped" if holds_lung else "too few films") in verdict.reasons[0]
    metadata = (baseline("metadata", 0.89),)
    assert told(judge(baselines=metadata, frame_holds_lung=holds_lung))[0] == "withheld"


def test_a_network_that_is_lost_without_small_objects_is_limited() -> None:
    left = 0.5 + RULES.remaining_share * 0.4
    assert told(judge(baselines=(baseline("objectless", left + 0.01),))) == SUPPORTED
    lost = baseline("objectless", left - 0.01)
    assert told(judge(baselines=(lost,))) == ("limited", [("objectless", "limits")])
    assert told(judge(baselines=(replace(lost, p_below=0.06),))) == SUPPORTED


def test_thin_objects_that_tell_as_much_as_the_network_limit() -> None:
    at = 0.5 + RULES.objects_share * 0.4
    assert told(judge(baselines=(baseline("objects", at + 0.01),)))[0] == "limited"
    # patchy and fibrous disease has fine detail, too
    assert told(judge(baselines=(baseline("objects", at - 0.02),))) == SUPPORTED
    marked = baseline("objects", 0.7, caught=estimate(0.61))
    assert told(judge(baselines=(marked,))) == ("limited", [("objects", "limits")])


def test_noise_is_told_as_processing_and_not_as_objects() -> None:
    both = (baseline("processing", 0.9), baseline("objects", 0.9))
    assert told(judge(baselines=both)) == ("withheld", [("processing", "withholds")])


@pytest.mark.parametrize(
    ("seen_in", "expected"),
    [
        ("lungs", ("withheld", [("lungless", "withholds")])),
        ("heart", SUPPORTED),
        ("anywhere", ("limited", [("lungless", "limits")])),
    ],
)
def test_what_the_film_without_lungs_means_hangs_on_where_the_disease_is_seen(
    seen_in: str, expected: tuple[str, list[tuple[str, str]]]
) -> None:
    assert told(judge(baselines=(baseline("lungless", 0.89),), seen_in=seen_in)) == expected


def place(share: float) -> Place:
    return Place(60, share, 0.7, Box(0.1, 0.6, 3 / 7), (0.2, 0.8), ())


def test_evidence_on_one_spot_of_all_films_limits_and_says_where() -> None:
    verdict = judge(place=place(RULES.one_place))
    assert told(verdict) == ("limited", [("place", "limits")])
    assert "in the upper right of the film" in verdict.reasons[0]
    assert told(judge(place=place(RULES.one_place - 0.01))) == SUPPORTED


def test_a_person_can_answer_what_no_test_can() -> None:
    who = {"place": "Dr. A: the pacemaker stands on films of both classes"}
    verdict = judge(place=place(0.6), confirmed=who)
    assert told(verdict) == ("supported", [("place", "describes")])
    (reason,) = verdict.confirmations
    assert reason.confirmed == who["place"]
    # One reason alone is lifted, and none that a person cannot see.
    other = judge(place=place(0.6), n_without_patient=1, confirmed=who)
    assert other.headline == "limited"
    leaks = judge(n_leaks=1, confirmed={"leaks": "Dr. A: never mind"})
    assert told(leaks) == ("withheld", [("leaks", "withholds")])


def draws(*shares: float) -> tuple[Draw, ...]:
    return tuple(
        Draw(seed, estimate(0.9), (baseline("frame", 0.5 + share * 0.4),))
        for seed, share in enumerate(shares)
    )


def test_the_draw_in_the_middle_decides_and_the_others_are_counted() -> None:
    own = (baseline("frame", 0.9),)
    verdict = judge(baselines=own, draws=draws(0.0, 0.0, 0.1, 0.9, 0.9))
    assert told(verdict) == SUPPORTED
    assert (verdict.n_agree, verdict.n_draws) == (3, 5)
    verdict = judge(baselines=own, draws=draws(0.5, 0.5, 0.1, 0.9, 0.9))
    assert told(verdict) == ("limited", [("frame", "limits")])
    assert (verdict.n_agree, verdict.n_draws) == (2, 5)


def test_a_network_above_chance_on_most_draws_is_above_chance() -> None:
    blind = Draw(9, estimate(0.52, 0.05), ())
    seeing = Draw(8, estimate(0.6, 0.05), ())
    lucky = judge(auroc=estimate(0.6), baselines=(), draws=(blind, blind, seeing))
    assert told(lucky) == ("withheld", [("chance", "withholds")])
    assert (lucky.n_agree, lucky.n_draws) == (2, 3)


def elsewhere(value: float, half_width: float = 0.05, **change: Any) -> Elsewhere:
    there, here = estimate(value, half_width), estimate(0.9)
    drop = Estimate(0.9 - value, 0.9 - value - half_width, 0.9 - value + half_width, "made up")
    return replace(Elsewhere("external", "Town", 100, 50, there, here, drop), **change)


@pytest.mark.parametrize(
    ("other", "headline", "words"),
    [
        (elsewhere(0.85), "supported", ""),
        (elsewhere(0.70), "limited", "large part"),
        (elsewhere(0.57, 0.04), "withheld", "hardly anything"),
        (elsewhere(0.60, 0.11), "withheld", "better than chance"),
        (elsewhere(0.30), "withheld", "labels swapped"),
        (elsewhere(0.75, 0.3, n_scarcest=8), "limited", "too few films"),
        (elsewhere(0.75, 0.3, n_scarcest=8, kind="source"), "supported", ""),
        (elsewhere(0.75, 0.3, kind="source"), "limited", "better than chance"),
        (elsewhere(0.30, kind="source"), "withheld", "left out of training"),
    ],
)
def test_what_holds_here_alone_is_limited_or_withheld(
    other: Elsewhere, headline: str, words: str
) -> None:
    verdict = judge(elsewhere=[other])
    assert verdict.headline == headline
    if words:
        (reason,) = verdict.grounds
        assert reason.cause == other.kind
        assert words in reason.text
        assert "Town" in reason.text


@pytest.mark.parametrize(
    ("lost", "headline"),
    [((1.0, True), "withheld"), ((0.5, True), "limited"), ((0.5, False), "supported")],
)
def test_a_source_of_one_class_is_judged_by_its_calls(
    lost: tuple[float, bool], headline: str
) -> None:
    one_sided = elsewhere(
        0.5, kind="source", auroc=None, drop=None, lost_calls=lost, side="sensitivity",
        n_scarcest=0,
    )  # fmt: skip
    assert judge(elsewhere=[one_sided]).headline == headline


def test_no_finding_stands_under_a_headline_that_denies_it() -> None:
    lettering = Finding("warn", "Letters stand on all films of one class", {}, check="lettering")
    assert told(judge(findings=[lettering])) == ("limited", [("lettering", "limits")])
    colour = Finding("warn", "2 pictures in colour", {}, check="colour")
    assert told(judge(findings=[colour])) == ("supported", [("colour", "describes")])
    grave = Finding("fail", "A class of 3 patients", {}, check="class-size")
    assert judge(findings=[grave]).headline == "limited"
    assert told(judge(findings=[replace(colour, severity="note")])) == SUPPORTED


def test_unequal_subgroups_weigh_as_they_are_found() -> None:
    for weight, headline in (("limits", "limited"), ("withholds", "withheld")):
        found = Unequal("sex", "The sensitivity differs by sex.", weight)
        assert told(judge(unequal=[found])) == (headline, [("sex", weight)])


def test_films_that_a_network_was_trained_on_limit() -> None:
    text = "ResNet50 was trained on ChestX-ray14, of which these films are."
    assert told(judge(collections=[text])) == ("limited", [("collection", "limits")])


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(), "on films whose source is unknown"),
        (Scope(1), "on films of one source"),
        (Scope(3), "on films of 3 sources, each tested while it trained"),
        (Scope(3, 2), "on films of 3 sources, 2 of them also left out of training"),
        (Scope(1, 0, ("Town",)), "on films of one source, and on films from elsewhere"),
    ],
)
def test_the_scope_says_on_which_films_a_verdict_stands(scope: Scope, text: str) -> None:
    assert judge(scope=scope).scope.text == text


def test_a_verdict_near_an_edge_says_which() -> None:
    near = judge(sensitivity=estimate(0.80, 0.03), specificity=estimate(0.80, 0.03))
    assert near.headline == "supported"
    assert "77.9 %" in near.edge
    assert "75 %" not in judge().edge
    share = RULES.limiting_share - 0.01
    assert "24 %" in judge(baselines=(baseline("frame", 0.5 + share * 0.4),)).edge


def test_calls_are_judged_by_the_mean_of_both_sides() -> None:
    # A threshold for a sensitivity of 95 % gives specificity away, and may.
    kept = judge(
        sensitivity=estimate(0.95, 0.04), specificity=estimate(0.75, 0.08), at="operating point"
    )
    assert told(kept) == SUPPORTED
    lost = judge(
        sensitivity=estimate(0.95, 0.04), specificity=estimate(0.6, 0.09), at="operating point"
    )
    assert told(lost) == ("limited", [("precision", "limits")])
    assert "at the operating point is 95 %" in lost.reasons[0]
    one_sided = judge(sensitivity=estimate(1.0, 0.01), specificity=estimate(0.55, 0.06))
    assert told(one_sided) == ("limited", [("precision", "limits")])


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
        ({"sensitivity": estimate(0.66, 0.06)}, "precision", "limited"),
        ({"specificity": estimate(0.66, 0.06)}, "precision", "limited"),
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
    assert told(judge(n_likely_conflicts=3)) == SUPPORTED
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


@pytest.mark.parametrize("name", [name for name in TITLES if BEARINGS[name] != "remaining"])
def test_a_baseline_at_chance_does_nothing(name: BaselineName) -> None:
    assert weigh_baseline(baseline(name), model_sees=True) is None

"""What the checks of shortcuts tell people, by what the baselines reach."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hilum.auditing.baselines import Baseline
from hilum.auditing.checks.shortcuts import (
    check_blur,
    check_centre,
    check_frame,
    check_histogram,
    check_lungs,
    check_metadata,
    check_objects,
    check_processing,
    check_source,
)
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.evaluation.results import Estimate

SIMPLE = {
    "metadata": check_metadata,
    "frame": check_frame,
    "processing": check_processing,
    "histogram": check_histogram,
    "centre": check_centre,
    "blur": check_blur,
    "lungs": check_lungs,
    "lungless": check_lungs,
}
WITHHOLDING = ("metadata", "frame")


def estimate(value, width=0.03):
    return Estimate(value, value - width, value + width, "made up")


def baseline(name, auroc, model=0.95, p_below=0.001, width=0.03, **details):
    nan = float("nan")
    share = (auroc - 0.5) / (model - 0.5) if model > 0.5 else nan
    return Baseline(
        name, 100, estimate(auroc, width), estimate(model), estimate(share),
        p_below, 0.5, estimate(0.05), details, 1.0,
    )  # fmt: skip


def cohort(*sources):
    films = tuple(
        Film(f"{n:012x}", Path("x.png"), f"{n:064x}", "sick" if n % 2 else "well", source=source)
        for n, source in enumerate(sources)
    )
    return Cohort("study", films, ("sick", "well"))


@pytest.mark.parametrize("name", SIMPLE)
def test_nothing_is_said_of_what_was_not_measured(name):
    assert SIMPLE[name](()) == []


@pytest.mark.parametrize("name", SIMPLE)
def test_severity_follows_the_verdict_s_rules(name):
    (high,) = SIMPLE[name]((baseline(name, 0.94),))
    (middle,) = SIMPLE[name]((baseline(name, 0.75),))
    (low,) = SIMPLE[name]((baseline(name, 0.51),))
    expected = {
        "metadata": ("fail", "warn", "note"),
        "frame": ("fail", "warn", "note"),
        "processing": ("fail", "warn", "note"),
        "lungless": ("warn", "note", "note"),
    }.get(name, ("note", "note", "note"))
    assert (high.severity, middle.severity, low.severity) == expected
    assert high.check == ("lungs" if name == "lungless" else name)
    assert "0.940 [0.910, 0.970]" in high.title
    assert json.dumps(high.evidence, allow_nan=False)
    assert high.evidence["auroc"]["value"] == 0.94
    assert low.what_to_do == "" or name == "centre"


@pytest.mark.parametrize("name", WITHHOLDING)
def test_a_grave_finding_has_a_next_step(name):
    for auroc in (0.94, 0.75):
        (finding,) = SIMPLE[name]((baseline(name, auroc),))
        assert len(finding.what_to_do) > 40


def test_at_chance_is_said_in_words():
    (finding,) = check_frame((baseline("frame", 0.5),))
    assert "does not tell the classes apart" in finding.title


def test_too_few_films_to_tell_are_named_as_such():
    (finding,) = check_frame((baseline("frame", 0.7, p_below=0.3, width=0.25),))
    assert finding.severity == "note"
    assert finding.title == (
        "Too few films to show that the network (AUROC 0.950) does better than the frame of the "
        "film, its outermost 10 %, where there is hardly any lung: AUROC 0.700 [0.450, 0.950]"
    )


def test_no_share_is_none_and_not_nan():
    (finding,) = check_frame((baseline("frame", 0.5, model=0.45),))
    assert finding.evidence["share"]["value"] is None
    assert json.dumps(finding.evidence, allow_nan=False)


def test_metadata_names_its_strongest_columns_and_fits_its_advice():
    of_file = {"colour channels": 0.98, "file size in bytes": 0.9, "age": 0.55}
    (finding,) = check_metadata((baseline("metadata", 0.99, **of_file),))
    assert finding.title.endswith("Strongest: colour channels, file size in bytes")
    assert list(finding.evidence["strongest_columns"]) == list(of_file)
    assert "same devices" in finding.what_to_do
    assert "Balance" not in finding.what_to_do
    (finding,) = check_metadata((baseline("metadata", 0.9, **{"age": 0.9, "view PA": 0.8}),))
    assert "Balance the classes by age, view PA" in finding.what_to_do
    assert "devices" not in finding.what_to_do


def test_a_centre_that_tells_less_points_to_the_frame():
    frame = baseline("frame", 0.8)
    (lost,) = check_centre((frame, baseline("centre", 0.85, p_below=0.01)))
    (kept,) = check_centre((frame, baseline("centre", 0.94, p_below=0.4)))
    assert "tells less than" in lost.title
    assert lost.what_to_do
    assert "tells as much as" in kept.title
    assert kept.what_to_do == ""
    assert kept.evidence["frame_auroc"]["value"] == 0.8


def test_lungs_and_lungless_are_two_findings():
    found = check_lungs((baseline("lungs", 0.9), baseline("lungless", 0.93)))
    assert [finding.check for finding in found] == ["lungs", "lungs"]
    assert "does not need the lungs" in found[1].what_to_do


def test_source_that_is_the_class_fails():
    (finding,) = check_source(cohort(*["a", "b"] * 10), "sick", ())
    assert finding.severity == "fail"
    assert finding.evidence["cramers_v"] == 1
    assert finding.evidence["films_per_source"] == {
        "a": {"sick": 0, "well": 10},
        "b": {"sick": 10, "well": 0},
    }


def test_source_is_as_grave_as_what_it_predicts():
    mixed = cohort(*["a", "a", "a", "b", "b"] * 4)
    (alone,) = check_source(mixed, "sick", ())
    (strong,) = check_source(mixed, "sick", (baseline("source", 0.93),))
    (weak,) = check_source(mixed, "sick", (baseline("source", 0.5),))
    assert [finding.severity for finding in (alone, strong, weak)] == ["note", "fail", "note"]
    assert "0.930" in strong.title
    assert strong.what_to_do


def test_unknown_sources_are_no_finding_and_one_source_is_a_note():
    assert check_source(cohort(*[None] * 10), "sick", ()) == []
    (finding,) = check_source(cohort(*["a"] * 10), "sick", ())
    assert finding.severity == "note"
    assert "one source" in finding.title
    assert finding.evidence["cramers_v"] is None
    (finding,) = check_source(cohort("a", "a", None, None), "sick", ())
    assert "Too little is known" in finding.title


def test_objects_are_judged_alone_and_by_what_is_left_without_them():
    thin, left = baseline("objects", 0.94), baseline("objectless", 0.55)
    findings = check_objects((thin, left))
    assert [finding.severity for finding in findings] == ["warn", "warn"]
    assert "hardly tells" in findings[1].title
    assert "--confirm" in findings[1].what_to_do
    findings = check_objects((baseline("objects", 0.6), baseline("objectless", 0.93)))
    assert [finding.severity for finding in findings] == ["note", "note"]
    assert not findings[1].what_to_do


def test_a_finding_is_as_grave_as_the_verdict_weighed_it():
    frame = replace(baseline("frame", 0.94), weight="limits", is_weighed=True)
    (finding,) = check_frame((frame,))
    assert finding.severity == "warn"
    (finding,) = check_frame((replace(frame, weight=None),))
    assert finding.severity == "note"

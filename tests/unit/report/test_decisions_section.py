from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from make_comparison import make_comparison, render_page, with_nasty_names
from make_decisions import with_decisions

from hilum.evaluation.decisions import Decisions
from hilum.report.figures import draw_all, figures_of
from hilum.report.sections.decisions import view_decisions
from hilum.runs.comparison import describe_comparison
from hilum.runs.documents import to_json
from hilum.runs.figures import describe_decisions
from hilum.studies.results import Comparison, Ensemble
from unit.report.make_assessment import make_assessed

COPY = (resources.files("hilum.report") / "templates" / "copy.js").read_text("utf-8")
SCRIPT = (resources.files("hilum.report") / "templates" / "prevalence.js").read_text("utf-8")


@pytest.fixture(scope="module")
def decided() -> Comparison:
    return with_decisions(make_comparison(separation=1.6))


@pytest.fixture(scope="module")
def decided_page(decided: Comparison) -> str:
    return render_page(decided)


@pytest.fixture
def decisions(decided: Comparison) -> Decisions:
    found = decided.backbones[0].decisions
    assert found is not None
    return found


def section_of(page: str) -> str:
    return re.findall(r'<section aria-labelledby="decisions".*?</section>', page, re.DOTALL)[0]


def words_of(markup: str) -> str:
    without_script = re.sub(r"<script>.*?</script>", " ", markup, flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", without_script).split()))


def test_both_rules_stand_side_by_side_with_their_intervals(
    decided: Comparison, decided_page: str, decisions: Decisions
) -> None:
    said = words_of(section_of(decided_page))
    point, evaluation = decisions.operating_point, decided.backbones[0].evaluation
    for estimate in (
        point.sensitivity, point.specificity, point.accuracy,
        *(evaluation.metrics[m] for m in ("sensitivity", "specificity", "accuracy")),
    ):  # fmt: skip
        interval = f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
        assert f"{100 * estimate.value:.1f} % {interval}" in said
    assert f"{point.confusion.fn} of 80" in said
    assert f"{evaluation.confusion.fp} of 80" in said
    assert "chosen on validation films alone, so as to find 95 % of new COVID-19 films" in said


def test_nothing_but_the_two_scripts_may_run(decided_page: str) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", decided_page, re.DOTALL)
    assert scripts == [COPY, SCRIPT]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in (SCRIPT, COPY)
    ]
    policy = html.unescape(
        re.findall(r'Content-Security-Policy" content="([^"]*)"', decided_page)[0]
    )
    assert policy.startswith("default-src 'none';")
    assert policy.endswith(f"; script-src 'sha256-{digests[0]}' 'sha256-{digests[1]}'")
    for word in ("fetch", "http", "import", "innerHTML", "eval(", "Function(", "document.write"):
        assert word not in SCRIPT + COPY


def test_the_slider_is_hidden_until_its_script_runs_and_has_a_name(decided_page: str) -> None:
    section = section_of(decided_page)
    assert re.search(r'<div class="prevalence" [^>]* hidden>', section)
    assert '<label for="prevalence">' in section
    assert re.search(r'<input type="range" id="prevalence" [^>]*aria-valuetext="1 %; ', section)
    assert "as in this cohort" in section[section.index('<table class="results values') :]


def test_a_change_of_the_slider_is_announced_once(decided_page: str) -> None:
    section = section_of(decided_page)
    box = section[section.index('<div class="prevalence"') : section.index("</dl>")]
    assert re.findall(r'aria-live="(\w+)"', box) == ["off"]
    assert "<output" not in re.findall(r"<label.*?</label>", box, re.DOTALL)[0]
    said = re.findall(r'aria-valuetext="([^"]*)"', box)
    assert len(said) == 1
    assert re.fullmatch(r"1 %; called, right in [\d.]+ %; not called, right in [\d.]+ %", said[0])


def test_the_choice_made_anew_speaks_where_there_was_one() -> None:
    comparison = make_assessed()
    pick = comparison.pick
    assert pick is not None
    assert pick.decisions is not None
    said = words_of(section_of(render_page(comparison)))
    assert "With the network chosen anew for every film , a film is called COVID-19 where" in said
    assert "first because of these very films" in said
    figure = pick.decisions.operating_point.specificity
    assert f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}" in said
    # Three backbones were chosen from, two were chosen: theirs are the heads that judged.
    assert "The thresholds of the 50 heads all lie at 0.31" in said
    assert "median over 50 heads" in said
    assert "Each backbone by itself, by the same rule" in said
    view = view_decisions(comparison, draw_all(figures_of(comparison)))
    assert view is not None
    titles = [row.title for row in view["others"]]
    assert titles == ["Average of 3 backbones", *(r.title for r in comparison.backbones)]
    assert "the network chosen anew for every film" in view["reliability"]
    assert "the network chosen anew for every film" in view["curve"]


def test_results_of_a_choice_have_no_threshold_of_their_own() -> None:
    comparison = make_assessed()
    told = json.loads(to_json(describe_comparison(comparison)))["pick"]["decisions"]
    assert told["operating_point"]["threshold"] is None
    assert told["operating_point"]["threshold_per_head"] == []
    assert told["operating_point"]["sensitivity"]["value"] > 0.5
    assert told["calibration"]["temperatures"] == []


def test_names_cannot_break_out_of_the_section() -> None:
    comparison = with_decisions(with_nasty_names(make_comparison()))
    section = section_of(render_page(comparison))
    assert section.count("<script>") == 1
    assert "<b>x</b>" not in section
    assert "&lt;b&gt;x&lt;/b&gt; films it found" in section
    assert "With <script>alert(1)</script> , a film is called <b>x</b>" in words_of(section)


def test_without_validation_films_of_their_own_nothing_is_decided() -> None:
    comparison = make_comparison(is_paper=True)
    assert view_decisions(comparison, {}) is None
    page = render_page(comparison)
    assert "what is chosen on films cannot be judged by them" in section_of(page)
    assert page.count("<script") == page.count(COPY) == 1


def test_a_withheld_headline_greys_the_section() -> None:
    page = render_page(with_decisions(make_comparison(headline="withheld")))
    section = section_of(page)
    assert 'class="decisions withheld"' in section
    assert "must guide nobody’s decisions" in section
    assert 'class="decisions withheld"' not in render_page(with_decisions(make_comparison()))


def test_the_first_backbone_on_its_own_weights_leads(decided: Comparison) -> None:
    first, *others = decided.backbones
    weights = replace(first.weights, is_verified=False)
    comparison = replace(decided, backbones=(replace(first, weights=weights), *others))
    view = view_decisions(comparison, {})
    assert view is not None
    assert view["title"] == others[0].title
    assert [row.is_verified for row in view["others"]] == [False, True]
    nobody = replace(
        decided,
        backbones=tuple(
            replace(r, weights=replace(r.weights, is_verified=False)) for r in decided.backbones
        ),
    )
    section = section_of(render_page(nobody))
    assert 'class="decisions withheld"' in section
    assert "No network ran on its published weights" in section


def test_the_other_backbones_and_the_average_stand_in_short(
    decided: Comparison, decisions: Decisions
) -> None:
    names = tuple(result.name for result in decided.backbones)
    ensemble = Ensemble(names, decided.backbones[0].evaluation, decisions)
    view = view_decisions(replace(decided, ensemble=ensemble), {})
    assert view is not None
    titles = [row.title for row in view["others"]]
    assert titles == ["Average of 3 backbones", *(r.title for r in decided.backbones[1:])]
    before, after = decisions.calibration.before, decisions.calibration.after
    expected = f"{before.brier_score.value:.3f} → {after.brier_score.value:.3f}"
    assert view["others"][0].brier_scores == expected


def test_accuracy_among_three_classes_is_not_set_beside_that_of_one() -> None:
    comparison = with_decisions(make_comparison(("A", "B", "C"), 40))
    view = view_decisions(comparison, {})
    assert view is not None
    assert view["metrics"] == ["Sensitivity", "Specificity"]
    assert view["rules"][1].aside == "A where no class has more"


def test_pictures_are_drawn_for_every_backbone_that_decided(decided: Comparison) -> None:
    figures = draw_all(figures_of(decided))
    assert draw_all(figures_of(decided)) == figures
    for result in decided.backbones:
        for kind in ("reliability", "decision-curve"):
            picture = figures[f"{kind}-{result.name}"]
            root = ET.fromstring(picture)
            assert result.title in (root[0].text or "")
            assert "@media (prefers-color-scheme: dark)" in picture
    texts = [e.text for e in ET.fromstring(figures["reliability-efficientnet-lite0"]).iter()]
    assert "Calibrated" in texts


def test_pictures_survive_what_is_not_known(decided: Comparison, decisions: Decisions) -> None:
    curve = decisions.decision_curve
    after = decisions.calibration.after
    unknown = replace(
        decisions,
        decision_curve=replace(curve, low=curve.low * np.nan, high=curve.high * np.nan),
        calibration=replace(
            decisions.calibration,
            after=replace(
                after, calibration_error=replace(after.calibration_error, value=math.nan)
            ),
        ),
    )
    first = replace(decided.backbones[0], decisions=unknown)
    figures = draw_all(figures_of(replace(decided, backbones=(first,))))
    assert "off by" in figures[f"reliability-{first.name}"]


def test_results_hold_every_figure_and_no_film(decisions: Decisions) -> None:
    told = json.loads(to_json(describe_decisions(decisions)))
    assert told["operating_point"]["policy"] == {"kind": "sensitivity", "target": 0.95}
    assert told["operating_point"]["sensitivity"]["method"] == "made up"
    assert len(told["operating_point"]["threshold_per_head"]) == 25
    assert told["calibration"]["after"]["error_by_chance"] == 0.071
    assert len(told["calibration"]["temperatures"]) == 25
    assert [v["prevalence"] for v in told["predictive_values"]] == [0.001, 0.01, 0.1, 0.5]
    assert len(told["decision_curve"]["model"]) == 99
    assert "probabilities" not in told

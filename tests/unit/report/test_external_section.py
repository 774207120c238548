"""Films from elsewhere: what is said of the drop, and that no name of theirs is shown."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import pytest
from make_comparison import CANARY, render_page

from hilum.evaluation.results import Estimate
from hilum.report.comparison import save_run
from hilum.report.sections import external as words
from hilum.report.sections.external import external_texts, view_external
from hilum.runs.comparison import describe_comparison
from hilum.runs.documents import to_json
from hilum.runs.privacy import HIDDEN, cohorts_of, redactor
from hilum.studies.results import Comparison, ExternalFigures
from unit.report.make_assessment import OUTSIDER, make_assessed


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def with_drop(comparison: Comparison, low: float, value: float, high: float) -> ExternalFigures:
    assert comparison.external is not None
    scored = comparison.external.transfers[0]
    return replace(scored, drops={"auroc": Estimate(value, low, high, "made up")})


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ((0.02, 0.09, 0.15), "is worse there: AUROC"),
        ((-0.15, -0.09, -0.02), "is better there: AUROC"),
        ((-0.02, 0.03, 0.08), "No drop is shown for"),
        ((0.0, 0.05, 0.1), "No drop is shown for"),
    ],
)
def test_a_drop_is_said_where_its_interval_leaves_zero_out(
    bounds: tuple[float, float, float], said: str, assessed: Comparison
) -> None:
    here = assessed.backbones[0].evaluation.metrics
    text = words.external_figures_text("Lite", with_drop(assessed, *bounds), here)
    assert said in text
    assert text.count("is worse") + text.count("is better") + text.count("No drop") == 1


def test_a_gain_and_a_drop_are_written_with_their_bounds(assessed: Comparison) -> None:
    here = assessed.backbones[0].evaluation.metrics
    worse = words.external_figures_text("Lite", with_drop(assessed, 0.02, 0.09, 0.15), here)
    assert worse.endswith("a drop of 0.090 [0.020, 0.150].")
    better = words.external_figures_text("Lite", with_drop(assessed, -0.15, -0.09, -0.02), here)
    assert better.endswith("by 0.090 [0.020, 0.150].")
    unclear = words.external_figures_text("Lite", with_drop(assessed, -0.02, 0.03, 0.08), here)
    assert "[−0.020, +0.080], holds 0; a drop of 0.080" in unclear


def test_shares_drop_in_points(assessed: Comparison) -> None:
    drop = Estimate(0.11, 0.05, 0.17, "made up")
    assert words.drop_text("sensitivity", drop) == "+11.0 [+5.0, +17.0]"
    scored = replace(with_drop(assessed, 0, 0, 0), drops={"specificity": drop})
    text = words.external_figures_text("Lite", scored, assessed.backbones[0].evaluation.metrics)
    assert text.endswith("a drop of 11.0 points [5.0, 17.0].")


def test_who_was_scored_and_who_was_left_out(assessed: Comparison) -> None:
    assert assessed.external is not None
    external = assessed.external
    assert words.external_subjects(external).startswith(
        "140 films of elsewhere (60 COVID-19 and 80 normal) were scored"
    )
    text = words.external_left_out(external)
    assert "12 films of it were left out" in text
    assert "3 patients are named alike" in text
    alone = replace(external, n_known=0, n_shared_patients=None)
    assert words.external_left_out(alone) == ""
    healthy = tuple(film for film in external.cohort.films if film.label == "normal")
    there = replace(external, cohort=replace(external.cohort, films=healthy))
    assert "No film of COVID-19 was scored there" in words.missing_text(
        there, assessed.cohort.classes
    )


def test_here_and_there_stand_side_by_side_for_everybody(assessed: Comparison) -> None:
    view = view_external(assessed, str)
    assert view is not None
    external = view["external"]
    assert [row.title for row in external["rows"]] == [
        *(result.title for result in assessed.backbones),
        "Average of 3 backbones",
    ]
    auroc = external["rows"][0].cells[-1]
    assert auroc.title == "AUROC"
    assert auroc.is_worse
    assert auroc.drop == "drop +0.090 [+0.030, +0.150]"
    accuracy = external["rows"][0].cells[0]
    assert (accuracy.title, accuracy.drop) == ("Accuracy", "hangs on the mixture")
    assert not accuracy.is_worse
    (sensitivity, *_) = external["applied"][0].cells
    assert sensitivity.there.value == "68.3 %"
    assert "threshold that was fixed here" in external["reading"][1]


def test_what_was_not_scored_is_said(assessed: Comparison) -> None:
    assert assessed.external is not None
    external = assessed.external
    assert (
        words.not_scored_text(external)
        == "Of what was given, 1 file could not be read; 1 film has another label."
    )
    several = replace(external.cohort, excluded=external.cohort.excluded * 5, left_out={})
    assert "5 files could not be read." in words.not_scored_text(replace(external, cohort=several))
    whole = replace(several, excluded=())
    assert words.not_scored_text(replace(external, cohort=whole)) == ""
    assert "1 file could not be read" in render_page(assessed)


def test_more_heads_there_than_here_are_owned_up_to(assessed: Comparison) -> None:
    assert words.heads_text(1, 1) == ""
    assert "by the 1 head that tested it, there by all 5." in words.heads_text(1, 5)
    page = render_page(assessed)
    assert "by the 5 heads that tested it, there by all 25." in page
    assert "a drop may look smaller than it is" in page


def test_a_threshold_applied_to_one_side_has_no_figure_of_the_other(assessed: Comparison) -> None:
    assert assessed.external is not None
    missing = Estimate(float("nan"), float("nan"), float("nan"), "no films")
    all_scored = tuple(
        replace(t, operating_point=replace(t.operating_point, sensitivity=missing, threshold=0.004))
        for t in assessed.external.transfers
        if t.operating_point is not None
    )
    healthy = replace(assessed, external=replace(assessed.external, transfers=all_scored))
    view = view_external(healthy, str)
    assert view is not None
    row = view["external"]["applied"][0]
    assert row.threshold == "0.004"
    sensitivity, specificity, accuracy = row.cells
    assert (sensitivity.there, sensitivity.why_blank) == (None, "no such films")
    assert specificity.there.value == "87.5 %"
    assert (accuracy.there, accuracy.why_blank) == (None, "films of one side only")
    page = render_page(healthy)
    assert "no such films" in page
    applied = page[page.index('id="applied"') : page.index('id="sources-out"')]
    assert "not defined" not in applied


def test_a_side_without_films_there_is_left_blank(assessed: Comparison) -> None:
    assert assessed.external is not None
    specific = tuple(
        replace(
            t,
            metrics={"specificity": t.metrics["specificity"]},
            drops={"specificity": t.drops["specificity"]},
            roc=None,
            operating_point=None,
        )
        for t in assessed.external.transfers
    )
    only = replace(assessed, external=replace(assessed.external, transfers=specific))
    view = view_external(only, str)
    assert view is not None
    assert view["external"]["titles"] == ["Specificity"]
    assert view["external"]["applied"] == []
    assert "specificity" in view["external"]["reading"][0]
    assert 'id="applied"' not in render_page(only)


def test_sources_are_counted_and_the_worst_is_named(assessed: Comparison) -> None:
    view = view_external(assessed, str)
    assert view is not None
    sources = view["sources"]
    assert "is worse on films of Hospital B" in sources["reading"]
    assert "(1 of 2 sources)" in sources["reading"]
    assert [row.source for row in sources["tested"]] == ["Hospital A", "Hospital B"]
    (untested,) = sources["untested"]
    assert untested.why_untested == "The other sources hold no film of class 'normal'."


def test_gains_on_all_sources_are_no_drop(assessed: Comparison) -> None:
    assert assessed.by_source is not None
    gain = Estimate(-0.05, -0.11, 0.01, "made up")
    tests = tuple(
        replace(test, transfers=tuple(replace(t, drops={"auroc": gain}) for t in test.transfers))
        for test in assessed.by_source.tests
    )
    text = words.sources_text("Lite", tests, assessed.backbones[0].name)
    assert text.startswith("No drop is shown for Lite on any of 2 sources")
    assert "nowhere lower" in text
    assert "The lowest is 0." in text
    assert text.endswith("at Hospital B.")
    assert "a drop of" not in text


def test_names_of_sources_are_hidden_where_they_name_people(assessed: Comparison) -> None:
    assert assessed.by_source is not None
    first, *others = assessed.by_source.tests
    person = assessed.cohort.films[0].patient
    assert person is not None
    tests = (replace(first, source=person), *others)
    telling = replace(assessed, by_source=replace(assessed.by_source, tests=tests))
    assert person not in render_page(telling)
    told = describe_comparison(telling)
    assert told["by_source"]["tests"][0]["source"] == HIDDEN
    (groups,) = (g for g in telling.subgroups if g.attribute == "source")
    named = replace(groups, subgroups=(replace(groups.subgroups[0], level=person),))
    told = describe_comparison(replace(telling, subgroups=(named,)))
    assert told["subgroups"][0]["subgroups"][0]["level"] == HIDDEN


def test_unreadable_files_of_both_cohorts_share_a_table(
    tmp_path: Path, assessed: Comparison
) -> None:
    save_run(assessed, tmp_path / "run", cache_dir=tmp_path / "cache")
    header, *rows = (tmp_path / "run" / "excluded.csv").read_text(encoding="utf-8").splitlines()
    assert header == "film_id,path,label,code,message,fix,cohort"
    assert [row.rpartition(",")[2] for row in rows] == (
        [""] * len(assessed.cohort.excluded) + ["external"]
    )
    alone = replace(assessed, cohort=replace(assessed.cohort, excluded=()))
    save_run(alone, tmp_path / "run", cache_dir=tmp_path / "cache")
    assert len((tmp_path / "run" / "excluded.csv").read_text().splitlines()) == 2


def test_without_a_tested_source_nothing_is_claimed(assessed: Comparison) -> None:
    assert assessed.by_source is not None
    untested = tuple(test for test in assessed.by_source.tests if test.why_untested)
    alone = replace(assessed, by_source=replace(assessed.by_source, tests=untested), external=None)
    assert external_texts(alone) == []
    page = render_page(alone)
    assert "Not tested (12 films, 12 of COVID-19)" in page
    assert 'id="external"' not in page


def test_nothing_elsewhere_is_no_section(comparison: Comparison) -> None:
    assert view_external(comparison, str) is None
    assert 'id="elsewhere"' not in render_page(comparison)


def test_the_other_cohorts_names_are_hidden(assessed: Comparison) -> None:
    redact = redactor(*cohorts_of(assessed))
    for text in (
        f"{OUTSIDER}-0003.png cannot be read",
        f"patient {OUTSIDER}-PATIENT-1-4",
        f"in {CANARY}-2",
        f"{OUTSIDER}-broken",
        "PATIENT-1-4 here",
    ):
        assert HIDDEN in redact(text)
        assert OUTSIDER not in redact(text)


def test_no_name_of_the_other_cohort_is_written(tmp_path: Path, assessed: Comparison) -> None:
    assert assessed.by_source is not None
    film = assessed.external.cohort.films[0] if assessed.external else None
    assert film is not None
    telling = replace(
        assessed.by_source.tests[-1], why_untested=f"{film.path} shows {film.patient}."
    )
    comparison = replace(
        assessed,
        by_source=replace(assessed.by_source, tests=(*assessed.by_source.tests[:-1], telling)),
        provenance=dict(assessed.provenance)
        | {"command_line": ["hilum", "compare", "x", "--external", str(film.path.parent)]},
    )
    save_run(comparison, tmp_path / "run", cache_dir=tmp_path / "cache")
    shown = [p for p in (tmp_path / "run").rglob("*") if p.suffix in (".html", ".json", ".svg")]
    assert len(shown) > 4
    for path in shown:
        text = html.unescape(path.read_text(encoding="utf-8"))
        assert OUTSIDER not in text, path.name
        assert CANARY not in text, path.name


def test_results_hold_all_that_the_page_shows(assessed: Comparison) -> None:
    told = json.loads(to_json(describe_comparison(assessed)))
    assert told["schema"] == "hilum.results/1"
    assert told["tiers"] == [list(tier) for tier in assessed.tiers]
    assert told["ensemble"]["members"] == [result.name for result in assessed.backbones]
    assert told["ensemble"]["decisions"]["operating_point"]["policy"]["kind"] == "sensitivity"
    assert sum(told["pick"]["times_chosen"].values()) == len(assessed.cohort)
    assert told["pick"]["metrics"]["accuracy"]["value"] > 0.5
    assert told["subgroups"][1]["subgroups"][0]["auroc"] is None
    assert told["subgroups"][3]["p_auroc"] is None
    assert told["by_source"]["tests"][1]["transfers"][0]["drops"]["auroc"]["value"] == 0.19
    external = told["external"]
    assert external["cohort"]["per_class"] == {"COVID-19": 60, "normal": 80}
    assert (external["n_known"], external["n_shared_patients"]) == (12, 3)
    assert external["transfers"][-1]["name"] == "ensemble"
    assert external["transfers"][0]["operating_point"]["confusion"]["tp"] == 41
    first = told["backbones"][0]
    assert first["decisions"]["calibration"]["before"]["brier_score"]["value"] > 0
    assert set(first["metrics"]["accuracy"]["also"]) == {"wilson", "films_as_independent"}
    assert "adjusted_delong_p" in told["comparisons"][0]
    assert "films_needed" in told["comparisons"][0]


def test_results_without_any_of_it_say_null(comparison: Comparison) -> None:
    told = json.loads(to_json(describe_comparison(comparison)))
    assert told["ensemble"] is told["pick"] is told["by_source"] is told["external"] is None
    assert told["subgroups"] == []
    assert told["backbones"][0]["decisions"] is None

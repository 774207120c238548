"""One run, one verdict: every surface tells it in the same words."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hilum.auditing.verdict import Reason, Scope, Verdict
from hilum.classifier.bundle import Bundle, read_bundle
from hilum.classifier.classifier import Classifier
from hilum.classifier.records import CohortVerdict, read_record, write_record
from hilum.report.audit import render_audit
from hilum.report.model_card import _told_verdict, render_card
from hilum.report.sections.verdict import training_text
from hilum.report.terminal import tell_result
from hilum.runs.audit import describe_audit_run
from hilum.runs.comparison import ResultsJson, describe_comparison
from hilum.runs.documents import conform, to_json
from hilum.serve.answers import describe_model
from hilum.serve.settings import ServeLimits
from hilum.studies.results import Comparison
from hilum.studies.summary import summarise, summarise_audit
from tiny_bundle import write_tiny_bundle
from unit.report.make_audit import make_audit
from unit.report.make_comparison import make_comparison, render_page
from unit.report.make_decisions import with_decisions

OLD_WORDS = ("No check that was run speaks against it", "The cohort supports this result")


def words_of(markup: str) -> str:
    """What a reader sees, white space and marks of code apart."""
    text = re.sub(r"<(script|style)>.*?</\1>", " ", markup, flags=re.DOTALL)
    return told(html.unescape(re.sub(r"</?code>", "", re.sub(r"<(?!/?code)[^>]*>", " ", text))))


def told(text: str) -> str:
    return " ".join(text.replace("`", "").replace("\\", "").split())


def sentences(verdict: CohortVerdict) -> list[str]:
    """Everything that must stand on every surface."""
    return [
        told(each)
        for each in (
            verdict.heading, verdict.text, verdict.quote, verdict.elsewhere,
            *verdict.next_steps, *verdict.reasons, *verdict.cautions, *verdict.looked,
            *verdict.confirmed,
        )
        if each
    ]  # fmt: skip


@pytest.fixture(scope="module", params=["supported", "limited", "withheld", "confirmed"])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    made = request.param
    study = with_decisions(make_comparison(headline="supported" if made == "confirmed" else made))
    if made != "confirmed":
        return study
    reason = Reason(
        "objects", "describes", "Small bright objects tell it.", "Dr. A: calcifications"
    )
    verdict = replace(
        study.verdict, grounds=(reason,), scope=Scope(n_sources=1), edge="a bound is near"
    )
    return replace(study, audit=replace(study.audit, verdict=verdict))


@pytest.fixture(scope="module")
def results(comparison: Comparison) -> ResultsJson:
    return conform(json.loads(to_json(describe_comparison(comparison))), ResultsJson)


def test_report_and_terminal_say_the_same(
    comparison: Comparison, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    tell_result(comparison)
    terminal, page = told(capsys.readouterr().out), words_of(render_page(comparison))
    first = summarise(comparison)
    for sentence in sentences(first):
        assert sentence in page
        # The terminal says of a caution that it does not count.
        assert sentence in terminal
    for old in OLD_WORDS:
        assert old not in terminal + page


def test_the_runs_json_holds_the_words_and_their_parts(
    comparison: Comparison, results: ResultsJson
) -> None:
    first, summary, verdict = summarise(comparison), results["summary"], results["verdict"]
    assert summary is not None
    assert verdict["scope"] is not None
    assert verdict["draws"] is not None
    assert CohortVerdict(**{
        name: tuple(value) if isinstance(value, list) else value
        for name, value in cast(dict[str, Any], summary).items()
    }) == first  # fmt: skip
    assert verdict["scope"]["text"] == comparison.verdict.scope.text
    assert first.title.endswith(verdict["scope"]["text"])
    assert verdict["draws"] == {"n": 5, "agree": comparison.verdict.n_agree}
    assert verdict["tried"] == list(comparison.verdict.tried)
    assert [ground["confirmed"] for ground in verdict["grounds"]] == [
        reason.confirmed for reason in comparison.verdict.grounds
    ]


def test_card_bundle_and_server_say_the_same(
    comparison: Comparison, results: ResultsJson, tmp_path: Path
) -> None:
    found = read_bundle(write_tiny_bundle(tmp_path / "bundle"), tmp_path / "nowhere")
    trained = cast(Any, SimpleNamespace(choice="only"))
    first = results["backbones"][0]
    record = replace(
        found.record,
        verdict=_told_verdict(trained, results),
        backbone=replace(found.record.backbone, name=first["name"]),
        study={**found.record.study, "metrics_of_choosing": None, "metrics": first["metrics"]},
    )
    record = read_record(write_record(record), reads={})
    expected = summarise(comparison)
    assert record.verdict == expected
    card = told(render_card(record, results))
    for sentence in sentences(expected):
        assert sentence in card
    asked = cast(Classifier, SimpleNamespace(record=record, card=""))
    verdict = describe_model(asked, ServeLimits())["verdict"]
    assert verdict["title"] == expected.title
    assert verdict["text"] == expected.text
    assert verdict["quote"] == expected.quote
    assert verdict["next_steps"] == list(expected.next_steps)
    assert verdict["confirmed"] == list(expected.confirmed)
    assert bool(verdict["reminder"]) is (expected.headline != "supported")
    assert isinstance(found, Bundle)


def test_the_audits_page_and_json_say_the_same(comparison: Comparison) -> None:
    audit = make_audit(comparison)
    first, page = summarise_audit(audit), words_of(render_audit(audit, {}, {}))
    for sentence in sentences(first):
        assert sentence in page
    assert not first.quote
    summary = describe_audit_run(audit)["summary"]
    assert summary is not None
    assert summary["text"] == first.text


def test_a_withheld_verdict_leaves_nothing_to_quote(comparison: Comparison) -> None:
    first = summarise(comparison)
    assert bool(first.quote) is (first.headline != "withheld")
    assert bool(first.elsewhere) is (first.headline != "withheld")


def test_supported_is_never_said_without_its_scope(comparison: Comparison) -> None:
    first = summarise(comparison)
    assert first.title == f"{first.headline.capitalize()} {comparison.verdict.scope.text}"
    if first.headline != "withheld":
        assert comparison.verdict.scope.text in training_text(first)


def test_no_caution_stands_under_words_that_deny_it() -> None:
    quiet = make_comparison()
    assert summarise(quiet).text.startswith("None of the 10 things that were tried speaks against")
    caution = Reason("blur", "describes", "The film at 14 x 14 px predicts it.")
    verdict = replace(quiet.verdict, grounds=(caution,))
    cautioned = replace(quiet, audit=replace(quiet.audit, verdict=verdict))
    text = summarise(cautioned).text
    assert "speaks against" not in text
    assert text.startswith("None of the 10 things that were tried limits it; 1 caution stands")


def test_the_line_to_quote_holds_figures_counts_and_what_they_stand_on() -> None:
    quote = summarise(with_decisions(make_comparison())).quote
    assert re.match(
        r"Sensitivity \d+\.\d % \(95 % CI \d+\.\d to \d+\.\d; \d+ of 80\), "
        r"specificity \d+\.\d % \(\d+\.\d to \d+\.\d; \d+ of 80\), "
        r"AUROC 0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\): COVID-19 against normal, ",
        quote,
    )
    assert quote.endswith("160 films of 80 patients, operating point fixed on validation films")


def test_an_older_run_is_told_as_what_it_is(results: ResultsJson) -> None:
    old = json.loads(to_json(cast(Any, results)))
    del old["summary"]
    for name in ("scope", "draws", "edge", "tried", "untried"):
        del old["verdict"][name]
    for ground in old["verdict"]["grounds"]:
        del ground["confirmed"]
    for baseline in old["audit"]["baselines"]:
        del baseline["caught"], baseline["bearing"]
    del old["audit"]["place"]
    read = conform(old, ResultsJson)
    verdict = _told_verdict(cast(Any, SimpleNamespace(choice="only")), read)
    assert verdict.heading.endswith("as an older version of Hilum judged it")
    assert verdict.reasons == tuple(read["verdict"]["reasons"])
    assert isinstance(Verdict("supported"), Verdict)

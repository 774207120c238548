"""The page of an audit stands by itself, with a network and without one."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from make_audit import make_audit
from make_comparison import CANARY, make_comparison, make_thumbnail, with_nasty_names
from test_html import Outline

from every import every
from hilum.report.audit import audited_films, draw_audit_figures, render_audit
from hilum.report.terminal import tell_audit
from hilum.runs.audit import describe_audit_run
from hilum.studies.auditing import Audit


def render(audit: Audit) -> str:
    thumbnails = {film.film_id: make_thumbnail() for film in audited_films(audit)}
    return render_audit(audit, draw_audit_figures(audit), thumbnails)


@pytest.fixture(scope="module")
def page() -> str:
    return render(make_audit(make_comparison(headline="withheld")))


def test_it_opens_with_the_verdict_and_reads_in_order(page: str) -> None:
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert headings == [
        "Withheld on films whose source is unknown", "Is it the disease?",
        "Which films belong together",
        "The cohort", "What the checks found", "How it was done",
    ]  # fmt: skip
    assert "may be quoted as the ability to recognise COVID-19" in page


def test_nothing_is_fetched_and_every_tag_closes(page: str) -> None:
    outline = Outline(page)
    assert not {"script", "link", "iframe"} & set(outline.tags)
    assert outline.tags.count("svg") == 1
    assert "http:" not in page
    assert "https:" not in page
    assert len(page) < 500_000


def test_each_film_is_asked_for_once_and_shown() -> None:
    audit = make_audit(make_comparison())
    films = audited_films(audit)
    assert len({film.film_id for film in films}) == len(films)
    page = render(audit)
    assert all(film.film_id in page for film in every(films))


def test_without_a_network_nothing_is_claimed_to_be_measured() -> None:
    audit = make_audit(make_comparison(), has_model=False)
    assert draw_audit_figures(audit) == {}
    page = render(audit)
    assert "the films are too few to train and test on" in page
    assert "No network was trained." in page
    assert "Nothing was split." in page
    assert "<svg" not in page
    assert 'class="results' not in page
    assert "What a leak would have been worth" not in page


def test_no_name_is_shown_and_none_breaks_out() -> None:
    page = render(make_audit(with_nasty_names(make_comparison(headline="withheld"))))
    outline = Outline(page)
    assert not {"script", "s", "u"} & set(outline.tags)
    for secret in (CANARY, "ZZPHI", "DOE-JANE", "PATIENT-"):
        assert secret not in html.unescape(page)
    assert "<em>As [hidden]" in outline.words()


def test_unverified_weights_are_marked() -> None:
    from make_paper_run import make_paper_run

    comparison = make_paper_run(titles=["VGG16"], unverified=["VGG16"])
    page = render(make_audit(comparison))
    assert "unverified weights</span></h1>" in page
    assert "Not the published weights." in page


def muted(audit: Audit, code: str) -> Audit:
    findings = tuple(replace(f, is_muted=f.check == code) for f in audit.report.findings)
    return replace(audit, report=replace(audit.report, findings=findings))


def test_a_muted_finding_is_shown_as_such_and_raises_no_alarm() -> None:
    loud = make_audit(make_comparison(headline="limited"))
    quiet = muted(loud, "sources")
    assert loud.report.needs_attention
    assert not quiet.report.needs_attention
    page = render(quiet)
    assert "1 muted finding</h3>" in page
    assert '<span class="severity">Muted problem</span> <strong>The source tells' in page
    assert "1 problem</h3>" not in page
    checks = describe_audit_run(quiet)["checks"]
    assert {check["check"]: check.get("muted") for check in checks} == {
        "size": None, "duplicates": None, "sources": True,
    }  # fmt: skip


def test_muting_never_lifts_the_verdict() -> None:
    loud = make_audit(make_comparison(headline="withheld"))
    quiet = muted(loud, "sources")
    assert quiet.report.verdict == loud.report.verdict
    assert quiet.report.needs_attention


def test_the_terminal_names_each_code_and_what_is_muted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_audit(muted(make_audit(make_comparison()), "sources"))
    told = " ".join(capsys.readouterr().out.split())
    assert "Muted problem The source tells the classes apart. (sources)" in told
    assert "kept on one side. (duplicates) Keep one film of each pair." in told
    assert "Collect both classes" not in told

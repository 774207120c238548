"""What a report says of shortcuts, of films that belong together, and of the checks."""

from __future__ import annotations

import html
import io
import re
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from make_comparison import CANARY, make_comparison, make_thumbnail, render_page, with_nasty_names
from PIL import Image

from every import every
from hilum.auditing.findings import Finding
from hilum.auditing.verdict import Reason, Verdict
from hilum.classifier.records import CohortVerdict
from hilum.duplicates.duplicates import Duplicate
from hilum.report.comparison import films_shown
from hilum.report.figures import draw_all, figures_of
from hilum.report.sections.duplicates import PAIRS_AT_MOST, choose_pairs
from hilum.report.sections.shortcuts import SHOWN_PARTS, show_parts
from hilum.report.sections.verdict import view_verdict
from hilum.studies.results import Comparison


def section(page: str, name: str) -> str:
    part = page[page.index(f'id="{name}"') :]
    return html.unescape(part[: part.index("</section>")])


@pytest.fixture(scope="module")
def withheld() -> Comparison:
    return make_comparison(headline="withheld")


@pytest.fixture(scope="module")
def withheld_page(withheld: Comparison) -> str:
    return render_page(withheld)


def test_every_baseline_stands_in_the_table_and_in_the_figure(
    withheld: Comparison, withheld_page: str
) -> None:
    part = section(withheld_page, "shortcuts")
    figure = draw_all(figures_of(withheld))["shortcuts"]
    for baseline in withheld.audit.baselines:
        for text in (part, figure):
            assert baseline.title in text
            assert f"{baseline.auroc.value:.3f}" in text
    assert part.count("<svg") == 1
    assert part.count('role="row" class="withholds"') == 2
    assert "width in pixels 0.930, format JPEG 0.880 and age 0.610" in part
    assert "sex F" not in part  # at chance by itself
    table = part[part.index("<table") :]
    assert (
        table.index("Frame of the film")
        < table.index("May hold disease")
        < table.index("Grey levels")
    )


def test_the_section_answers_before_it_shows(withheld_page: str, page: str) -> None:
    answer = "Nothing here shows that it is. File metadata (AUROC 0.962) and frame"
    assert answer in section(withheld_page, "shortcuts")
    assert "None of what holds no disease speaks against it" in section(page, "shortcuts")


def test_reasons_that_decide_stand_apart_from_those_that_describe() -> None:
    grounds = tuple(Reason(w, w, f"It {w}.") for w in ("withholds", "limits", "describes"))
    view = view_verdict(Verdict("withheld", grounds), CohortVerdict("withheld", ()), str.upper)
    assert view["deciding"] == ["IT WITHHOLDS."]
    assert [(weight, texts) for weight, _, texts in view["further"]] == [
        ("limits", ["IT LIMITS."]), ("describes", ["IT DESCRIBES."]),
    ]  # fmt: skip
    limited = view_verdict(Verdict("limited", grounds[1:]), CohortVerdict("limited", ()), str)
    assert limited["deciding"] == ["It limits."]
    assert [weight for weight, *_ in limited["further"]] == ["describes"]


def test_the_parts_of_a_film_show_what_the_probes_see(comparison: Comparison) -> None:
    film = films_shown(comparison)[0]
    found = show_parts(comparison.cohort, comparison.positive, {film.film_id: make_thumbnail()})
    assert found is not None
    assert found[0] == film
    pictures = [
        np.asarray(Image.open(io.BytesIO(b64decode(uri.partition(",")[2])))) for _, uri in found[1]
    ]
    assert [caption for caption, _ in found[1]] == list(SHOWN_PARTS.values())
    whole, objectless, frame, centre, blurred = pictures
    assert abs(int(objectless[64, 64]) - int(whole[64, 64])) < 30  # a soft shape stays
    assert frame[40:88, 40:88].max() < 30 < whole[64, 64]
    assert centre[:8].max() < 30
    assert abs(int(centre[64, 64]) - int(whole[64, 64])) < 8
    assert np.abs(np.diff(blurred.astype(int), axis=0)).max() < 40
    assert sum(len(uri) for _, uri in found[1]) < 30_000
    assert show_parts(comparison.cohort, comparison.positive, {}) is None


def test_without_probes_the_page_says_what_it_does_not_know(withheld: Comparison) -> None:
    audit = withheld.audit
    few = tuple(b for b in audit.baselines if b.name in {"metadata", "source", "histogram"})
    part = section(render_page(replace(withheld, audit=replace(audit, baselines=few))), "shortcuts")
    assert "it is unknown what their frame alone predicts" in part
    assert "Frame of the film" not in part
    nothing = replace(withheld, audit=replace(audit, baselines=()))
    assert "shortcuts" not in draw_all(figures_of(nothing))
    part = section(render_page(nothing), "shortcuts")
    assert "did not try what predicts the label" in part
    assert "<table" not in part
    assert "<img" not in part


def test_a_leak_is_told_only_where_it_was_measured(withheld: Comparison, page: str) -> None:
    assert "the leak would have been worth +0.039 [+0.017, +0.062]" in section(page, "duplicates")
    without = render_page(replace(withheld, audit=replace(withheld.audit, leak=None)))
    assert "leak" not in section(without, "duplicates")


def test_how_patients_are_known_and_films_were_held_together_is_said(page: str) -> None:
    part = section(page, "duplicates")
    assert "80 patients are known, and each film’s patient." in part
    assert "Known for 160 of 160 films: the column patient of the table." in part
    assert "160 films belong together with others, in 80 groups of 2." in part
    torn = section(render_page(make_comparison(is_paper=True)), "duplicates")
    assert re.search(r"Torn apart\..*groups stand in training and in test all the same", torn)


def test_pairs_show_contradictions_and_every_kind_first(comparison: Comparison) -> None:
    films = comparison.cohort.films
    pairs = choose_pairs(comparison.audit.relations.duplicates, films)
    assert len(pairs) == PAIRS_AT_MOST
    assert films[pairs[0].first].label != films[pairs[0].second].label
    assert {duplicate.kind for duplicate in pairs} == {
        "bytes",
        "pixels",
        "copy",
        "mirrored",
        "rotated",
    }
    shown = films_shown(comparison)
    assert all(
        films[row] in shown
        for duplicate in every(pairs)
        for row in (duplicate.first, duplicate.second)
    )


def test_pairs_stand_side_by_side_with_what_lies_between_them(page: str) -> None:
    part = section(page, "duplicates")
    assert part.count("<img") == 2 * PAIRS_AT_MOST
    assert "A turned copy, by 12°; they agree to 0.88" in part
    assert part.count("two labels") == 1
    assert "6 pairs are shown" in part


def test_a_cohort_without_duplicates_says_so(comparison: Comparison) -> None:
    audit = comparison.audit
    alone = replace(audit, relations=replace(audit.relations, duplicates=()))
    part = section(render_page(replace(comparison, audit=alone)), "duplicates")
    assert "No film was found twice" in part
    assert "<img" not in part


def test_the_source_table_says_what_its_association_means(comparison: Comparison) -> None:
    cohort = comparison.cohort
    apart = tuple(replace(f, source=f"Hospital of {f.label}") for f in cohort.films)
    page = render_page(replace(comparison, cohort=replace(cohort, films=apart)))
    assert "is 1.0: no source holds films of more than one class" in section(page, "cohort")


def test_many_findings_are_grouped_and_notes_folded(comparison: Comparison) -> None:
    findings = tuple(
        Finding(severity, f"{severity} number {k}", {"films": k}, check="size")
        for severity in ("note", "fail", "warn")
        for k in range(8)
    )
    page = render_page(replace(comparison, audit=replace(comparison.audit, findings=findings)))
    part = section(page, "findings")
    assert part.index("8 problems") < part.index("8 cautions") < part.index("8 notes")
    folded = part[part.index('<details class="notes">') :]
    assert "note number 7" in folded
    assert "warn number" not in folded
    assert part.count('<li class="') == 24


def test_no_section_names_a_file_or_a_person() -> None:
    page = html.unescape(render_page(with_nasty_names(make_comparison(headline="withheld"))))
    for text in (page, page.replace("\N{ZERO WIDTH SPACE}", "")):
        for secret in (CANARY, "ZZPHI", "DOE-JANE", "PATIENT-"):
            assert secret not in text
    assert "made with [hidden] <u> 0.900" in page
    assert "<em>As [hidden] of [hidden] shows." in page
    assert "the column <s> of [hidden] names [hidden]." in page


def test_names_in_the_new_sections_are_escaped() -> None:
    comparison = with_nasty_names(make_comparison(headline="withheld"))
    relations = replace(
        comparison.audit.relations, duplicates=(Duplicate(0, 100, "copy", 0.0, 0.9),)
    )
    page = render_page(replace(comparison, audit=replace(comparison.audit, relations=relations)))
    for tag in ("<em>As", "<s>", "<u>", "<b>x</b>"):
        assert tag not in page
    assert page.count("&lt;b&gt;x&lt;/b&gt;") > 5

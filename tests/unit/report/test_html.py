from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from make_comparison import CANARY, make_comparison, make_thumbnail, render_page, with_nasty_names

from hilum.report.comparison import films_shown, render_report
from hilum.report.figures import draw_all, figures_of
from hilum.report.sections.standings import sensitivity_gloss, specificity_gloss
from hilum.studies.results import Comparison
from hilum.wording import metric_interval, metric_value

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Outline(HTMLParser):
    """Collects tags, attributes and text, and checks that tags close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text.append(data)

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    return Outline(page)


@pytest.fixture(scope="module")
def nasty_page() -> str:
    return render_page(with_nasty_names(make_comparison()))


def test_nothing_is_fetched_and_nothing_runs_but_the_copying(page: str, outline: Outline) -> None:
    assert "http:" not in page
    assert "https:" not in page
    assert not {"link", "iframe", "object", "embed", "base"} & set(outline.tags)
    assert outline.tags.count("script") == page.count("button[data-copies]") == 1
    for tag, name, value in outline.attributes:
        assert not name.startswith("on")
        if name in {"src", "href", "xlink:href", "srcset"}:
            assert value.startswith("data:image/jpeg;base64," if tag == "img" else "#")
    assert "@import" not in page
    assert set(re.findall(r"url\((.)", page)) <= {"#"}
    assert "default-src 'none'" in page


def test_ids_are_unique_and_references_resolve(outline: Outline) -> None:
    ids = Counter(value for _, name, value in outline.attributes if name == "id")
    assert max(ids.values()) == 1
    for _, name, value in outline.attributes:
        if name in {"aria-labelledby", "aria-describedby"}:
            assert value in ids


def test_every_backbone_and_headline_metric_stands_in_the_table(
    page: str, comparison: Comparison
) -> None:
    table = page[page.index('id="table"') :]
    table = table[: table.index("</table>")]
    for result in comparison.backbones:
        assert result.title in table
        for metric in ("accuracy", "sensitivity", "specificity", "auroc"):
            estimate = result.evaluation.metrics[metric]
            value, interval = (
                metric_value(metric, estimate.value),
                metric_interval(metric, estimate),
            )
            assert f'<b>{value}</b> <span class="interval">{interval}</span>' in table
    assert "4.84 M" in table
    assert "260 px" in table
    assert "stored before" in table


def test_the_reading_order(outline: Outline) -> None:
    words = outline.words()
    places = [
        words.index(heading)
        for heading in (
            "covid-150", "Supported on films whose source is unknown",
            "Research use only. Not a medical",
            "Is it the disease?", "The answer", "All backbones",
            "Which films belong together", "The cohort", "What the checks found",
            "Training and scores",
            "Films that were misjudged", "How it was run",
        )
    ]  # fmt: skip
    assert places == sorted(places)


def test_sensitivity_and_specificity_are_glossed_once_and_not_swapped(outline: Outline) -> None:
    words = outline.words()
    assert sensitivity_gloss("COVID-19") in words
    assert specificity_gloss("COVID-19", ["normal"]) in words
    assert words.count("misses the diseased") == words.count("calls the healthy ill") == 1


def test_both_themes_and_print_are_styled(page: str) -> None:
    assert "@media (prefers-color-scheme: dark) { :root { --paper: #14171b;" in page
    assert "@media print" in page
    assert '<meta name="viewport"' in page


def test_every_picture_has_a_text_alternative(outline: Outline) -> None:
    images = outline.tags.count("img")
    alts = [value for tag, name, value in outline.attributes if (tag, name) == ("img", "alt")]
    assert images == len(alts) > 12
    assert all(alts)
    labels = [v for tag, name, v in outline.attributes if (tag, name) == ("svg", "aria-label")]
    assert outline.tags.count("svg") == len(labels) == 8
    assert all(labels)


def test_no_name_of_a_file_a_folder_or_a_person_is_shown(
    page: str, nasty_page: str, comparison: Comparison
) -> None:
    for text in (page, nasty_page):
        assert CANARY not in html.unescape(text)
        assert "ZZPHI" not in text
        assert "DOE-JANE" not in text
        assert "PATIENT-" not in text
        assert "broken-0001" not in text
    assert comparison.cohort.excluded[0].film_id in page
    assert "hilum compare [hidden] --seed 42" in page


def test_names_cannot_break_out_of_the_page(nasty_page: str) -> None:
    outline = Outline(nasty_page)
    assert outline.tags.count("script") == 1  # ours
    assert "<b>x</b>" in outline.words()
    assert "<script>alert(1)</script>" in outline.words()
    assert "<img src=x onerror=alert(1)>" in outline.words()
    assert not any(name == "onerror" for _, name, _ in outline.attributes)


def test_a_withheld_headline_gives_no_answer_and_greys_the_table() -> None:
    page = render_page(make_comparison(headline="withheld"))
    answer = page[page.index('id="answer"') : page.index('id="table"')]
    assert "came first" not in answer
    assert not re.search(r"\d\.\d %", answer)
    assert 'class="standings withheld"' in page
    assert "Withheld on films whose source is unknown" in page
    assert 'id="quote"' not in page
    assert "<script" not in page
    assert "The frame of the film, its outermost 10 %" in page


def test_the_papers_recipe_says_that_validation_is_the_test(page: str) -> None:
    paper = render_page(make_comparison(is_paper=True))
    for section in ("answer", "table", "training"):
        start = paper.index(f'id="{section}"')
        assert (
            "Validation and test are the same films"
            in paper[start : paper.index("</section>", start)]
        )
    assert "same films here" not in page
    assert "± " not in paper[paper.index('id="table"') : paper.index('id="cohort"')]


def test_more_than_two_classes_show_macro_averages_and_the_whole_matrix() -> None:
    comparison = make_comparison(("COVID-19", "bacterial pneumonia", "normal"), 40)
    page = render_page(comparison)
    assert "Macro sensitivity" in page
    assert "Macro AUROC" in page
    rows = re.findall(r'<td style="--share:[^>]*>([\d,]+) <small>', page)
    expected = comparison.backbones[0].evaluation.confusion_matrix.ravel().tolist()
    assert [int(cell) for cell in rows[:9]] == expected


def test_films_without_a_thumbnail_are_named_and_figures_may_lack(comparison: Comparison) -> None:
    page = render_report(comparison, {}, {})
    outline = Outline(page)
    assert "img" not in outline.tags
    assert "svg" not in outline.tags
    for film in films_shown(comparison):
        assert film.film_id in page


def test_findings_stand_worst_first(outline: Outline) -> None:
    words = outline.words()
    assert (
        words.index("Problem") < words.index("Caution Two pairs") < words.index("Note Films differ")
    )


def test_the_page_is_repeatable_and_small(page: str, comparison: Comparison) -> None:
    assert render_page(make_comparison(separation=1.6)) == page
    big = {film.film_id: make_thumbnail() * 10 for film in films_shown(comparison)}
    assert len(render_report(comparison, draw_all(figures_of(comparison)), big)) < 2_000_000


def test_a_cohort_without_sources_patients_or_faults_is_described(comparison: Comparison) -> None:
    films = tuple(replace(film, source=None, patient=None) for film in comparison.cohort.films)
    cohort = replace(comparison.cohort, films=films, excluded=(), left_out={})
    page = render_page(
        replace(
            comparison, cohort=cohort, audit=replace(comparison.audit, findings=()), unavailable=()
        )
    )
    assert "of an unknown number of patients" in page
    assert "nothing can rule out that the place predicts the class" in page
    assert "Every film was read" in page
    assert "Not compared" not in page
    assert "excluded.csv" not in page

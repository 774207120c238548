from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from make_comparison import render_page
from make_paper_run import make_paper_run

from hilum.backbones.catalog import PAPER_SIX
from hilum.report.drawing import shortened
from hilum.report.figures import draw_all, figures_of
from hilum.report.sections.standings import standing_text
from hilum.report.sections.verdict import unverified_text
from hilum.studies.results import Comparison, Unavailable


@pytest.fixture(scope="module")
def mixed() -> Comparison:
    """The best of the six ran on other weights than its own."""
    best = make_paper_run().backbones[0].name
    return make_paper_run(unverified=(best, "VGG16"))


@pytest.fixture(scope="module")
def page(mixed: Comparison) -> str:
    return html.unescape(render_page(mixed))


def test_the_headline_says_so_before_anything_else(mixed: Comparison, page: str) -> None:
    head = page[page.index("<h1>") : page.index("<main>")]
    assert "unverified weights</span></h1>" in head
    assert unverified_text(mixed) in head
    assert "<title>covid-150 (unverified weights)" in page
    assert '<h2 id="verdict">Unverified weights. Limited on films whose source is unknown' in page


def test_nothing_on_unverified_weights_comes_first(mixed: Comparison, page: str) -> None:
    best, *others = mixed.backbones
    leader = next(result for result in others if result.weights.is_verified)
    answer = page[page.index('id="answer"') : page.index('id="table"')]
    assert f"<strong>{best.title}</strong> has the highest accuracy and is not put first" in answer
    assert f"<strong>{leader.title}</strong> came first" in answer
    accuracy = leader.evaluation.metrics["accuracy"].value
    assert f"<dd>{100 * accuracy:.1f} %" in answer
    # Who is tied with whom is told of those that may be judged.
    assert "VGG16" not in standing_text(mixed, leader)


def test_without_any_published_weights_there_is_no_figure_in_the_answer() -> None:
    comparison = make_paper_run(unverified=PAPER_SIX)
    page = render_page(comparison)
    answer = page[page.index('id="answer"') : page.index('id="table"')]
    assert "came first" not in answer
    assert not re.search(r"\d\.\d %", answer)
    assert "No network here ran on its published weights" in unverified_text(comparison)


def test_rows_are_greyed_and_the_weights_are_named_as_other(mixed: Comparison, page: str) -> None:
    table = page[page.index('id="table"') :]
    table = table[: table.index("</table>")]
    assert table.count('<tr role="row" class="unverified">') == 2
    for result in mixed.backbones:
        greyed = f'class="unverified">\n      <th scope="row" role="rowheader">{result.title}'
        assert (greyed in table) is not result.weights.is_verified
    weights = page[page.index("Pretrained weights") : page.index("Versions, hardware")]
    assert weights.count("Not the published weights.") == 2
    assert weights.count("licence unknown") == 2
    assert "NASNet-large-no-top.h5" in html.unescape(render_page(make_paper_run()))


def test_every_picture_carries_the_mark_whole(mixed: Comparison) -> None:
    figures = draw_all(figures_of(mixed))
    for name in ("roc", "forest", "accuracy-VGG16", "loss-VGG16", "confusion-VGG16"):
        assert "(unverified weights)" in figures[name], name
    assert "unverified" not in figures["accuracy-VGG19"]
    assert shortened("A" * 40 + " (unverified weights)", 10) == "AAAAAAAAA… (unverified weights)"


def test_on_published_weights_nothing_is_said() -> None:
    comparison = make_paper_run()
    assert unverified_text(comparison) == ""
    assert "unverified" not in re.sub(
        r"<style>.*?</style>", "", render_page(comparison), flags=re.S
    )


def test_absent_networks_are_counted_and_refused_ones_told(mixed: Comparison) -> None:
    why = "The weight file x.h5 of DenseNet121 has md5 0, and 1 was expected."
    refused = Unavailable("DenseNet121", why, is_refused=True)
    shown = html.unescape(render_page(replace(mixed, unavailable=(*mixed.unavailable, refused))))
    part = shown[shown.index("Not compared") : shown.index("Further figures")]
    assert "40 further networks are known and not here" in part
    assert "it is not here" not in part  # forty reasons would bury the one that matters
    assert f"DenseNet121 was refused.</strong> {why}" in part
    assert part.index("was refused") < part.index("40 further")
    assert '<details class="aside">' in part  # closed


def test_many_backbones_stay_readable() -> None:
    titles = [*PAPER_SIX, *(f"model-{k}" for k in range(4))]
    comparison = make_paper_run(titles=titles, unverified=("NASNetLarge",))
    page = render_page(comparison)
    assert "4 further backbones</summary>" in page
    assert page.count("<article>") == 10
    assert "unknown</td>" in page  # nobody counted the parameters of a model file
    assert "model file given by the user" in page
    roc = draw_all(figures_of(comparison))["roc"]
    assert "2 further" in roc
    best = comparison.backbones[0]
    assert "9 others" not in standing_text(comparison, best)

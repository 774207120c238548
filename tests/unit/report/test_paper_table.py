from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from make_comparison import make_comparison, render_page
from make_paper_run import make_paper_run

from every import every
from hilum.backbones.catalog import PAPER_SIX
from hilum.published.replication import Replication
from hilum.report.sections.replication import make_paper_rows, reading_texts
from hilum.runs.comparison import describe_comparison, describe_paper
from hilum.runs.documents import to_json
from hilum.studies.recipes import RECIPES
from hilum.studies.replication import PaperTable, set_beside_paper
from hilum.studies.results import Comparison


def beside(comparison: Comparison) -> PaperTable:
    table = set_beside_paper(comparison)
    assert table is not None
    return table


def section(page: str) -> str:
    start = page.index('<h2 id="published">')
    return html.unescape(page[start : page.index("</section>", start)])


@pytest.fixture(scope="module")
def mixed() -> Comparison:
    return make_paper_run(unverified=("NASNetLarge", "VGG16"))


def test_the_six_rows_stand_in_the_papers_order_and_columns() -> None:
    comparison = make_paper_run()
    rows = make_paper_rows(beside(comparison))
    assert tuple(row.model for row in rows) == PAPER_SIX
    assert [cell.title for cell in rows[0].cells] == ["Accuracy", "Sensitivity", "Specificity"]
    assert [cell.published for cell in rows[3].cells] == ["91", "79", "100"]
    # 14 of 14, exactly: the interval that the digits imply.
    assert rows[0].cells[1].published_interval == "[76.8, 100.0]"
    ours = {result.name: result.evaluation.metrics for result in comparison.backbones}
    for row in rows:
        for cell, metric in zip(row.cells, ("accuracy", "sensitivity", "specificity"), strict=True):
            estimate = ours[row.model][metric]
            # As the paper would have counted: every film for itself.
            exact = estimate.also.get("films_as_independent", estimate)
            assert cell.ours == f"{100 * estimate.value:.1f}"
            assert cell.ours_interval == f"[{100 * exact.low:.1f}, {100 * exact.high:.1f}]"


def test_rows_on_unverified_weights_are_set_beside_nothing(mixed: Comparison) -> None:
    table = beside(mixed)
    for row in make_paper_rows(table):
        if row.model in ("NASNetLarge", "VGG16"):
            assert row.withheld == "unverified weights"
            assert not any(
                c.ours or c.ours_interval or c.ours_bar or c.adjusted_p for c in every(row.cells)
            )
        else:
            assert row.withheld == ""
            assert all(cell.ours and cell.adjusted_p for cell in every(row.cells))
    figures = [f for row in table.replication.rows for f in row.figures.values() if f.repeated]
    assert len(figures) == 12  # Holm's correction counts those that were tested

    shown = section(render_page(mixed))
    for title in ("VGG16", "NASNetLarge"):
        start = shown.index(f'role="rowheader">{title}')
        row_text = shown[start : shown.index("</tr>", start)]
        assert row_text.count("unverified weights") == 4
        assert "<b>" not in row_text
        assert " p " not in row_text

    written = {row["name"]: row for row in describe_comparison(mixed)["published"]["rows"]}
    assert written["VGG16"]["ours"] is None
    assert written["VGG16"]["withheld"] == "unverified weights"


def test_with_no_verified_row_nothing_is_compared() -> None:
    table = beside(make_paper_run(unverified=PAPER_SIX))
    assert all(row.withheld == "unverified weights" for row in every(make_paper_rows(table)))
    assert "None of these networks ran" in reading_texts(table, make_comparison())[0]


def test_models_that_did_not_run_get_a_dash() -> None:
    comparison = make_paper_run(titles=["VGG16", "efficientnet-lite0"])
    rows = make_paper_rows(beside(comparison))
    assert [row.withheld for row in rows] == ["", *["did not run"] * 5]
    assert section(render_page(comparison)).count("–</span>") == 15


def test_the_table_belongs_to_the_papers_recipe_and_networks_alone() -> None:
    other = make_paper_run(recipe=RECIPES["pyimagesearch"])
    assert set_beside_paper(other) is None
    assert set_beside_paper(make_paper_run(titles=["DenseNet121"])) is None
    assert describe_comparison(other)["published"] is None
    assert 'id="published"' not in render_page(other)


def test_the_reading_says_what_little_the_table_can_tell(mixed: Comparison) -> None:
    texts = reading_texts(beside(mixed), mixed)
    assert "No figure differs" in texts[0]
    assert "Holm's correction over 12 figures" in texts[0]
    assert "with 32 published films" in texts[0]
    assert "from 78 to 100 %" in texts[0]
    assert "The films are other films" in texts[1]
    assert "14 positive + 18 negative films" in texts[2]
    assert "digits imply" in texts[2]


def test_figures_that_differ_are_named() -> None:
    comparison = make_paper_run(films_per_class=400, separation=0.1)
    texts = reading_texts(beside(comparison), comparison)
    assert re.search(r"^\d+ of 18 figures differ from the published ones beyond chance", texts[0])
    assert "VGG16's accuracy (p < 0.001)" in texts[0]
    assert ": differs</small>" in section(render_page(comparison))


def test_more_classes_are_counted_as_one(mixed: Comparison) -> None:
    comparison = make_paper_run(titles=["VGG16"], classes=("Pneumonia", "other", "normal"))
    confusion = comparison.backbones[0].evaluation.confusion
    table = beside(comparison)
    accuracy = table.replication.rows[0].figures["accuracy"].repeated
    assert accuracy is not None
    assert accuracy.successes == confusion.tp + confusion.tn
    text = reading_texts(table, comparison)[1]
    assert "of COVID-19 there and of Pneumonia here; all other classes" in text


def test_the_machine_readable_table_is_plain(mixed: Comparison) -> None:
    assert describe_paper(None) is None
    table = json.loads(to_json(describe_paper(beside(mixed))))
    assert table["implied"] == {"positives": 14, "negatives": 18}
    row = table["rows"][1]
    assert row["name"] == "VGG19"
    assert row["published"]["accuracy"]["value"] == 31 / 32
    assert row["published"]["accuracy"]["printed"] == "97"
    assert set(row["ours"]["accuracy"]) == {"value", "low", "high", "p", "adjusted_p"}
    assert row["withheld"] is None


def test_a_withheld_headline_withholds_here_too() -> None:
    comparison = make_paper_run()
    withheld = replace(
        comparison,
        audit=replace(comparison.audit, verdict=replace(comparison.verdict, headline="withheld")),
    )
    assert "for inspection only" in section(render_page(withheld))
    assert isinstance(beside(withheld).replication, Replication)

from __future__ import annotations

from dataclasses import replace

import pytest
from make_comparison import render_page

from hilum.report import subgroups_wording as words
from hilum.report.subgroups_section import view_subgroups
from hilum.studies.comparison import Comparison
from unit.report.make_assessment import make_assessed, make_subgroups


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def test_a_difference_is_said_first_and_where_it_lies() -> None:
    sex, age, view, source = make_subgroups()
    assert words.answer_text((sex, age, view, source)) == (
        "No: the figures differ by view. By sex or age no difference is shown."
    )
    assert words.reading_text(view) == (
        "Sensitivity differs: 78.0 % for AP, 91.0 % for PA (p < 0.001, after correction 0.010)."
    )


def test_no_difference_is_no_proof_of_none() -> None:
    sex, age, _, source = make_subgroups()
    text = words.answer_text((sex, age, source))
    assert text.startswith("By sex or age these films show no difference.")
    assert "no proof" in text
    assert words.reading_text(sex).startswith("No difference shown (smallest p 0.380")
    assert words.reading_text(sex).endswith("Unknown for 6 films.")


def test_what_cannot_be_tested_is_called_untested() -> None:
    source = make_subgroups()[3]
    assert words.answer_text((source,)).startswith("Unknown")
    assert words.reading_text(source).startswith("Not tested")
    assert not words.is_different(source)


def test_small_groups_are_named_and_warned_of() -> None:
    text = words.small_text(make_subgroups())
    assert text.startswith("Age 0–17 has too few patients on a side")
    assert words.small_text(make_subgroups()[:1]) == ""


def test_the_table_holds_every_group_beside_all_films(assessed: Comparison) -> None:
    view = view_subgroups(assessed)
    assert view is not None
    assert view["whole"].films == "160 (80)"
    assert [block.title for block in view["blocks"]] == ["Sex", "Age, in years", "View", "Source"]
    infants = view["blocks"][1].rows[0]
    assert infants.is_small
    assert infants.cells[:2] == (None, None)
    assert infants.cells[2] is not None
    assert view["blocks"][3].p_values == ("", "", "")
    # A small group's wide interval does not flatten all bars; it is cut off instead.
    assert view["start"] == pytest.approx(0.7)


def test_the_page_marks_what_differs_and_what_is_small(assessed: Comparison) -> None:
    page = render_page(assessed)
    section = page[page.index('id="subgroups"') : page.index('id="elsewhere"')]
    assert section.count('class="differs"') == 1
    assert section.count("<small>few films</small>") == 1
    assert "no such films" in section


def test_nothing_known_is_no_section(comparison: Comparison) -> None:
    assert view_subgroups(comparison) is None
    assert 'id="subgroups"' not in render_page(comparison)


def test_a_level_cannot_break_out_of_the_page(assessed: Comparison) -> None:
    sex = make_subgroups()[0]
    nasty = replace(sex, subgroups=(replace(sex.subgroups[0], level="<img src=x>"),))
    page = render_page(replace(assessed, subgroups=(nasty,)))
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page

from __future__ import annotations

from dataclasses import replace

import pytest
from make_comparison import render_page

from hilum.report.sections import subgroups as words
from hilum.report.sections.subgroups import view_subgroups
from hilum.studies.results import Comparison
from unit.report.make_assessment import make_assessed, make_subgroups


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def test_a_difference_is_said_first_and_where_it_lies() -> None:
    sex, age, view, source = make_subgroups()
    assert words.answer_text((sex, age, view, source)) == (
        "No: the figures differ by view. By sex or age no difference is shown. Source could not "
        "be tested."
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


def test_what_was_not_tested_is_not_covered_by_no_difference() -> None:
    sex, age, view, source = make_subgroups()
    nan = float("nan")
    half = replace(age, p_auroc=nan)
    assert words.untested_text((sex, age)) == ""
    assert words.untested_text((sex, half)) == "AUROC by age could not be tested."
    none = replace(view, p_auroc=nan, p_sensitivity=nan, p_specificity=nan, adjusted_p=nan)
    both = replace(sex, p_auroc=nan, p_sensitivity=nan)
    text = words.answer_text((both, half, none, source))
    assert text.startswith("By sex or age these films show no difference. View and source could ")
    assert "not be tested, nor could AUROC or sensitivity by sex or AUROC by age." in text


def test_what_cannot_be_tested_is_called_untested() -> None:
    source = make_subgroups()[3]
    assert words.answer_text((source,)).startswith("Unknown")
    assert words.reading_text(source).startswith("Could not be tested")
    assert not words.has_difference(source)


def test_small_groups_are_named_and_warned_of() -> None:
    text = words.small_text(make_subgroups(), "patients")
    assert text.startswith("Age 0–17 has too few patients on a side")
    assert "too few groups on a side" in words.small_text(make_subgroups(), "groups")
    assert words.small_text(make_subgroups()[:1], "patients") == ""


def test_the_table_holds_every_group_beside_all_films(assessed: Comparison) -> None:
    view = view_subgroups(assessed, str)
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
    assert section.count("<small>few patients</small>") == 1
    assert "no such films" in section


def test_nothing_known_is_no_section(comparison: Comparison) -> None:
    assert view_subgroups(comparison, str) is None
    assert 'id="subgroups"' not in render_page(comparison)


def test_all_films_are_those_of_the_choice_made_anew(assessed: Comparison) -> None:
    view = view_subgroups(assessed, str)
    assert view is not None
    assert assessed.pick is not None
    assert view["title"] == "The network chosen anew for every film"
    auroc = assessed.pick.evaluation.metrics["auroc"]
    assert view["whole"].cells[0].value == f"{auroc.value:.3f}"
    alone = view_subgroups(replace(assessed, pick=None), str)
    assert alone is not None
    assert alone["title"] == assessed.backbones[0].title


def test_a_patient_who_is_given_as_a_level_is_hidden(assessed: Comparison) -> None:
    patient = assessed.cohort.films[0].patient
    assert patient is not None
    source = make_subgroups()[3]
    named = replace(source, subgroups=(replace(source.subgroups[0], level=patient, is_small=True),))
    page = render_page(replace(assessed, subgroups=(named,)))
    section = page[page.index('id="subgroups"') : page.index('id="elsewhere"')]
    assert patient not in section
    assert section.count("[hidden]") == 2


def test_a_level_cannot_break_out_of_the_page(assessed: Comparison) -> None:
    sex = make_subgroups()[0]
    nasty = replace(sex, subgroups=(replace(sex.subgroups[0], level="<img src=x>"),))
    page = render_page(replace(assessed, subgroups=(nasty,)))
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page


def test_of_very_many_levels_the_largest_are_shown_and_the_rest_counted(
    assessed: Comparison,
) -> None:
    *others, sources = assessed.subgroups
    (hospital,) = sources.subgroups
    many = tuple(
        replace(hospital, level=f"Hospital {k:02}", n_films=3 + (k * 7) % 20) for k in range(20)
    )
    crowded = replace(assessed, subgroups=(*others, replace(sources, subgroups=many)))
    seen = view_subgroups(crowded, str)
    assert seen is not None
    block = seen["blocks"][-1]
    largest = sorted(many, key=lambda group: -group.n_films)[:12]
    assert [row.level for row in block.rows] == sorted(group.level for group in largest)
    assert block.further == "8 smaller subgroups are in results.json."
    assert "8 smaller subgroups are in results.json." in render_page(crowded)
    assert seen["blocks"][0].further == ""

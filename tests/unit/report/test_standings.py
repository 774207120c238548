"""The order of the backbones: tiers, what a tie would take to split, ensemble, nested pick."""

from __future__ import annotations

from dataclasses import replace

import pytest
from make_comparison import make_comparison, render_page

from hilum.report.sections import standings as interval_wording, standings as standings_wording
from hilum.report.sections.standings import (
    headline_metrics,
    make_blocks,
    make_pairs,
    view_answer,
    view_standings,
)
from hilum.studies.results import Comparison
from hilum.wording import metric_value
from unit.report.make_assessment import make_assessed, with_naive_intervals


@pytest.fixture(scope="module")
def assessed() -> Comparison:
    return make_assessed()


def titles(comparison: Comparison) -> list[str]:
    return [result.title for result in comparison.backbones]


def test_tiers_part_the_table_and_their_members_stay(assessed: Comparison) -> None:
    blocks = make_blocks(assessed, headline_metrics(assessed))
    first, second, third = titles(assessed)
    assert [[row.title for row in block.rows] for block in blocks] == [
        [first, second],
        [third],
        ["Average of 3 backbones", "Chosen anew for every film"],
    ]
    assert [block.heading for block in blocks] == [
        "Tier 1: these films cannot tell them apart",
        "Tier 2: on its own",
        standings_wording.COMBINED_HEADING,
    ]


def test_a_tier_whose_members_differ_among_themselves_does_not_claim_otherwise(
    assessed: Comparison,
) -> None:
    first = assessed.backbones[0].name
    pairs = tuple(replace(pair, tied=first in (pair.a, pair.b)) for pair in assessed.comparisons)
    one_tier = (tuple(result.name for result in assessed.backbones),)
    comparison = replace(assessed, comparisons=pairs, tiers=one_tier)
    assert standings_wording.tier_heading(0, comparison).endswith("the others from the first")


def test_a_backbone_in_no_tier_stands_apart(assessed: Comparison) -> None:
    last = assessed.backbones[-1]
    tiers = tuple(tier for tier in assessed.tiers if last.name not in tier)
    blocks = make_blocks(replace(assessed, tiers=tiers), headline_metrics(assessed))
    assert blocks[1].heading == standings_wording.UNRANKED_HEADING
    assert [row.title for row in blocks[1].rows] == [last.title]


def test_one_backbone_needs_no_heading() -> None:
    comparison = make_comparison(backbones=1)
    (block,) = make_blocks(comparison, headline_metrics(comparison))
    assert block.heading == ""
    assert standings_wording.tiers_text(comparison) == ""
    assert "Tier 1" not in render_page(comparison)


@pytest.mark.parametrize(
    ("films", "text"),
    [
        (7, "about 7 films"),
        (97, "about 97 films"),
        (183, "about 190 films"),
        (1843, "about 1,900 films"),
        (1900, "about 1,900 films"),
        (123_456, "about 130,000 films"),
        (40_000_000, "more than a million films"),
    ],
)
def test_films_needed_are_rounded_up_to_two_digits(films: int, text: str) -> None:
    assert standings_wording.needed_text(films) == text


def test_what_would_split_the_first_tier_is_said(assessed: Comparison) -> None:
    first, second, _ = titles(assessed)
    text = standings_wording.tiers_text(assessed)
    assert f"To tell {first} from {second}" in text
    assert "about 1,900 films would be needed instead of 160, at 80 % power" in text
    rows = make_pairs(assessed)
    assert [row.needed for row in rows if row.tied] == ["about 1,900 films"] * 2
    assert not any(row.needed for row in rows if not row.tied)


def test_films_that_would_do_for_one_test_are_told_apart_from_too_few(
    assessed: Comparison,
) -> None:
    pairs = tuple(replace(pair, films_needed=150) for pair in assessed.comparisons)
    text = standings_wording.tiers_text(replace(assessed, comparisons=pairs))
    assert "only through the correction for the number of pairs" in text
    assert "would be needed" not in text


def test_the_ensemble_costs_what_its_members_cost(assessed: Comparison) -> None:
    row = make_blocks(assessed, headline_metrics(assessed))[-1].rows[0]
    assert row.parameters == "12.4 M"
    assert row.training == "31 s"
    assert not row.is_stored


def test_the_answer_gives_the_picks_figures_and_says_why(assessed: Comparison) -> None:
    assert assessed.pick is not None
    answer = view_answer(assessed)
    picked = assessed.pick.evaluation.metrics["accuracy"]
    own = assessed.backbones[0].evaluation.metrics["accuracy"]
    assert answer["figures"][0][:2] == ("Accuracy", metric_value("accuracy", picked.value))
    assert picked.value != own.value
    page = render_page(assessed)
    section = page[page.index('id="answer"') : page.index('id="table"')]
    assert f"{titles(assessed)[0]}</strong> came first" in section
    assert "for 106 of 160 films" in section
    assert "were looked at to put it first" in section
    assert f"Accuracy</dt><dd>{metric_value('accuracy', picked.value)}" in section
    assert metric_value("accuracy", own.value) in page[page.index('id="table"') :]


def test_without_a_pick_the_leaders_own_figures_answer(comparison: Comparison) -> None:
    own = comparison.backbones[0].evaluation.metrics["accuracy"]
    assert view_answer(comparison)["figures"][0][1] == metric_value("accuracy", own.value)
    assert "looked at to put it first" not in render_page(comparison)


@pytest.mark.parametrize(
    ("counts", "text"),
    [((25, 0), "for every film"), ((0, 25), "for no film"), ((8, 17), "for 8 of 25 films")],
)
def test_how_often_a_backbone_was_chosen(
    counts: tuple[int, int], text: str, assessed: Comparison
) -> None:
    assert assessed.pick is not None
    pick = replace(assessed.pick, times_chosen=dict(zip("ab", counts, strict=True)))
    assert standings_wording.chosen_text(pick, "a") == text


def test_a_withheld_headline_asks_nobody_to_quote(assessed: Comparison) -> None:
    withheld = make_assessed("withheld")
    assert assessed.pick is not None
    assert withheld.pick is not None
    assert "“the best of" in standings_wording.pick_note(assessed, assessed.pick)
    assert "Quote" not in render_page(withheld)


def test_wide_intervals_are_explained_by_an_example(assessed: Comparison) -> None:
    text = interval_wording.clustering_text(assessed, assessed.backbones[0])
    accuracy = assessed.backbones[0].evaluation.metrics["accuracy"]
    naive = accuracy.also["films_as_independent"]
    assert "160 films of 80 patients tell less than as many films of different people" in text
    assert "wider than naive ones" in text
    assert f"instead of [{100 * naive.low:.1f}, {100 * naive.high:.1f}]" in text
    alone = replace(accuracy, also={})
    result = assessed.backbones[0]
    metrics = dict.fromkeys(result.evaluation.metrics, alone)
    single = replace(result, evaluation=replace(result.evaluation, metrics=metrics))
    assert interval_wording.clustering_text(assessed, single) == ""


def test_an_interval_that_chance_left_alike_is_not_called_wider(assessed: Comparison) -> None:
    result = assessed.backbones[0]
    metrics = {
        name: replace(m, low=m.also["films_as_independent"].low + 0.001, high=m.value)
        for name, m in result.evaluation.metrics.items()
        if "films_as_independent" in m.also
    }
    narrow = replace(result, evaluation=replace(result.evaluation, metrics=metrics))
    text = interval_wording.clustering_text(assessed, narrow)
    assert "hardly widens" in text
    assert "wider than naive" not in text


def test_groups_that_are_no_patients_are_called_groups(assessed: Comparison) -> None:
    films = tuple(replace(film, patient=None) for film in assessed.cohort.films)
    unnamed = replace(assessed, cohort=replace(assessed.cohort, films=films))
    text = interval_wording.clustering_text(unnamed, unnamed.backbones[0])
    assert "160 films in 80 groups that belong together" in text


def test_cross_checks_stand_in_the_list_of_methods(comparison: Comparison) -> None:
    checked = with_naive_intervals(comparison)
    methods = interval_wording.checked_methods(checked)
    assert methods == ("wilson", "delong", "films_as_independent")
    rows = interval_wording.checked_figures(checked, methods)
    auroc = next(row for row in rows if row.metric == "AUROC")
    assert auroc.checks[0] == ""
    assert auroc.checks[1].startswith("[0.")
    page = render_page(checked)
    assert page.index("Every interval beside what other methods give") > page.index('id="methods"')
    bare = []
    for result in comparison.backbones:
        metrics = {n: replace(m, also={}) for n, m in result.evaluation.metrics.items()}
        bare.append(replace(result, evaluation=replace(result.evaluation, metrics=metrics)))
    assert "other methods give" not in render_page(replace(comparison, backbones=tuple(bare)))


def test_average_precision_is_a_further_figure_with_the_level_of_chance(
    assessed: Comparison,
) -> None:
    view = view_standings(assessed)
    assert "Average precision" in view["further_titles"]
    assert "0.971" in [cell.value for cell in view["further_rows"][0].cells]
    assert "share of positive films, here 0.500" in view["further_note"]
    assert len({len(row.cells) for row in view["further_rows"]}) == 1

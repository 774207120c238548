from __future__ import annotations

import re
from dataclasses import replace

import pytest
from make_comparison import make_comparison, render_page
from make_paper_run import make_paper_run

from hilum.report.sections import method as method_wording
from hilum.report.sections.cohort import people_text
from hilum.report.sections.standings import (
    counting_text,
    sensitivity_gloss,
    specificity_gloss,
    standing_text,
)
from hilum.report.sections.training import curves_text
from hilum.studies.recipes import RECIPES
from hilum.studies.results import Comparison


def test_low_sensitivity_misses_the_diseased() -> None:
    gloss = sensitivity_gloss("COVID-19")
    assert "share of COVID-19 films that are called COVID-19" in gloss
    assert re.search(r"low sensitivity misses the diseased", gloss)
    assert "specificity" not in gloss.lower()
    assert "healthy" not in gloss


@pytest.mark.parametrize(
    ("positive", "others", "missed", "mistaken"),
    [
        ("Normal", ["COVID-19"], "misses Normal films", "calls other films Normal"),
        ("COVID-19", ["Normal", "Pneumonia"], "misses the diseased", "calls other films COVID-19"),
        ("Pneumonia", ["COVID-19"], "misses the diseased", "calls other films Pneumonia"),
    ],
)
def test_glosses_are_right_whatever_the_positive_class(
    positive: str, others: list[str], missed: str, mistaken: str
) -> None:
    assert sensitivity_gloss(positive).endswith(f"A low sensitivity {missed}.")
    assert specificity_gloss(positive, others).endswith(f"A low specificity {mistaken}.")


def test_low_specificity_calls_the_healthy_ill() -> None:
    gloss = specificity_gloss("COVID-19", ["normal", "control"])
    assert "share of the other films (normal and control) that are called not COVID-19" in gloss
    assert re.search(r"low specificity calls the healthy ill", gloss)
    assert "sensitivity" not in gloss.lower()
    assert "miss" not in gloss


def with_ties(comparison: Comparison, *, best: tuple[bool, bool]) -> Comparison:
    pairs = [replace(pair, tied=True) for pair in comparison.comparisons]
    pairs[0], pairs[1] = replace(pairs[0], tied=best[0]), replace(pairs[1], tied=best[1])
    return replace(comparison, comparisons=tuple(pairs))


@pytest.mark.parametrize(
    ("best", "words"),
    [
        ((True, True), "tied with both others"),
        ((False, False), "show a difference from {1} and {2}"),
        ((True, False), "tied with {1}; the films show a difference from {2}"),
    ],
)
def test_the_answer_says_who_is_tied(
    best: tuple[bool, bool], words: str, comparison: Comparison
) -> None:
    titles = [result.title for result in comparison.backbones]
    tied = with_ties(comparison, best=best)
    assert words.format(*titles) in standing_text(tied, tied.backbones[0])


def test_a_lone_backbone_is_compared_with_none(comparison: Comparison) -> None:
    lone = replace(comparison, backbones=comparison.backbones[:1], comparisons=())
    assert standing_text(lone, lone.backbones[0]) == "It was the only one compared."


def test_how_films_were_counted_is_said(comparison: Comparison) -> None:
    text = counting_text(comparison)
    assert "mean of its out-of-fold scores over the 5 repeats" in text
    assert "spread over repeats is not sampling uncertainty" in text
    single = counting_text(make_comparison(is_paper=True))
    assert "single split" in single
    assert "repeats" not in single


def test_people_behind_the_films(comparison: Comparison) -> None:
    assert people_text(comparison.cohort, [0, 1, 2]) == "of 2 patients"
    films = tuple(replace(film, patient=None) for film in comparison.cohort.films)
    unnamed = replace(comparison, cohort=replace(comparison.cohort, films=films))
    assert people_text(unnamed.cohort, [0, 1]) == "of an unknown number of patients"
    mixed = (replace(films[0], patient="a"), *films[1:])
    some = replace(comparison, cohort=replace(comparison.cohort, films=mixed))
    assert people_text(some.cohort, [0, 1, 2]) == "of 1 patient, 2 of unknown people"


def test_the_curves_are_explained_as_they_were_made() -> None:
    stopped = curves_text(make_comparison())
    assert "middle 80 %" in stopped
    assert "Heads stop early" in stopped
    assert "the last epoch was kept" not in stopped
    paper = curves_text(make_comparison(is_paper=True))
    assert "middle 80 %" not in paper
    assert "Heads stop early" not in paper
    assert "the last epoch was kept all the same" in paper


def test_many_rivals_are_counted_and_not_named() -> None:
    comparison = make_comparison(backbones=9)
    pairs = tuple(replace(pair, tied=k < 1) for k, pair in enumerate(comparison.comparisons))
    text = standing_text(replace(comparison, comparisons=pairs), comparison.backbones[0])
    assert text.endswith(
        "show a difference from 7 others, after correction for the number of pairs."
    )


def test_the_recipes_input_and_pooling_are_told_in_words(comparison: Comparison) -> None:
    assert method_wording.input_text(comparison) == (
        "the network's own, 224 to 260 px; grey levels as the network was trained on them"
    )
    paper = make_paper_run(titles=["VGG16"])
    assert method_wording.input_text(paper).startswith("224 px for every network")
    assert method_wording.pooling_text(paper.recipe) == "mean over the whole last feature map"
    tutorial = replace(paper, recipe=RECIPES["pyimagesearch"])
    assert "divided by 255, whatever the network was trained on" in method_wording.input_text(
        tutorial
    )
    assert "the top-left 16 of 49 cells" in method_wording.pooling_text(tutorial.recipe)
    own = replace(paper.backbones[0], size_px=512)
    assert "model files of the user's at 512 px" in method_wording.input_text(
        replace(paper, backbones=(*paper.backbones, own))
    )


def test_either_published_recipe_is_cited_as_what_it_is(comparison: Comparison) -> None:
    run = make_paper_run(titles=["VGG16"])
    assert "This run follows its recipe." in render_page(run)
    tutorial = render_page(replace(run, recipe=RECIPES["pyimagesearch"]))
    assert "follows the recipe of the PyImageSearch tutorial" in tutorial
    assert "Validation and test are the same films here, since the recipe was published so" in (
        tutorial
    )

from __future__ import annotations

import itertools
from dataclasses import replace

from make_comparison import make_comparison

from every import every
from hilum.report.comparison import films_shown
from hilum.report.films import (
    EXAMPLES_PER_CLASS,
    MISJUDGED_AT_MOST,
    choose_examples,
    count_misjudged,
    find_misjudged,
)
from hilum.report.sections.duplicates import PAIRS_AT_MOST
from hilum.studies.results import Comparison


def test_examples_are_spread_over_the_class_and_always_the_same(comparison: Comparison) -> None:
    cohort = comparison.cohort
    for label in every(cohort.classes):
        examples = choose_examples(cohort, label)
        assert len(examples) == EXAMPLES_PER_CLASS
        assert {film.label for film in examples} == {label}
        rows = [cohort.films.index(film) for film in examples]
        steps = {b - a for a, b in itertools.pairwise(rows)}
        assert max(steps) - min(steps) <= 1
        assert choose_examples(cohort, label) == examples


def test_a_small_class_shows_all_its_films(comparison: Comparison) -> None:
    cohort = comparison.cohort
    few = tuple(film for film in cohort.films if film.label == cohort.classes[0])[:3]
    assert choose_examples(replace(cohort, films=few), cohort.classes[0]) == few


def test_misjudged_films_stand_surest_error_first_and_are_counted(comparison: Comparison) -> None:
    errors = find_misjudged(comparison)
    assert errors
    assert [e.score for e in errors] == sorted((e.score for e in errors), reverse=True)
    matrix = comparison.backbones[0].evaluation.confusion_matrix
    assert len(errors) == matrix.sum() - matrix.trace()
    for error in errors:
        row = comparison.cohort.films.index(error.film)
        wrong = 0
        for result in comparison.backbones:
            place = result.evaluation.films.tolist().index(row)
            called = comparison.cohort.classes[result.evaluation.y_pred[place]]
            wrong += called != error.film.label
        assert error.misjudged_by == wrong
        assert error.tested_by == len(comparison.backbones)
        assert error.called != error.film.label


def test_films_misjudged_by_any_and_by_all(comparison: Comparison) -> None:
    wrong = []
    for result in comparison.backbones:
        truth = comparison.cohort.y[result.evaluation.films]
        is_wrong = result.evaluation.y_pred != truth
        wrong.append(set(result.evaluation.films[is_wrong].tolist()))
    assert count_misjudged(comparison) == (len(set.union(*wrong)), len(set.intersection(*wrong)))


def test_each_shown_film_stands_once_and_errors_are_capped() -> None:
    comparison = make_comparison(separation=0.4)
    assert len(find_misjudged(comparison)) > MISJUDGED_AT_MOST
    films = films_shown(comparison)
    assert len({film.film_id for film in films}) == len(films)
    assert len(films) <= (
        MISJUDGED_AT_MOST + EXAMPLES_PER_CLASS * len(comparison.cohort.classes) + 2 * PAIRS_AT_MOST
    )
    for error in find_misjudged(comparison)[:MISJUDGED_AT_MOST]:
        assert error.film in films

"""Source and class: Cramér's V against scipy, and the table that people read."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats.contingency import association

from hilum.auditing.metadata import associate_sources, cramers_v, score_by_source, tabulate_sources
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.folds.folds import Split


def cohort(*rows):
    films = tuple(
        Film(f"{n:012x}", Path("x.png"), f"{n:064x}", label, source=source)
        for n, (label, source) in enumerate(rows)
    )
    return Cohort("study", films, tuple(sorted({label for label, _ in rows})))


@given(
    arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=st.integers(1, 30))
)
def test_agrees_with_scipy(counts):
    assert cramers_v(counts) == pytest.approx(association(counts, method="cramer"), abs=1e-9)


@given(st.lists(st.integers(2, 40), min_size=2, max_size=9))
def test_is_exactly_one_where_each_source_holds_one_class(sizes):
    rows = [
        (("sick", "well")[k % 2], f"site {k}") for k, size in enumerate(sizes) for _ in range(size)
    ]
    assert associate_sources(cohort(*rows), "sick") == 1.0


def test_one_film_elsewhere_is_less_than_one():
    assert 0.9 < cramers_v(np.array([[100, 1], [0, 100]])) < 1


def test_is_nothing_where_sources_tell_nothing():
    assert cramers_v(np.array([[5, 10], [10, 20]])) == pytest.approx(0)
    alike = ("sick", "a"), ("well", "a"), ("sick", "b"), ("well", "b")
    assert associate_sources(cohort(*alike), "sick") == pytest.approx(0)


@pytest.mark.parametrize(
    "rows",
    [
        [("sick", "a"), ("well", "a")] * 4,
        [("sick", None), ("well", None)] * 4,
        [("sick", f"article {k}") for k in range(9)] + [("well", f"case {k}") for k in range(9)],
        # two sources that are the class, of a few films only
        [("sick", "a")] * 2 + [("well", "b")] * 2 + [("sick", None), ("well", None)] * 9,
    ],
)
def test_is_not_a_number_where_too_little_is_known(rows):
    assert math.isnan(associate_sources(cohort(*rows), "sick"))


def test_a_source_of_one_patient_takes_no_part():
    """It holds one class only, whatever the truth."""
    made = cohort(*[("sick", "a"), ("sick", "a"), ("well", "b"), ("well", "b")] * 3)
    one_each = tuple(replace(film, patient=film.source) for film in made.films)
    assert math.isnan(associate_sources(replace(made, films=one_each), "sick"))
    assert associate_sources(made, "sick") == 1.0


def test_of_three_classes_the_positive_one_is_set_against_the_others():
    made = cohort(*[("covid", "a"), ("other", "a"), ("well", "b"), ("well", "b")] * 5)
    assert associate_sources(made, "well") == 1.0
    assert 0 < associate_sources(made, "covid") < 1


def test_the_table_counts_what_is_known():
    table = tabulate_sources(
        cohort(("sick", "b"), ("well", "b"), ("well", "b"), ("well", "a"), ("sick", None))
    )
    assert table.sources == ("b", "a")
    assert table.counts.tolist() == [[1, 2], [0, 1]]
    assert table.n_unknown == 1


def test_scores_are_smoothed_shares_among_the_other_films():
    sources = ["a", "a", "a", "b", None, "a", "c", None]
    y = np.array([0, 0, 1, 1, 1, 1, 0, 0])
    split = Split(0, 0, train=np.arange(3), validation=np.arange(3, 5), test=np.arange(5, 8))
    scores = score_by_source(sources, y, [split], n_classes=2)
    prior = 3 / 5
    np.testing.assert_allclose(scores[0, 5:, 1], [(1 + prior) / 4, prior, (1 + prior) / 2])
    np.testing.assert_allclose(scores[0, 5:].sum(axis=1), 1)
    assert np.isnan(scores[0, :5]).all()


def test_scores_do_not_look_at_films_that_validate_and_are_tested():
    y = np.array([0, 1, 0, 1])
    split = Split(0, 0, train=np.arange(2), validation=np.arange(2, 4), test=np.arange(2, 4))
    scores = score_by_source(["a", "b", "b", "a"], y, [split], n_classes=2)
    np.testing.assert_allclose(scores[0, 2:, 1], [0.75, 0.25])

"""Films that must stay together, against plain search through the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.folds.groups import conflicting_labels, group_films, join_by_keys

KEYS = st.none() | st.integers(0, 8)


def cohort_of(*rows):
    """A cohort of (content, label, patient)."""
    films = tuple(
        Film(f"film{i}", Path(f"{i}.png"), sha256, label, patient)
        for i, (sha256, label, patient) in enumerate(rows)
    )
    return Cohort("test", films, tuple(sorted({film.label for film in films})))


def test_joins_patients_and_copies_and_their_friends():
    cohort = cohort_of(
        ("a", "Normal", "p1"),
        ("b", "Normal", None),
        ("c", "Normal", "p2"),
        ("d", "Normal", "p1"),
        ("d", "Normal", "p2"),
        ("e", "Normal", None),
    )
    np.testing.assert_array_equal(group_films(cohort), [0, 1, 0, 0, 0, 2])


def test_unknown_patients_are_strangers():
    cohort = cohort_of(*((content, "Normal", None) for content in "abcd"))
    np.testing.assert_array_equal(group_films(cohort), [0, 1, 2, 3])


def test_a_patient_named_like_a_file_is_not_that_file():
    cohort = cohort_of(("a", "Normal", "b"), ("b", "Normal", "a"))
    np.testing.assert_array_equal(group_films(cohort), [0, 1])


@given(st.lists(st.tuples(KEYS, KEYS, KEYS), max_size=40))
def test_agrees_with_search_through_the_graph(rows):
    groups = join_by_keys(*(zip(*rows, strict=True) if rows else ([],)))
    reached_from: list[set[int]] = []
    for start in range(len(rows)):
        reached, front = {start}, [start]
        while front:
            film = front.pop()
            for other, keys in enumerate(rows):
                shares = any(
                    a is not None and a == b for a, b in zip(keys, rows[film], strict=True)
                )
                if shares and other not in reached:
                    reached.add(other)
                    front.append(other)
        reached_from.append(reached)
    for film, reached in enumerate(reached_from):
        assert set(np.flatnonzero(groups == groups[film])) == reached


@given(st.lists(st.tuples(KEYS, KEYS), max_size=40))
def test_groups_are_numbered_as_they_appear(rows):
    groups = join_by_keys(*(zip(*rows, strict=True) if rows else ([],)))
    assert groups.dtype == np.int64
    assert list(dict.fromkeys(groups)) == list(range(len(set(groups))))


def test_fourteen_thousand_films_of_one_chain_are_one_group():
    links = [i // 2 for i in range(14_000)]
    other_links = [(i + 1) // 2 for i in range(14_000)]
    assert set(join_by_keys(links, other_links)) == {0}


@pytest.mark.parametrize("columns", [(), ([1, 2], [1])])
def test_columns_must_cover_the_same_films(columns):
    with pytest.raises(ValueError, match="one key per film"):
        join_by_keys(*columns)


def test_one_content_under_two_labels_is_a_conflict():
    cohort = cohort_of(
        ("a", "Normal", None),
        ("b", "Opacity", None),
        ("a", "Opacity", None),
        ("b", "Opacity", None),
        ("c", "Normal", None),
        ("a", "Normal", None),
    )
    found = [tuple(film.film_id for film in films) for films in conflicting_labels(cohort)]
    assert found == [("film0", "film2", "film5")]


def test_a_sound_cohort_has_no_conflicts():
    assert conflicting_labels(cohort_of(("a", "Normal", None), ("b", "Opacity", None))) == []

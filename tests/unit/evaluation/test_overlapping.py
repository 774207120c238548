"""Overlapping test films: known intervals, exact parts, and coverage that holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilum.evaluation.comparison import mcnemar_test
from hilum.evaluation.overlap import FilmCalls, bound_difference, compare_overlapping


def film_calls(films: list[int], is_right: list[int]) -> FilmCalls:
    return FilmCalls(np.array(films), np.array(is_right, dtype=bool))


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_separate_films_give_newcombes_published_intervals(a, b, low, high) -> None:
    interval = bound_difference(a, b)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("both", "only_b", "only_a", "neither", "low", "high"),
    [(36, 12, 2, 0, 0.0569, 0.3404), (0, 0, 0, 50, -0.0714, 0.0714)],
)
def test_the_same_films_give_newcombes_paired_intervals(
    both: int, only_b: int, only_a: int, neither: int, low: float, high: float
) -> None:
    is_right_b = np.repeat([True, True, False, False], [both, only_b, only_a, neither])
    is_right_a = np.repeat([True, False, True, False], [both, only_b, only_a, neither])
    films = np.arange(len(is_right_a))
    found = compare_overlapping(FilmCalls(films, is_right_a), FilmCalls(films, is_right_b), films)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


def test_the_same_calls_still_leave_room() -> None:
    films = np.arange(160)
    calls = FilmCalls(films, films >= 9)
    found = compare_overlapping(calls, calls, films)
    assert found.low < -0.005
    assert found.high > 0.005


def test_perfect_figures_still_leave_room() -> None:
    interval = bound_difference((32, 32), (160, 160))
    assert interval.low < -0.02
    assert interval.high > 0.1


def test_the_parts_add_up_and_the_shared_films_speak_for_the_calls() -> None:
    groups = np.arange(10)
    found = compare_overlapping(
        film_calls([1, 4, 6, 8], [1, 1, 1, 0]),
        film_calls(list(range(10)), [0, 1, 1, 1, 0, 1, 1, 0, 1, 0]),
        groups,
    )
    assert (found.right_a, found.tested_a, found.right_b, found.tested_b) == (3, 4, 6, 10)
    assert (found.shared, found.only_a, found.only_b) == (4, 1, 1)
    assert found.difference == pytest.approx(6 / 10 - 3 / 4)
    assert found.calls == 0
    assert found.draw == pytest.approx(found.difference)
    assert found.mcnemar_p == 1.0


def test_no_shared_film_leaves_all_to_the_draw() -> None:
    found = compare_overlapping(
        film_calls([0, 1], [1, 0]), film_calls([2, 3], [1, 1]), np.arange(4)
    )
    assert (found.shared, found.calls, found.draw, found.mcnemar_p) == (0, 0.0, 0.5, 1.0)


@given(
    calls=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=2, max_size=40)
)
def test_properties(calls: list[tuple[bool, bool, bool]]) -> None:
    is_in_a = np.array([call[0] for call in calls])
    is_in_a[0] = True
    right_a, right_b = (np.array([call[k] for call in calls]) for k in (1, 2))
    films = np.arange(len(calls))
    a = FilmCalls(films[is_in_a], right_a[is_in_a])
    b = FilmCalls(films, right_b)
    forth, back = compare_overlapping(a, b, films), compare_overlapping(b, a, films)
    assert -1 <= forth.low < forth.high <= 1
    assert forth.low <= forth.difference <= forth.high
    assert forth.calls + forth.draw == pytest.approx(forth.difference)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low))
    assert forth.mcnemar_p == mcnemar_test(right_a[is_in_a], right_b[is_in_a], films[is_in_a])


@pytest.mark.parametrize("n_shared", [0, 16, 32])
def test_the_interval_covers_about_as_often_as_it_says(n_shared: int) -> None:
    rng = np.random.default_rng(1)
    p_a, p_b, n_a, n_b = 0.94, 0.88, 32, 120
    hits, n_trials = 0, 600
    for _ in range(n_trials):
        # A film's difficulty is common to both: calls agree far more often than by chance.
        difficulty = rng.random(n_a + n_b - n_shared)
        a = FilmCalls(np.arange(n_a), difficulty[:n_a] < p_a)
        b = FilmCalls(
            np.arange(n_a - n_shared, len(difficulty)), difficulty[n_a - n_shared :] < p_b
        )
        found = compare_overlapping(a, b, np.arange(len(difficulty)))
        hits += found.low <= p_b - p_a <= found.high
    assert hits / n_trials > 0.93

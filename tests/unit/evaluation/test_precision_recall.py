"""Average precision, against scikit-learn and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from hilum.errors import NoTrialsError
from hilum.evaluation.discrimination import (
    resampled_average_precision,
    weighted_average_precision_scores,
)

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def ranked_films(draw):
    """Films of both sides, with many tied scores."""
    rest = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=40))
    both = [(True, draw(st.integers(0, 12))), (False, draw(st.integers(0, 12)))]
    is_positive, ranks = zip(*draw(st.permutations(both + rest)), strict=True)
    return np.array(is_positive), np.array(ranks) / 16


def once(films):
    return np.ones((len(films[0]), 1))


@given(ranked_films())
def test_agrees_with_scikit_learn(films):
    (ours,) = weighted_average_precision_scores(*films, once(films))
    assert ours == pytest.approx(average_precision_score(*films), abs=1e-12)


@given(ranked_films(), SEEDS)
def test_weighted_agrees_with_scikit_learn(films, seed):
    is_positive, y_score = films
    weights = np.random.default_rng(seed).integers(0, 4, size=(len(y_score), 5)).astype(float)
    ours = weighted_average_precision_scores(is_positive, y_score, weights)
    for precision, weight in zip(ours, weights.T, strict=True):
        if weight[is_positive].any():
            theirs = average_precision_score(is_positive, y_score, sample_weight=weight)
            assert precision == pytest.approx(theirs, abs=1e-12)
        else:
            assert np.isnan(precision)


def test_a_worked_example():
    # Passed from the top: ill, well, ill, well. Precision at the ill: 1 of 1, 2 of 3.
    is_positive = np.array([True, False, True, False])
    y_score = np.array([0.9, 0.8, 0.7, 0.1])
    (precision,) = weighted_average_precision_scores(is_positive, y_score, np.ones((4, 1)))
    assert precision == pytest.approx((1 + 2 / 3) / 2)


@given(ranked_films())
def test_a_resample_that_holds_each_film_once_is_the_cohort(films):
    (plain,) = weighted_average_precision_scores(*films, once(films))
    (resampled,) = resampled_average_precision(*films, once(films))
    assert resampled == pytest.approx(plain)


def test_films_drawn_twice_are_passed_one_after_the_other():
    # One film that knows nothing above both copies of the ill one: 1 of 2, then 2 of 3.
    is_positive = np.array([True, False, True, False])
    y_score = np.array([0.5, 0.9, 0.1, 0.05])
    weights = np.array([[2.0], [1.0], [0.0], [1.0]])
    (precision,) = resampled_average_precision(is_positive, y_score, weights)
    # Two copies share the precision half-way through them: 1.5 of 2.5.
    assert precision == pytest.approx(1.5 / 2.5)
    (tied,) = weighted_average_precision_scores(is_positive, y_score, weights)
    assert precision < tied == pytest.approx(2 / 3)


@given(ranked_films(), st.integers(2, 5))
def test_resamples_keep_the_share_of_positive_films(films, times):
    """Other films drawn more often do not make the positive ones rarer."""
    is_positive, y_score = films
    weights = np.where(is_positive, 1.0, times)[:, np.newaxis]
    (plain,) = weighted_average_precision_scores(*films, once(films))
    assert resampled_average_precision(is_positive, y_score, weights)[0] == pytest.approx(plain)


def test_a_resample_without_one_of_the_sides_has_no_figure():
    is_positive = np.array([True, False])
    weights = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    figures = resampled_average_precision(is_positive, np.array([0.9, 0.1]), weights)
    np.testing.assert_array_equal(np.isnan(figures), [True, True, False])


@pytest.mark.parametrize("side", [True, False])
def test_one_side_alone_is_refused(side):
    with pytest.raises(NoTrialsError, match="sets positive films against others"):
        weighted_average_precision_scores(
            np.array([side, side]), np.array([0.1, 0.2]), np.ones((2, 1))
        )


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        weighted_average_precision_scores(
            np.array([True, False]), np.array([0.1, np.nan]), np.ones((2, 1))
        )

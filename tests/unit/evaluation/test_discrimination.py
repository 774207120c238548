"""AUROC and its curve, against scikit-learn and by their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from hilum.errors import NoTrialsError
from hilum.evaluation.discrimination import (
    auroc_score,
    place_positives,
    trace_roc,
    weighted_auroc_scores,
)


@st.composite
def ranked_films(draw):
    """Films of both sides, with many tied scores."""
    rest = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=40))
    both = [(True, draw(st.integers(0, 12))), (False, draw(st.integers(0, 12)))]
    is_positive, ranks = zip(*draw(st.permutations(both + rest)), strict=True)
    return np.array(is_positive), np.array(ranks) / 16


@given(ranked_films())
def test_auroc_agrees_with_scikit_learn(films):
    assert auroc_score(*films) == pytest.approx(roc_auc_score(*films), abs=1e-12)


@given(ranked_films())
def test_auroc_sees_only_the_order_of_scores(films):
    is_positive, y_score = films
    assert auroc_score(is_positive, np.exp(5 * y_score) - 3) == auroc_score(is_positive, y_score)


@given(ranked_films())
def test_auroc_of_the_other_side_or_the_turned_score_is_the_rest_to_one(films):
    is_positive, y_score = films
    auroc = auroc_score(is_positive, y_score)
    assert auroc_score(~is_positive, y_score) == pytest.approx(1 - auroc)
    assert auroc_score(is_positive, -y_score) == pytest.approx(1 - auroc)


def test_a_constant_score_is_worth_a_coin():
    assert auroc_score(np.array([True, False, False]), np.full(3, 0.7)) == 0.5


def test_placement_is_the_share_of_other_films_outranked():
    is_positive = np.array([True, False, True, False])
    placements = place_positives(is_positive, np.array([0.9, 0.2, 0.2, 0.4]))
    np.testing.assert_array_equal(placements, [1, 0.25])


@given(ranked_films(), st.integers(0, 2**32 - 1))
def test_weighted_auroc_agrees_with_scikit_learn(films, seed):
    is_positive, y_score = films
    weights = np.random.default_rng(seed).integers(0, 4, size=(len(y_score), 5)).astype(float)
    ours = weighted_auroc_scores(is_positive, y_score, weights)
    for auroc, weight in zip(ours, weights.T, strict=True):
        if weight[is_positive].any() and weight[~is_positive].any():
            theirs = roc_auc_score(is_positive, y_score, sample_weight=weight)
            assert auroc == pytest.approx(theirs, abs=1e-12)
        else:
            assert np.isnan(auroc)


@given(ranked_films(), st.integers(0, 2**32 - 1))
def test_a_film_of_weight_three_counts_as_three_films(films, seed):
    is_positive, y_score = films
    times = np.random.default_rng(seed).integers(1, 4, size=len(y_score))
    (weighted,) = weighted_auroc_scores(is_positive, y_score, times[:, np.newaxis].astype(float))
    repeated = auroc_score(np.repeat(is_positive, times), np.repeat(y_score, times))
    assert weighted == pytest.approx(repeated)


@given(ranked_films())
def test_curve_is_that_of_scikit_learn_less_its_straight_runs(films):
    curve = trace_roc(*films)
    false_positive_rate, true_positive_rate, _ = roc_curve(*films, drop_intermediate=False)
    theirs = set(zip(false_positive_rate, true_positive_rate, strict=True))
    ours = list(zip(curve.false_positive_rate, curve.true_positive_rate, strict=True))
    assert set(ours) <= theirs
    assert (ours[0], ours[-1]) == ((0, 0), (1, 1))
    assert np.trapezoid(curve.true_positive_rate, curve.false_positive_rate) == pytest.approx(
        auroc_score(*films)
    )
    assert all(np.diff(curve.false_positive_rate) >= 0)
    assert all(np.diff(curve.true_positive_rate) >= 0)


def test_curve_of_a_perfect_score_has_three_points():
    curve = trace_roc(np.array([True] * 50 + [False] * 50), np.linspace(1, 0, 100))
    np.testing.assert_array_equal(curve.false_positive_rate, [0, 0, 1])
    np.testing.assert_array_equal(curve.true_positive_rate, [0, 1, 1])


@pytest.mark.parametrize("measure", [auroc_score, trace_roc])
@pytest.mark.parametrize("side", [True, False])
def test_one_side_alone_cannot_be_ranked(measure, side):
    with pytest.raises(NoTrialsError, match="compares positive films with others"):
        measure(np.array([side, side]), np.array([0.1, 0.2]))


@pytest.mark.parametrize("measure", [auroc_score, trace_roc])
def test_a_score_that_is_no_number_is_refused(measure):
    with pytest.raises(ValueError, match="finite"):
        measure(np.array([True, False]), np.array([0.1, np.nan]))

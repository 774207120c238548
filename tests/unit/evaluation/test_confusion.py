"""Counts of films by truth and call, against scikit-learn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from hilum.evaluation.metrics import count_confusion, count_matrix
from hilum.evaluation.results import Confusion

CALLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


def test_a_missed_patient_is_a_false_negative():
    y_true, y_pred = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1])
    assert count_confusion(y_true, y_pred, positive=1) == Confusion(tp=2, fn=1, tn=1, fp=1)
    assert count_confusion(y_true, y_pred, positive=0) == Confusion(tp=1, fn=1, tn=2, fp=1)


@given(CALLS)
def test_matrix_agrees_with_scikit_learn(calls):
    y_true, y_pred = np.array(calls).T
    matrix = count_matrix(y_true, y_pred, n_classes=4)
    np.testing.assert_array_equal(matrix, confusion_matrix(y_true, y_pred, labels=range(4)))


@given(CALLS, st.integers(0, 3))
def test_counts_are_the_matrix_folded_around_the_positive_class(calls, positive):
    y_true, y_pred = np.array(calls).T
    matrix = count_matrix(y_true, y_pred, n_classes=4)
    counts = count_confusion(y_true, y_pred, positive=positive)
    assert counts.tp == matrix[positive, positive]
    assert counts.fn == matrix[positive].sum() - counts.tp
    assert counts.fp == matrix[:, positive].sum() - counts.tp
    assert counts.tp + counts.fn + counts.tn + counts.fp == len(calls)

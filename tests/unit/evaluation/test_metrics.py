"""What each metric means, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    multilabel_confusion_matrix,
    recall_score,
    roc_auc_score,
)

from every import every
from hilum.errors import NoTrialsError
from hilum.evaluation.metrics import measure, weighted_metrics
from hilum.evaluation.scored_films import ScoredFilms

SEEDS = st.integers(0, 2**32 - 1)


def scored_films(seed: int, n_classes: int, n_films: int = 40):
    rng = np.random.default_rng(seed)
    y_true = rng.permutation(np.arange(n_films) % n_classes)
    scores = rng.random((n_films, n_classes)).round(2) + 0.01
    scores[np.arange(n_films), y_true] += 0.3
    return y_true, scores / scores.sum(axis=1, keepdims=True)


def films_of(y_true, scores, positive=1):
    films = np.arange(len(y_true))
    return ScoredFilms(films, y_true, scores, films, positive)


@given(SEEDS, st.integers(2, 5))
def test_agrees_with_scikit_learn(seed, n_classes):
    y_true, scores = scored_films(seed, n_classes)
    y_pred = scores.argmax(axis=1)
    ours = measure(films_of(y_true, scores))
    assert ours["accuracy"] == pytest.approx(accuracy_score(y_true, y_pred))
    is_positive, is_called = y_true == 1, y_pred == 1
    assert ours["sensitivity"] == pytest.approx(recall_score(is_positive, is_called))
    assert ours["specificity"] == pytest.approx(recall_score(~is_positive, ~is_called))
    assert ours["auroc"] == pytest.approx(roc_auc_score(is_positive, scores[:, 1]))
    average_precision = average_precision_score(is_positive, scores[:, 1])
    assert ours["average_precision"] == pytest.approx(average_precision, abs=1e-12)


@given(SEEDS, st.integers(3, 5))
def test_averages_over_classes_agree_with_scikit_learn(seed, n_classes):
    y_true, scores = scored_films(seed, n_classes)
    y_pred = scores.argmax(axis=1)
    ours = measure(films_of(y_true, scores, positive=0))
    assert ours["macro_sensitivity"] == pytest.approx(balanced_accuracy_score(y_true, y_pred))
    one_against_rest = multilabel_confusion_matrix(y_true, y_pred)
    others_let_go, false_alarms = one_against_rest[:, 0, 0], one_against_rest[:, 0, 1]
    specificity = np.mean(others_let_go / (others_let_go + false_alarms))
    assert ours["macro_specificity"] == pytest.approx(specificity)
    auroc = roc_auc_score(y_true, scores, multi_class="ovr", average="macro")
    assert ours["macro_auroc"] == pytest.approx(auroc)


def test_two_classes_have_no_averages():
    y_true, scores = scored_films(0, 2)
    assert list(measure(films_of(y_true, scores))) == [
        "accuracy",
        "sensitivity",
        "specificity",
        "auroc",
        "average_precision",
    ]


def test_a_low_sensitivity_is_ill_people_missed():
    # Of four ill people one is found; all four healthy ones are let go.
    y_true = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    p_ill = np.array([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    metrics = measure(films_of(y_true, np.stack([1 - p_ill, p_ill], axis=1)))
    assert (metrics["sensitivity"], metrics["specificity"]) == (0.25, 1)


def test_calling_one_wrong_class_for_another_leaves_sensitivity_alone():
    y_true = np.array([0, 1, 2])
    scores = np.eye(3)[[0, 2, 1]]
    metrics = measure(films_of(y_true, scores, positive=0))
    assert (metrics["sensitivity"], metrics["specificity"]) == (1, 1)
    assert metrics["accuracy"] == pytest.approx(1 / 3)


@given(SEEDS, st.integers(2, 4))
def test_weights_stand_for_repeated_films(seed, n_classes):
    y_true, scores = scored_films(seed, n_classes)
    times = np.random.default_rng(seed).integers(1, 4, size=(len(y_true), 3))
    weighted = weighted_metrics(films_of(y_true, scores), times.astype(float))
    for column in every(range(3)):
        rows = np.repeat(np.arange(len(y_true)), times[:, column])
        for name, value in measure(films_of(y_true[rows], scores[rows])).items():
            assert weighted[name][column] == pytest.approx(value)


def test_a_class_without_films_is_refused():
    with pytest.raises(NoTrialsError):
        measure(films_of(np.array([0, 1]), np.full((2, 3), 1 / 3), positive=0))

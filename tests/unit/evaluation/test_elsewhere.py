"""Films from elsewhere get the study's own figures, as far as their classes go."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.evaluation.external import external_metrics
from hilum.evaluation.metrics import evaluate
from hilum.evaluation.scored_films import ScoredFilms
from hilum.folds.folds import Split
from scored import score_heads

N_FILMS = 90
ALL_FIVE = {"accuracy", "sensitivity", "specificity", "auroc", "average_precision"}


def draw(n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n_classes)
    y = np.arange(N_FILMS) % n_classes
    logits = rng.normal(size=(N_FILMS, n_classes)) + 1.2 * np.eye(n_classes)[y]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y, scores, np.arange(N_FILMS) // (2 * n_classes)


def measure(y: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> dict:
    films = ScoredFilms(np.arange(len(y)), y, scores, groups, positive=0)
    return external_metrics(films, rng=np.random.default_rng(3))


def test_where_both_classes_are_it_is_the_evaluation_of_the_study() -> None:
    y, scores, groups = draw(2)
    everyone = np.arange(N_FILMS)
    split = Split(0, 0, train=everyone[:0], validation=everyone[:0], test=everyone)
    heads = score_heads(scores[np.newaxis], y, [split], groups, positive=0)
    study = evaluate(heads, rng=np.random.default_rng(3))
    there = measure(y, scores, groups)
    assert there.keys() == study.metrics.keys() == ALL_FIVE
    for name, estimate in there.items():
        expected = study.metrics[name]
        assert (estimate.value, estimate.low, estimate.high, estimate.method) == pytest.approx(
            (expected.value, expected.low, expected.high, expected.method)
        )


def test_calls_go_among_all_classes_though_films_are_of_some() -> None:
    y, scores, groups = draw(3)
    some = y != 2
    there = measure(y[some], scores[some], groups[some])
    y_pred = scores[some].argmax(axis=1)
    assert set(y_pred) == {0, 1, 2}
    assert there.keys() == ALL_FIVE
    assert there["accuracy"].value == pytest.approx(np.mean(y_pred == y[some]))
    assert there["specificity"].value == pytest.approx(np.mean(y_pred[y[some] == 1] != 0))


@pytest.mark.parametrize(("label", "side"), [(0, "sensitivity"), (1, "specificity")])
def test_films_of_one_side_tell_of_that_side_alone(label: int, side: str) -> None:
    y, scores, groups = draw(2)
    there = measure(y[y == label], scores[y == label], groups[y == label])
    assert there.keys() == {side}
    assert there[side].low < there[side].value < there[side].high


def test_no_film_is_no_figure() -> None:
    y, scores, groups = draw(2)
    assert measure(y[:0], scores[:0], groups[:0]) == {}

"""One backbone's figures, at home and on external films, against scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import multivariate_normal, norm
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    multilabel_confusion_matrix,
    recall_score,
    roc_auc_score,
)

from every import every
from hilum.errors import NoTrialsError
from hilum.evaluation.metrics import (
    count_confusion,
    count_matrix,
    evaluate,
    external_metrics,
    inflation_of_calls,
    measure,
    weighted_metrics,
)
from hilum.evaluation.proportions import clopper_pearson, wilson
from hilum.evaluation.results import Confusion
from hilum.evaluation.scored_films import ScoredFilms
from hilum.folds.folds import Split, repeated_folds, single_split
from scored import score_heads

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


CALLS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


def test_a_missed_patient_is_a_false_negative():
    y_true, y_pred = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1])
    assert count_confusion(y_true == 1, y_pred == 1) == Confusion(tp=2, fn=1, tn=1, fp=1)
    assert count_confusion(y_true == 0, y_pred == 0) == Confusion(tp=1, fn=1, tn=2, fp=1)


@given(CALLS)
def test_matrix_agrees_with_scikit_learn(calls):
    y_true, y_pred = np.array(calls).T
    matrix = count_matrix(y_true, y_pred, n_classes=4)
    np.testing.assert_array_equal(matrix, confusion_matrix(y_true, y_pred, labels=range(4)))


@given(CALLS, st.integers(0, 3))
def test_counts_are_the_matrix_folded_around_the_positive_class(calls, positive):
    y_true, y_pred = np.array(calls).T
    matrix = count_matrix(y_true, y_pred, n_classes=4)
    counts = count_confusion(y_true == positive, y_pred == positive)
    assert counts.tp == matrix[positive, positive]
    assert counts.fn == matrix[positive].sum() - counts.tp
    assert counts.fp == matrix[:, positive].sum() - counts.tp
    assert counts.tp + counts.fn + counts.tn + counts.fp == len(calls)


def study(seed=0, n_films=60, n_classes=2, signal=1.0, films_per_group=1):
    """Scores of heads that know something, on folds as a study draws them."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n_films) // films_per_group
    y_true = groups % n_classes
    folds = repeated_folds(y_true, groups, n_folds=3, n_repeats=2, seed=seed)
    logits = rng.normal(size=(len(folds.splits), n_films, n_classes))
    logits[:, np.arange(n_films), y_true] += signal
    scores = np.exp(logits)
    return scores / scores.sum(axis=2, keepdims=True), y_true, folds


def evaluated(scores, y_true, folds, n_bootstraps=200, seed=0):
    heads = score_heads(scores, y_true, folds.splits, folds.groups)
    return evaluate(heads, rng=np.random.default_rng(seed), n_bootstraps=n_bootstraps)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**16), n_classes=st.integers(2, 3))
def test_figures_agree_with_scikit_learn_on_averaged_scores(seed, n_classes):
    scores, y_true, folds = study(seed, n_classes=n_classes)
    averaged = np.zeros((60, n_classes))
    for head, split in enumerate(folds.splits):
        averaged[split.test] += scores[head, split.test] / 2
    evaluation = evaluated(scores, y_true, folds, n_bootstraps=20)
    y_pred = averaged.argmax(axis=1)
    np.testing.assert_array_equal(evaluation.films, np.arange(60))
    np.testing.assert_array_equal(evaluation.y_pred, y_pred)
    np.testing.assert_array_equal(evaluation.confusion_matrix, confusion_matrix(y_true, y_pred))
    metrics = evaluation.metrics
    assert metrics["accuracy"].value == pytest.approx(accuracy_score(y_true, y_pred))
    assert metrics["auroc"].value == pytest.approx(roc_auc_score(y_true == 1, averaged[:, 1]))
    counts = evaluation.confusion
    assert metrics["sensitivity"].value == counts.tp / (counts.tp + counts.fn)
    assert metrics["specificity"].value == counts.tn / (counts.tn + counts.fp)


def test_repeats_are_measured_one_by_one():
    scores, y_true, folds = study(n_films=90)
    accuracies = []
    for repeat in range(2):
        is_right = [
            scores[head, split.test].argmax(axis=1) == y_true[split.test]
            for head, split in enumerate(folds.splits)
            if split.repeat == repeat
        ]
        accuracies.append(np.concatenate(is_right).mean())
    spread = evaluated(scores, y_true, folds).repeats["accuracy"]
    assert spread.mean == pytest.approx(np.mean(accuracies))
    assert spread.sd == pytest.approx(np.std(accuracies, ddof=1))


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**16))
def test_scores_of_films_that_a_head_saw_change_nothing(seed):
    scores, y_true, folds = study(seed)
    spoilt = np.full_like(scores, np.nan)
    for head, split in enumerate(folds.splits):
        spoilt[head, split.test] = scores[head, split.test]
    honest, guarded = evaluated(scores, y_true, folds), evaluated(spoilt, y_true, folds)
    assert guarded.metrics == honest.metrics
    assert guarded.repeats == honest.repeats
    np.testing.assert_array_equal(guarded.scores, honest.scores)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**16),
    n_classes=st.integers(2, 3),
    signal=st.sampled_from([0, 1, 3, 50]),
    films_per_group=st.integers(1, 3),
)
def test_every_interval_holds_its_value_and_has_width(seed, n_classes, signal, films_per_group):
    evaluation = evaluated(*study(seed, 63, n_classes, signal, films_per_group), n_bootstraps=50)
    for estimate in evaluation.metrics.values():
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.high - estimate.low > 0
    assert evaluation.repeats.keys() == evaluation.metrics.keys()


def test_more_than_two_classes_bring_averages():
    two, three = evaluated(*study()), evaluated(*study(n_classes=3))
    single = ["accuracy", "sensitivity", "specificity", "auroc", "average_precision"]
    assert list(two.metrics) == single
    averages = ["macro_sensitivity", "macro_specificity", "macro_auroc"]
    assert list(three.metrics) == [*two.metrics, *averages]
    assert three.confusion_matrix.shape == (3, 3)


def test_methods_are_told_in_words():
    evaluation = evaluated(*study())
    metrics = evaluation.metrics
    assert metrics["accuracy"].method.startswith("Clopper-Pearson, 60 films; variance x 1.")
    # All were called rightly in every repeat: nothing there hangs on the draw of the heads.
    assert metrics["sensitivity"].method == "Clopper-Pearson, 30 films"
    bootstrap = "bootstrap over 60 groups, 200 resamples, score interval"
    widened = f"; variance x {evaluation.inflation:.2f} for heads trained on folds"
    assert metrics["auroc"].method == f"{bootstrap}{widened}"
    share = "at this share of positive films"
    assert metrics["average_precision"].method == f"{bootstrap}, {share}{widened}"
    right = round(metrics["accuracy"].value * 60)
    assert metrics["accuracy"].also["heads_as_given"] == clopper_pearson(right, 60)
    is_right = np.arange(60) < right
    trials = 60 / inflation_of_calls(is_right, np.ones(60, dtype=bool), evaluation.inflation)
    exact = clopper_pearson(right / 60 * trials, trials)
    assert (metrics["accuracy"].low, metrics["accuracy"].high) == pytest.approx(
        (exact.low, exact.high)
    )


def test_other_intervals_stand_beside_the_first():
    metrics = evaluated(*study()).metrics
    accuracy = metrics["accuracy"]
    assert accuracy.also.keys() == {"wilson", "heads_as_given"}
    given = wilson(round(accuracy.value * 60), 60)
    assert accuracy.also["wilson"].low < given.low < given.high < accuracy.also["wilson"].high
    assert metrics["auroc"].also.keys() == {"delong", "heads_as_given"}
    assert metrics["average_precision"].also.keys() == {"heads_as_given"}
    delong = metrics["auroc"].also["delong"]
    assert (delong.low, delong.high) == pytest.approx(
        (metrics["auroc"].low, metrics["auroc"].high), abs=0.03
    )


def test_films_of_one_group_are_told_and_what_ignoring_them_would_claim():
    metrics = evaluated(*study(films_per_group=2)).metrics
    for name in ("accuracy", "sensitivity", "specificity"):
        estimate = metrics[name]
        assert "for clustered data" in estimate.method
        n_films = 60 if name == "accuracy" else 30
        assert f"{n_films} films of {n_films // 2} groups" in estimate.method
        assert estimate.also.keys() == {"wilson", "films_as_independent", "heads_as_given"}
        exact = clopper_pearson(round(estimate.value * n_films), n_films)
        alone = estimate.also["films_as_independent"]
        # Films apart, folds are allowed for as before.
        assert alone.low < exact.low < exact.high < alone.high
    assert metrics["auroc"].method.startswith("bootstrap over 30 groups")
    others = {"films_as_independent", "heads_as_given"}
    assert metrics["auroc"].also.keys() == {"delong", *others}
    assert metrics["average_precision"].also.keys() == others


def test_alike_films_look_surer_when_they_are_taken_as_independent():
    scores, y_true, folds = study(n_films=120, films_per_group=6)
    alike = scores[:, np.arange(120) // 6 * 6]
    metrics = evaluated(alike, y_true, folds, 500).metrics
    for name in ("accuracy", "sensitivity", "specificity", "auroc", "average_precision"):
        naive = metrics[name].also["films_as_independent"]
        assert metrics[name].high - metrics[name].low > 1.4 * (naive.high - naive.low)


def test_a_perfect_ranking_is_not_certain():
    scores, y_true, folds = study(signal=50)
    metrics = evaluated(scores, y_true, folds).metrics
    for name in ("auroc", "average_precision"):
        assert (metrics[name].value, metrics[name].high) == (1, 1)
        assert 0.9 < metrics[name].low < 0.96


def test_a_constant_score_is_not_certain_either():
    scores, y_true, folds = study()
    estimate = evaluated(np.full_like(scores, 0.5), y_true, folds).metrics["auroc"]
    assert estimate.value == 0.5
    assert estimate.low < 0.4
    assert estimate.high > 0.6


def test_alike_films_of_one_patient_widen_the_interval():
    scores, y_true, folds = study(n_films=120, films_per_group=6)
    alike = scores[:, np.arange(120) // 6 * 6]
    by_patient = evaluated(alike, y_true, folds, 1000).metrics["auroc"]
    by_film = evaluated(alike, y_true, replace(folds, groups=np.arange(120)), 1000).metrics["auroc"]
    assert by_patient.value == by_film.value
    assert by_patient.high - by_patient.low > 1.5 * (by_film.high - by_film.low)


def test_a_single_split_counts_its_test_films_and_has_no_spread():
    y_true = np.repeat([0, 1], [90, 70])
    folds = single_split(y_true)
    p_ill = np.random.default_rng(0).random((1, 160)) * 0.5 + 0.4 * y_true
    evaluation = evaluated(np.stack([1 - p_ill, p_ill], axis=2), y_true, folds)
    np.testing.assert_array_equal(evaluation.films, folds.splits[0].test)
    assert evaluation.metrics["sensitivity"].method == "Clopper-Pearson, 14 films"
    assert all(np.isnan(spread.sd) for spread in evaluation.repeats.values())


def test_the_same_generator_gives_the_same_figures():
    arguments = study(seed=4)
    assert evaluated(*arguments).metrics == evaluated(*arguments).metrics
    assert evaluated(*arguments).metrics != evaluated(*arguments, seed=1).metrics


def test_a_class_that_was_not_tested_is_refused():
    none = np.array([], dtype=np.int64)
    split = Split(repeat=0, fold=0, train=none, validation=none, test=np.array([0, 1]))
    heads = score_heads(np.full((1, 4, 2), 0.5), np.array([0, 0, 1, 1]), [split])
    with pytest.raises(NoTrialsError):
        evaluate(heads, rng=np.random.default_rng(0))


N_FILMS = 90
ALL_FIVE = {"accuracy", "sensitivity", "specificity", "auroc", "average_precision"}


def draw(n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n_classes)
    y = np.arange(N_FILMS) % n_classes
    logits = rng.normal(size=(N_FILMS, n_classes)) + 1.2 * np.eye(n_classes)[y]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y, scores, np.arange(N_FILMS) // (2 * n_classes)


def measure_externally(y: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> dict:
    films = ScoredFilms(np.arange(len(y)), y, scores, groups, positive=0)
    return external_metrics(films, rng=np.random.default_rng(3))


def test_where_both_classes_are_it_is_the_evaluation_of_the_study() -> None:
    y, scores, groups = draw(2)
    everyone = np.arange(N_FILMS)
    split = Split(0, 0, train=everyone[:0], validation=everyone[:0], test=everyone)
    heads = score_heads(scores[np.newaxis], y, [split], groups, positive=0)
    study = evaluate(heads, rng=np.random.default_rng(3))
    there = measure_externally(y, scores, groups)
    assert there.keys() == study.metrics.keys() == ALL_FIVE
    for name, estimate in there.items():
        expected = study.metrics[name]
        assert (estimate.value, estimate.low, estimate.high, estimate.method) == pytest.approx(
            (expected.value, expected.low, expected.high, expected.method)
        )


def test_calls_go_among_all_classes_though_films_are_of_some() -> None:
    y, scores, groups = draw(3)
    some = y != 2
    there = measure_externally(y[some], scores[some], groups[some])
    y_pred = scores[some].argmax(axis=1)
    assert set(y_pred) == {0, 1, 2}
    assert there.keys() == ALL_FIVE
    assert there["accuracy"].value == pytest.approx(np.mean(y_pred == y[some]))
    assert there["specificity"].value == pytest.approx(np.mean(y_pred[y[some] == 1] != 0))


@pytest.mark.parametrize(("label", "side"), [(0, "sensitivity"), (1, "specificity")])
def test_films_of_one_side_tell_of_that_side_alone(label: int, side: str) -> None:
    y, scores, groups = draw(2)
    there = measure_externally(y[y == label], scores[y == label], groups[y == label])
    assert there.keys() == {side}
    assert there[side].low < there[side].value < there[side].high


def test_no_film_is_no_figure() -> None:
    y, scores, groups = draw(2)
    assert measure_externally(y[:0], scores[:0], groups[:0]) == {}


@pytest.mark.parametrize("share", [0.5, 0.7, 0.95])
def test_what_moves_scores_moves_calls_less(share):
    """Correlation of two calls of normal scores, from the normal distribution itself."""
    rho, films = 0.02, 1000
    both = multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf([norm.ppf(share)] * 2)
    correlation = (both - share**2) / (share * (1 - share))
    is_right, whole = np.arange(films) < share * films, np.ones(films, dtype=bool)
    told = inflation_of_calls(is_right, whole, 1.8) - 1
    assert told == pytest.approx(0.8 * correlation / rho, rel=0.03)


def test_few_films_of_a_side_return_little_of_what_they_taught():
    is_right, is_side = np.arange(100) % 2 == 0, np.arange(100) < 20
    whole = inflation_of_calls(is_right, np.ones(100, dtype=bool), 1.8)
    assert inflation_of_calls(is_right, is_side, 1.8) - 1 == pytest.approx((whole - 1) / 5)
    assert inflation_of_calls(np.ones(100, dtype=bool), is_side, 1.8) == 1


def test_figures_of_folds_are_widened_and_those_from_elsewhere_are_not():
    y_true, scores = scored_films(3, 2, 60)
    folds = repeated_folds(y_true, np.arange(60), n_repeats=3, seed=0)
    noise = np.random.default_rng(1).random((len(folds.splits), 60, 1)) * 0.3
    heads = np.concatenate([scores[:, :1] + noise, scores[:, 1:] + 0 * noise], axis=2)
    told = evaluate(
        score_heads(heads, y_true, folds.splits), rng=np.random.default_rng(0), n_bootstraps=200
    )
    assert 1.2 < told.inflation <= 2.6
    for name in ("accuracy", "sensitivity", "specificity", "auroc", "average_precision"):
        figure = told.metrics[name]
        given = figure.also["heads_as_given"]
        assert figure.high - figure.low > given.high - given.low, name
    away = external_metrics(told.tested, rng=np.random.default_rng(0), n_bootstraps=200)
    assert not any("heads_as_given" in figure.also for figure in away.values())
    (split,) = single_split(y_true).splits
    alone = evaluate(
        score_heads(scores[np.newaxis], y_true, [split]),
        rng=np.random.default_rng(0),
        n_bootstraps=200,
    )
    assert alone.inflation == 1
    assert not any("heads_as_given" in figure.also for figure in alone.metrics.values())

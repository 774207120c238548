"""Tables on the folds: what their scores find, never see, and that they invent nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hilum.auditing.baselines import score_by_table
from hilum.folds.folds import Split, repeated_folds, single_split
from scored import score_heads


def table_auroc(table, y, splits):
    scores = score_by_table(table, y, splits, n_classes=2)
    tested = score_heads(scores, y, splits).tested()
    return roc_auc_score(tested.is_positive, tested.y_score)


def test_finds_a_rule_that_no_line_can_draw():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    widths = np.where(y == 1, rng.choice([400, 1800], size=80), 1024)
    table = np.stack([widths, rng.normal(size=80)], axis=1).astype(np.float32)
    folds = repeated_folds(y, np.arange(80), n_repeats=1, seed=0)
    assert table_auroc(table, y, folds.splits) > 0.99


def test_finds_a_trend_beside_columns_that_never_vary():
    rng = np.random.default_rng(3)
    y = np.arange(120) % 2
    table = np.stack([rng.normal(size=120) + 2 * y, np.ones(120)], axis=1)
    folds = repeated_folds(y, np.arange(120), n_repeats=1, seed=0)
    assert 0.85 < table_auroc(table, y, folds.splits) < 0.97  # 0.92 is what two normals give


def test_films_that_are_all_alike_get_the_share_of_each_class():
    y = (np.arange(100) < 10).astype(int)
    folds = repeated_folds(y, np.arange(100), n_repeats=1, seed=0)
    scores = score_by_table(np.zeros((100, 1)), y, folds.splits, n_classes=2)
    tested = score_heads(scores, y, folds.splits).tested()
    np.testing.assert_allclose(tested.scores[:, 1], 0.1, atol=0.01)


def test_scores_the_tested_films_and_no_others():
    y = np.arange(30) % 3
    splits = repeated_folds(y, np.arange(30), n_folds=3, n_repeats=1, seed=0).splits
    scores = score_by_table(np.eye(30), y, splits, n_classes=3)
    assert scores.shape == (3, 30, 3)
    for head, split in enumerate(splits):
        is_scored = np.isfinite(scores[head]).all(axis=1)
        np.testing.assert_array_equal(np.flatnonzero(is_scored), split.test)
        np.testing.assert_allclose(scores[head, split.test].sum(axis=1), 1)


def test_labels_of_tested_films_are_never_looked_at():
    """Also where validation and test are the same films, as in the paper's recipe."""
    rng = np.random.default_rng(2)
    y = np.arange(50) % 2
    table = rng.normal(size=(50, 3))
    for splits in (
        single_split(y).splits,
        repeated_folds(y, np.arange(50), n_repeats=1, seed=0).splits[:1],
    ):
        (split,) = splits
        turned = y.copy()
        turned[split.test] = 1 - y[split.test]
        np.testing.assert_array_equal(
            score_by_table(table, y, splits, n_classes=2),
            score_by_table(table, turned, splits, n_classes=2),
        )


def test_a_class_that_nothing_was_fitted_on_gets_no_vote():
    y = np.array([0, 1] * 10 + [2])
    split = Split(0, 0, train=np.arange(16), validation=np.array([], int), test=np.arange(16, 21))
    scores = score_by_table(np.eye(21), y, [split], n_classes=3)
    np.testing.assert_allclose(scores[0, 16:, 2], 0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n_films", [60, 160])
def test_noise_is_not_above_chance(n_films):
    aurocs = []
    for seed in range(60):
        rng = np.random.default_rng([seed, n_films])
        y = rng.permutation(np.arange(n_films) % 2)
        table = rng.normal(size=(n_films, 8)).round()
        splits = repeated_folds(y, np.arange(n_films), n_repeats=1, seed=seed).splits
        aurocs.append(table_auroc(table, y, splits))
    standard_error = np.std(aurocs) / np.sqrt(len(aurocs))
    assert np.mean(aurocs) <= 0.5 + 2 * standard_error

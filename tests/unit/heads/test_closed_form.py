"""Heads in closed form, against scikit-learn's ridge regression and the trained head."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from hilum.evaluation import auroc_score
from hilum.folds import repeated_folds
from hilum.heads import closed_form
from hilum.heads.closed_form import score_in_closed_form, solve_heads


def films(n: int, width: int, shift: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    x = rng.normal(size=(n, width)) * rng.uniform(0.5, 3, width)
    x[:, :5] += shift * y[:, np.newaxis]
    return x.astype(np.float32), y


def splits_of(y: np.ndarray):
    return repeated_folds(
        y, np.arange(len(y)), n_folds=5, n_repeats=1, seed=0, class_names=("a", "b")
    ).splits


@pytest.mark.parametrize(("n", "width"), [(60, 200), (200, 40)], ids=["wide", "long"])
def test_it_is_ridge_regression_on_standardised_features(
    n: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closed_form, "_PENALTIES", (0.3,))
    x, y = films(n, width)
    (split, *_) = splits_of(y)
    (head,) = solve_heads(x, y, [split], n_classes=2)
    fitted = x[split.fitting].astype(float)
    z = (fitted - fitted.mean(0)) / fitted.std(0) / np.sqrt(width)
    penalty = 0.3 * np.sum(z**2) / len(z)
    ridge = Ridge(alpha=penalty).fit(z, (y[split.fitting] == 1).astype(float))
    tested = (x[split.test] - fitted.mean(0)) / fitted.std(0) / np.sqrt(width)
    assert head.scores(x[split.test])[:, 1] == pytest.approx(ridge.predict(tested), abs=1e-6)


def test_the_penalty_is_that_of_the_least_error_when_each_film_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y = films(40, 12, shift=1.0)
    (split, *_) = splits_of(y)
    chosen = solve_heads(x, y, [split], n_classes=2)[0].kernel
    penalties, errors, kernels = closed_form._PENALTIES, [], []
    rows = split.fitting
    fitted = x[rows].astype(float)
    z = (fitted - fitted.mean(0)) / fitted.std(0) / np.sqrt(12)
    target = (y[rows] == 1) - np.mean(y[rows] == 1)
    for penalty in penalties:
        added = penalty * np.sum(z**2) / len(z)
        left_out = []
        for row in range(len(z)):
            keep = np.arange(len(z)) != row
            w = np.linalg.solve(z[keep].T @ z[keep] + added * np.eye(12), z[keep].T @ target[keep])
            left_out.append(target[row] - z[row] @ w)
        errors.append(np.mean(np.square(left_out)))
        monkeypatch.setattr(closed_form, "_PENALTIES", (penalty,))
        kernels.append(solve_heads(x, y, [split], n_classes=2)[0].kernel)
    assert np.allclose(kernels[int(np.argmin(errors))], chosen)


def test_no_film_is_scored_by_a_head_that_saw_it() -> None:
    x, y = films(80, 300, shift=0)
    splits = splits_of(y)
    scores = score_in_closed_form(x, y, splits, n_classes=2)
    for of_head, split in zip(scores, splits, strict=True):
        assert np.isfinite(of_head[split.test]).all()
        assert np.isnan(np.delete(of_head, split.test, axis=0)).all()
    pooled = np.nanmean(scores, axis=0)[:, 1]
    assert 0.3 < auroc_score(y == 1, pooled) < 0.7  # by chance; films seen would be known


def test_features_that_never_vary_say_nothing() -> None:
    y = np.arange(40) % 2
    scores = score_in_closed_form(np.ones((40, 3), np.float32), y, splits_of(y), n_classes=2)
    assert np.nanmax(np.abs(scores - 0.5)) < 0.05
    empty = score_in_closed_form(np.ones((40, 0), np.float32), y, splits_of(y), n_classes=2)
    assert np.nanmax(np.abs(empty - 0.5)) < 0.05


def test_three_classes_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    y = np.arange(90) % 3
    x = rng.normal(size=(90, 20)).astype(np.float32)
    x[np.arange(90), y] += 3
    folds = repeated_folds(
        y, np.arange(90), n_folds=5, n_repeats=1, seed=0, class_names=("a", "b", "c")
    )
    scores = np.nansum(score_in_closed_form(x, y, folds.splits, n_classes=3), axis=0)
    assert np.mean(scores.argmax(axis=1) == y) > 0.8

"""Trained heads are loaded where they were trained before, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilum.folds import repeated_folds
from hilum.heads import HeadRecipe, store
from hilum.heads.store import load_or_train_heads

RECIPE = HeadRecipe(max_epochs=3, patience_epochs=None)
Y = np.arange(24) % 2
SPLITS = repeated_folds(
    Y, np.arange(24), n_folds=3, n_repeats=1, seed=0, class_names=("a", "b")
).splits
FEATURES = np.random.default_rng(0).normal(size=(24, 2, 6)).astype(np.float32)


def heads(cache: Path, **change):
    given = {"features": FEATURES, "y": Y, "splits": SPLITS, "recipe": RECIPE, "seed": 0}
    given |= change
    return load_or_train_heads(
        cache, given["features"], given["y"], given["splits"], given["recipe"],
        n_classes=2, seed=given["seed"],
    )  # fmt: skip


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often heads were trained."""
    times: list[int] = []
    train = store.train_heads

    def count(*args, **named):
        times.append(1)
        return train(*args, **named)

    monkeypatch.setattr(store, "train_heads", count)
    return times


def test_the_same_again_is_loaded_to_the_last_bit(tmp_path: Path, trained: list[int]) -> None:
    first, again = heads(tmp_path), heads(tmp_path)
    assert len(trained) == 1
    np.testing.assert_array_equal(first.scores, again.scores)
    for name in ("training_loss", "validation_accuracy", "best_epoch"):
        np.testing.assert_array_equal(getattr(first.history, name), getattr(again.history, name))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"recipe": replace(RECIPE, max_epochs=4)},
        {"y": 1 - Y},
        {"features": FEATURES + np.float32(1e-3)},
        {"splits": SPLITS[:2]},
        {"splits": (replace(SPLITS[0], train=SPLITS[0].train[1:]), *SPLITS[1:])},
    ],
    ids=["seed", "recipe", "labels", "features", "fewer splits", "another split"],
)
def test_anything_else_is_trained(tmp_path: Path, trained: list[int], change) -> None:
    heads(tmp_path)
    heads(tmp_path, **change)
    assert len(trained) == 2


def test_a_damaged_file_is_trained_anew_and_mended(tmp_path: Path, trained: list[int]) -> None:
    first = heads(tmp_path)
    (path,) = (tmp_path / "heads").iterdir()
    path.write_bytes(path.read_bytes()[:50])
    np.testing.assert_array_equal(heads(tmp_path).scores, first.scores)
    heads(tmp_path)
    assert len(trained) == 2


def test_a_cache_that_cannot_be_written_costs_time_alone(
    tmp_path: Path, trained: list[int]
) -> None:
    (tmp_path / "heads").write_text("a file where the folder would be")
    assert heads(tmp_path).scores.shape == (3, 24, 2)
    assert len(trained) == 1

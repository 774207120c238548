"""What the training of heads promises, on small cohorts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from every import every
from hilum.folds.folds import Split
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import train_heads

# few different recipes and sizes: each combination is compiled once
QUICK = HeadRecipe(hidden_units=16, learning_rate=0.01, max_epochs=40, patience_epochs=None)
HASTY = replace(QUICK, patience_epochs=5)


def make_cohort(films=60, views=2, width=24, shift=0.0, seed=0, n_classes=2):
    """Features of two noise views per film; `shift` moves one feature per class."""
    rng = np.random.default_rng(seed)
    y = np.arange(films) % n_classes
    features = rng.standard_normal((films, views, width)).astype(np.float32)
    features[np.arange(films), :, y] += shift
    return features, y


def make_split(films=60, n_train=36, n_validation=12, seed=0):
    rows = np.random.default_rng(seed).permutation(films)
    train, validation, test = np.split(rows, [n_train, n_train + n_validation])
    return Split(0, 0, np.sort(train), np.sort(validation), np.sort(test))


def train(features, y, splits, recipe=QUICK, seed=0, n_classes=2, **options):
    return train_heads(features, y, splits, recipe, n_classes=n_classes, seed=seed, **options)


def curves(heads, head=0):
    history = heads.history
    return np.stack(
        [
            history.training_loss[head],
            history.training_accuracy[head],
            history.validation_loss[head],
            history.validation_accuracy[head],
        ]
    )


def test_shapes_and_probabilities():
    features, y = make_cohort(n_classes=3)
    heads = train(features, y, [make_split(seed=s) for s in range(3)], n_classes=3)
    assert heads.scores.shape == (3, 60, 3)
    assert heads.scores.dtype == np.float32
    np.testing.assert_allclose(heads.scores.sum(axis=2), 1, atol=1e-5)
    assert heads.history.training_loss.shape == (3, QUICK.max_epochs)
    assert heads.history.best_epoch.shape == (3,)
    assert heads.seconds > 0
    assert heads.weights == ()


def test_separable_classes_are_told_apart():
    features, y = make_cohort(films=200, shift=6.0)
    split = make_split(200, 120, 40)
    heads = train(features, y, [split])
    assert (heads.scores[0].argmax(axis=1) == y)[split.test].all()
    assert heads.history.validation_accuracy[0, heads.history.best_epoch[0]] == 1


def test_shuffled_labels_stay_at_chance_out_of_fold():
    features, y = make_cohort(films=200, shift=6.0)
    y = np.random.default_rng(3).permutation(y)
    splits = [make_split(200, 120, 40, seed=s) for s in range(20)]
    heads = train(features, y, splits)
    called = heads.scores.argmax(axis=2)
    accuracy = np.mean([(called[h] == y)[s.test].mean() for h, s in enumerate(splits)])
    assert 0.38 < accuracy < 0.62


def test_a_head_does_not_depend_on_the_heads_beside_it():
    features, y = make_cohort()
    splits = [make_split(n_train=36), make_split(n_train=20, n_validation=30, seed=1)]
    alone = train(features, y, splits[:1])
    beside = train(features, y, [*splits, make_split(seed=5)])
    np.testing.assert_array_equal(curves(alone), curves(beside))
    np.testing.assert_array_equal(alone.scores[0], beside.scores[0])


def test_test_films_never_influence_training():
    features, y = make_cohort()
    split = make_split()
    swapped = features.copy()
    swapped[split.test] = 1e6
    wrong = y.copy()
    wrong[split.test] = 1 - y[split.test]
    before, after = train(features, y, [split]), train(swapped, wrong, [split])
    np.testing.assert_array_equal(curves(before), curves(after))
    fitted = np.concatenate([split.train, split.validation])
    np.testing.assert_array_equal(before.scores[0, fitted], after.scores[0, fitted])


def test_validation_films_choose_the_epoch_and_nothing_else():
    features, y = make_cohort()
    split = make_split()
    swapped = features.copy()
    swapped[split.validation] *= -3
    before, after = train(features, y, [split]), train(swapped, y, [split])
    np.testing.assert_array_equal(before.history.training_loss, after.history.training_loss)
    assert (before.history.validation_loss != after.history.validation_loss).any()


def test_rotated_views_train_and_upright_views_are_scored():
    features, y = make_cohort(views=3)
    split = make_split()
    rotated = features.copy()
    rotated[:, 1:] += 1
    recipe = replace(QUICK, standardises=False)
    before, after = train(features, y, [split], recipe), train(rotated, y, [split], recipe)
    assert (before.history.training_loss != after.history.training_loss).all()
    elsewhere = features.copy()
    elsewhere[split.validation, 1:] += 1
    np.testing.assert_array_equal(curves(train(elsewhere, y, [split], recipe)), curves(before))


def test_the_same_seed_repeats_and_another_does_not():
    features, y = make_cohort()
    split = make_split()
    first, again, other = (train(features, y, [split], seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(curves(first), curves(again))
    np.testing.assert_array_equal(first.scores, again.scores)
    assert (curves(first) != curves(other)).any()


def test_the_same_split_twice_gives_two_seeds():
    features, y = make_cohort()
    heads = train(features, y, [make_split()] * 2)
    assert (heads.history.training_loss[0] != heads.history.training_loss[1]).all()


def test_early_stopping_leaves_a_blank_tail():
    features, y = make_cohort()
    heads = train(features, y, [make_split()], HASTY)
    history = heads.history
    best = history.best_epoch[0]
    losses = history.validation_loss[0]
    assert best == np.nanargmin(losses)
    assert np.isfinite(losses[: best + 6]).all()
    assert best + 6 < QUICK.max_epochs
    assert np.isnan(curves(heads)[:, best + 6 :]).all()


def test_patience_changes_nothing_but_the_length():
    features, y = make_cohort()
    whole, part = (curves(train(features, y, [make_split()], r)) for r in (QUICK, HASTY))
    ran = np.isfinite(part[0])
    assert 5 < ran.sum() < QUICK.max_epochs
    np.testing.assert_array_equal(whole[:, ran], part[:, ran])


@pytest.mark.parametrize("keeps_best_epoch", [True, False])
def test_the_kept_weights_are_those_of_the_stated_epoch(keeps_best_epoch):
    features, y = make_cohort()
    split = make_split()
    recipe = replace(
        QUICK,
        keeps_best_epoch=keeps_best_epoch,
        balances_classes=False,
    )
    heads = train(features, y, [split], recipe)
    scores = heads.scores[0, split.validation]
    loss = -np.log(scores[np.arange(len(scores)), y[split.validation]]).mean()
    epoch = heads.history.best_epoch[0] if keeps_best_epoch else -1
    assert heads.history.best_epoch[0] == heads.history.validation_loss[0].argmin() < 39
    np.testing.assert_allclose(loss, heads.history.validation_loss[0, epoch], rtol=1e-4)


def test_without_validation_films_the_last_epoch_is_kept():
    features, y = make_cohort()
    split = replace(make_split(), validation=np.empty(0, np.int64))
    heads = train(features, y, [split], HASTY)
    assert heads.history.best_epoch[0] == QUICK.max_epochs - 1
    assert np.isfinite(heads.history.training_loss).all()
    assert np.isnan(heads.history.validation_loss).all()


def test_balanced_classes_rescue_the_rare_one():
    features, _ = make_cohort(films=200)
    y = (np.arange(200) % 10 == 0).astype(int)
    features[:, :, 0] += 1.5 * y[:, None]
    split = make_split(200, 120, 40)
    sensitivity = {}
    for balances in (True, False):
        recipe = replace(QUICK, balances_classes=balances)
        called = train(features, y, [split], recipe).scores[0].argmax(axis=1)
        sensitivity[balances] = called[y == 1].mean()
    assert sensitivity[True] > sensitivity[False] + 0.3


def test_kept_weights_score_as_the_training_did():
    features, y = make_cohort(width=19)
    heads = train(features, y, [make_split(seed=s) for s in (0, 1)], keeps_weights=True)
    for weights, scores in every(zip(heads.weights, heads.scores, strict=True)):
        assert weights.hidden_kernel.shape == (19, QUICK.hidden_units)
        np.testing.assert_allclose(weights.predict_scores(features[:, 0]), scores, atol=1e-5)


def test_standardisation_takes_any_unit_and_ignores_constants():
    features, y = make_cohort()
    split = make_split()
    features[:, :, 5] = 0.1
    elsewhere = features * np.float32(1024) + np.float32(4096)
    elsewhere[split.test, :, 5] = 1e9
    plain, shifted = (train(x, y, [split], keeps_weights=True) for x in (features, elsewhere))
    np.testing.assert_allclose(plain.scores, shifted.scores, atol=2e-3)
    assert plain.weights[0].scale[5] == 0
    rows = features[split.train].reshape(-1, 24).astype(np.float64)
    np.testing.assert_allclose(plain.weights[0].mean, rows.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        1 / np.delete(plain.weights[0].scale, 5), np.delete(rows.std(axis=0), 5), rtol=1e-5
    )


def test_progress_is_told_once_per_head():
    features, y = make_cohort()
    told = []
    train(features, y, [make_split()] * 3, on_progress=lambda *counts: told.append(counts))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_interrupted_training_ends():
    features, y = make_cohort()

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(features, y, [make_split()] * 50, on_progress=interrupt)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, y, s: (f[:, 0], y, [s]), "shape"),
        (lambda f, y, s: (f[:-1], y, [s]), "60 films"),
        (lambda f, y, s: (f * np.float32(np.nan), y, [s]), "NaN"),
        (lambda f, y, s: (f, y + 1, [s]), "Classes"),
        (lambda f, y, s: (f, y, []), "at least one split"),
        (lambda f, y, s: (f, y, [replace(s, train=s.train[:0])]), "training films"),
        (lambda f, y, s: (f, y, [replace(s, validation=s.train)]), "also validates"),
        (lambda f, y, s: (f, y, [replace(s, test=s.train[:1])]), "also validates or tests"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    arguments = change(*make_cohort(), make_split())
    with pytest.raises(ValueError, match=message):
        train(*arguments)


@pytest.mark.parametrize(
    "wrong", [{"dropout": 1.0}, {"batch_size": 0}, {"patience_epochs": 0}, {"max_epochs": 0}]
)
def test_an_impossible_recipe_is_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        HeadRecipe(**wrong)


def test_the_types_load_without_the_engine():
    code = "import sys, hilum.heads.training; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_epoch_that_bursts_is_never_the_best():
    features, y = make_cohort()
    heads = train(features, y, [make_split()], replace(HASTY, learning_rate=1e30))
    assert np.isnan(heads.history.validation_loss).all()
    assert heads.history.best_epoch[0] == 0

"""The compiled training against a plain NumPy one that shares nothing but the draws."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import pytest

from hilum.folds.folds import Split
from hilum.heads.program import padded
from hilum.heads.recipe import HeadRecipe, balanced_class_weights, plan_head
from hilum.heads.training import train_heads

RECIPE = HeadRecipe(
    hidden_units=10, dropout=0.0, max_epochs=6, patience_epochs=None, learning_rate=3e-3
)


def train_in_numpy(features, y, split, plan, recipe, n_classes):
    """Adam on a two-layer network, in float64, written from the papers."""
    x = features.astype(np.float64)
    if recipe.standardises:
        rows = x[split.train].reshape(-1, x.shape[-1])
        x = (x - rows.mean(axis=0)) / rows.std(axis=0)
    one_hot = np.eye(n_classes)[y]
    parameters = [
        plan.hidden_kernel.astype(np.float64),
        np.zeros(recipe.hidden_units),
        plan.output_kernel.astype(np.float64),
        np.zeros(n_classes),
    ]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]

    def forward(batch):
        hidden = np.maximum(batch @ parameters[0] + parameters[1], 0)
        scores = np.exp(hidden @ parameters[2] + parameters[3])
        return hidden, scores / scores.sum(axis=1, keepdims=True)

    def losses(scores, films):
        return -np.log((scores * one_hot[films]).sum(axis=1)) * plan.film_weights[films]

    step, training_loss, training_accuracy, validation_loss = 0, [], [], []
    for films_in_order, views in zip(plan.film_order, plan.view_order, strict=True):
        total, correct = 0.0, 0
        for begin in range(0, len(films_in_order), recipe.batch_size):
            films = films_in_order[begin : begin + recipe.batch_size]
            batch = x[films, views[begin : begin + recipe.batch_size]]
            hidden, scores = forward(batch)
            total += losses(scores, films).sum()
            correct += (scores.argmax(axis=1) == y[films]).sum()
            d_logits = (scores - one_hot[films]) * plan.film_weights[films][:, None] / len(films)
            d_hidden = (d_logits @ parameters[2].T) * (hidden > 0)
            gradients = [
                batch.T @ d_hidden,
                d_hidden.sum(axis=0),
                hidden.T @ d_logits,
                d_logits.sum(axis=0),
            ]
            rate = recipe.learning_rate / (1 + recipe.learning_rate_decay * step)
            step += 1
            for k, gradient in enumerate(gradients):
                first[k] = 0.9 * first[k] + 0.1 * gradient
                second[k] = 0.999 * second[k] + 0.001 * gradient**2
                corrected = first[k] / (1 - 0.9**step)
                spread = np.sqrt(second[k] / (1 - 0.999**step))
                parameters[k] -= rate * corrected / (spread + 1e-7)
        training_loss.append(total / len(films_in_order))
        training_accuracy.append(correct / len(films_in_order))
        scores = forward(x[split.validation, 0])[1]
        weights = plan.film_weights[split.validation]
        validation_loss.append(losses(scores, split.validation).sum() / weights.sum())
    return training_loss, training_accuracy, validation_loss, forward(x[:, 0])[1]


@pytest.mark.parametrize(
    ("n_train", "n_classes", "views", "changes"),
    [
        (32, 2, 1, {}),
        (37, 2, 3, {}),  # the last batch of an epoch holds 5 films
        (5, 2, 2, {}),  # a single, incomplete batch
        (41, 4, 2, {"learning_rate_decay": 0.05, "batch_size": 6}),
        (36, 3, 2, {"standardises": False, "balances_classes": False}),
    ],
)
def test_equals_numpy(n_train, n_classes, views, changes):
    recipe = replace(RECIPE, keeps_best_epoch=False, **changes)
    rng = np.random.default_rng(n_train)
    features = rng.standard_normal((61, views, 21)).astype(np.float32) * 3 + 1
    y = (rng.random(61) ** 2 * n_classes).astype(int)  # classes of unequal size
    rows = rng.permutation(61)
    split = Split(0, 0, rows[:n_train], rows[n_train : n_train + 11], rows[n_train + 11 :])
    heads = train_heads(features, y, [split], recipe, n_classes=n_classes, seed=9)
    plan = plan_head(
        y,
        split,
        recipe,
        views=views,
        width=21,
        n_classes=n_classes,
        rng=np.random.default_rng([9, 0]),
    )
    expected = train_in_numpy(features, y, split, plan, recipe, n_classes)
    history = heads.history
    np.testing.assert_allclose(history.training_loss[0], expected[0], rtol=1e-4)
    np.testing.assert_allclose(history.training_accuracy[0], expected[1], rtol=1e-6)
    np.testing.assert_allclose(history.validation_loss[0], expected[2], rtol=1e-4)
    np.testing.assert_allclose(heads.scores[0], expected[3], atol=1e-4)


def test_dropout_keeps_the_expected_loss_and_adds_noise():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((64, 1, 16)).astype(np.float32)
    y = np.arange(64) % 2
    split = Split(0, 0, np.arange(48), np.arange(48, 64), np.arange(0))
    still = replace(RECIPE, hidden_units=64, learning_rate=1e-9, max_epochs=60)
    moving = replace(still, dropout=0.5)
    quiet, noisy = (
        train_heads(features, y, [split], recipe, n_classes=2, seed=0).history
        for recipe in (still, moving)
    )
    # with weights that do not move, all that varies is which units were dropped
    assert quiet.training_loss[0].std() < 1e-6
    assert noisy.training_loss[0].std() > 1e-3
    assert noisy.training_loss[0].mean() > quiet.training_loss[0].mean()
    np.testing.assert_allclose(noisy.training_loss[0].mean(), quiet.training_loss[0, 0], rtol=0.2)
    np.testing.assert_allclose(noisy.validation_loss, quiet.validation_loss, rtol=1e-5)


def test_the_settings_of_an_embedding_program_do_not_leak_in():
    features = np.random.default_rng(0).standard_normal((40, 2, 13)).astype(np.float32)
    y = np.arange(40) % 2
    split = Split(0, 0, np.arange(24), np.arange(24, 32), np.arange(32, 40))
    plain = train_heads(features, y, [split], replace(RECIPE, dropout=0.3), n_classes=2, seed=0)
    jax.config.update("jax_enable_x64", True)
    try:
        recipe = replace(RECIPE, dropout=0.3, patience_epochs=99)  # compiles anew
        wide = train_heads(features, y, [split], recipe, n_classes=2, seed=0)
    finally:
        jax.config.update("jax_enable_x64", False)
    assert wide.history.training_loss.dtype == np.float32
    np.testing.assert_allclose(plain.scores, wide.scores, atol=1e-6)


def test_padding_costs_a_quarter_at_most():
    sizes = np.arange(1, 5000)
    sizes_padded = np.array([padded(int(size)) for size in sizes])
    assert (sizes_padded >= sizes).all()
    assert (np.diff(sizes_padded) >= 0).all()
    assert (sizes_padded[32:] <= 1.25 * sizes[32:]).all()
    assert [padded(n) for n in (512, 1280, 2048)] == [512, 1280, 2048]
    assert len(set(sizes_padded)) < 35
    assert padded(9, least=8) == 10


def test_balanced_weights_average_one_and_even_the_classes_out():
    y_train = np.array([0] * 6 + [1] * 2 + [3])
    weights = balanced_class_weights(y_train, 5)
    np.testing.assert_allclose(weights, [0.5, 1.5, 1.0, 3.0, 1.0])
    assert weights[y_train].mean() == pytest.approx(1)

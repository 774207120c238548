"""The head of the paper and its training, from the first weights to the last score.

    x       (width)    features of one film: the backbone's last map, averaged over its cells
    hidden  (hidden)   relu(standardised x @ hidden_kernel + hidden_bias)
    kept    (hidden)   hidden with a share of its units dropped, in training alone
    scores  (classes)  softmax(kept @ output_kernel + output_bias)

Adam lowers the cross-entropy, batch by batch. After each epoch the validation films are
scored; the epoch with the lowest loss is kept, and training stops when none has been lower
for a while.

All of it is one JAX function: nothing returns to Python between steps, so a step costs what
its arithmetic and its memory traffic cost. `program` pads the arrays, compiles the function
and calls it.

Shapes stand beside the arrays: V views of each film, N films, D the width of the features,
H hidden units, K classes, M validation films; E epochs of S steps with B films each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from hilum.heads.recipe import HeadRecipe

ADAM_EPSILON = 1e-7  # as in Keras, which the recipes come from; optax's own is 1e-8


class Layers(NamedTuple):
    """The weights, which Adam moves."""

    hidden_kernel: Any  # (D, H)
    hidden_bias: Any  # (H,)
    output_kernel: Any  # (H, K)
    output_bias: Any  # (K,)


class HeadInputs(NamedTuple):
    """What one head needs beside the films that all heads share."""

    hidden_kernel: Any  # (D, H), before the first step
    output_kernel: Any  # (H, K), before the first step
    is_train: Any  # (N,)
    film_weights: Any  # (N,), what each film counts in the loss
    rows: Any  # (E, S, B), films under a view: view * N + film; -1 is padding
    steps: Any  # (), steps of an epoch that are taken
    validation: Any  # (M,), films; -1 is padding
    dropout_seed: Any  # ()


class Curves(NamedTuple):
    """Loss and accuracy, an entry per epoch; NaN where training had stopped."""

    training_loss: Any  # (E,)
    training_accuracy: Any  # (E,)
    validation_loss: Any  # (E,)
    validation_accuracy: Any  # (E,)


class TrainedHead(NamedTuple):
    """What training leaves."""

    layers: Layers
    mean: Any  # (D,), subtracted from the features
    scale: Any  # (D,), multiplies them then
    scores: Any  # (N, K), of the upright films
    curves: Curves
    best_epoch: Any  # ()


class _State(NamedTuple):
    """What changes from epoch to epoch."""

    epoch: Any
    layers: Any
    optimiser: Any
    best_layers: Any
    best_loss: Any
    best_epoch: Any
    curves: Any


def train(features: Array, y: Array, head: HeadInputs, recipe: HeadRecipe) -> TrainedHead:
    """Train a head, and score the upright films with the weights that are kept.

    Args:
        features: (V, N, D); view 0 is the upright film.
        y: (N,), the class of each film.
        head: Its first weights, its films and their order.
        recipe: How it is trained.
    """
    views, films, width = features.shape
    by_row = features.reshape(views * films, width)
    mean, scale = jnp.zeros(width, jnp.float32), jnp.ones(width, jnp.float32)
    if recipe.standardises:
        mean, scale = _standardisation(features, head.is_train)

    # --- the network
    def logits_of(layers: Layers, x: Array, kept: Array | float) -> Array:
        standardised = (x - mean) * scale  # (B, D)
        hidden = jax.nn.relu(standardised @ layers.hidden_kernel + layers.hidden_bias)  # (B, H)
        logits: Array = (hidden * kept) @ layers.output_kernel + layers.output_bias  # (B, K)
        return logits

    # --- one step of Adam
    adam = optax.adam(
        lambda step: recipe.learning_rate / (1 + recipe.learning_rate_decay * step),
        eps=ADAM_EPSILON,
    )

    def batch_loss(
        layers: Layers, rows: Array, kept: Array | float
    ) -> tuple[Array, tuple[Array, Array]]:
        is_film = rows >= 0  # (B,)
        rows = jnp.maximum(rows, 0)
        truth = y[rows % films]
        logits = logits_of(layers, by_row[rows], kept)
        losses = _cross_entropy(logits, truth)
        total = jnp.sum(jnp.where(is_film, losses * head.film_weights[rows % films], 0.0))
        correct = jnp.sum(is_film & (logits.argmax(axis=-1) == truth), dtype=jnp.float32)
        return total / jnp.sum(is_film, dtype=jnp.float32), (total, correct)

    # --- one epoch: every training film once, then the validation films
    is_judge = head.validation >= 0  # (M,)
    judges = jnp.maximum(head.validation, 0)
    upright_judges, judge_weights = features[0, judges], is_judge * head.film_weights[judges]

    def run_epoch(state: _State) -> _State:
        epoch_rows = head.rows[state.epoch]  # (S, B)
        kept = _dropout_masks(
            jnp.stack([head.dropout_seed, state.epoch.astype(jnp.uint32)]),
            (*epoch_rows.shape, recipe.hidden_units),
            recipe.dropout,
        )  # (S, B, H)

        def step(index: Array, carry: Any) -> Any:
            layers, optimiser, total, correct = carry
            gradients, (batch_total, batch_correct) = jax.grad(batch_loss, has_aux=True)(
                layers, epoch_rows[index], kept[index]
            )
            updates, optimiser = adam.update(gradients, optimiser)
            layers = optax.apply_updates(layers, updates)
            return layers, optimiser, total + batch_total, correct + batch_correct

        zero = jnp.zeros((), jnp.float32)
        layers, optimiser, total, correct = jax.lax.fori_loop(
            0, head.steps, step, (state.layers, state.optimiser, zero, zero)
        )
        logits = logits_of(layers, upright_judges, 1.0)  # (M, K)
        losses = _cross_entropy(logits, y[judges])
        is_correct = is_judge & (logits.argmax(axis=-1) == y[judges])
        seen = jnp.sum(epoch_rows >= 0, dtype=jnp.float32)
        figures = Curves(
            training_loss=total / seen,
            training_accuracy=correct / seen,
            validation_loss=jnp.sum(losses * judge_weights) / jnp.sum(judge_weights),
            validation_accuracy=jnp.sum(is_correct, dtype=jnp.float32)
            / jnp.sum(is_judge, dtype=jnp.float32),
        )
        loss = figures.validation_loss
        # without validation films nothing can be told apart, and the last epoch counts as best
        is_best = (state.epoch == 0) | (loss < state.best_loss) | ~is_judge.any()
        return _State(
            epoch=state.epoch + 1,
            layers=layers,
            optimiser=optimiser,
            best_layers=jax.tree.map(
                lambda new, old: jnp.where(is_best, new, old), layers, state.best_layers
            ),
            best_loss=jnp.where(is_best, loss, state.best_loss),
            best_epoch=jnp.where(is_best, state.epoch, state.best_epoch),
            curves=jax.tree.map(
                lambda curve, figure: curve.at[state.epoch].set(figure), state.curves, figures
            ),
        )

    # --- all epochs, until patience ends
    def goes_on(state: _State) -> Array:
        is_patient = jnp.array(True)
        if recipe.patience_epochs is not None:
            is_patient = state.epoch - 1 - state.best_epoch < recipe.patience_epochs
        return jnp.logical_and(state.epoch < recipe.max_epochs, is_patient)

    blank = jnp.full(recipe.max_epochs, jnp.nan, jnp.float32)
    layers = Layers(
        hidden_kernel=head.hidden_kernel,
        hidden_bias=jnp.zeros(head.hidden_kernel.shape[1], jnp.float32),
        output_kernel=head.output_kernel,
        output_bias=jnp.zeros(head.output_kernel.shape[1], jnp.float32),
    )
    start = _State(
        epoch=jnp.zeros((), jnp.int32),
        layers=layers,
        optimiser=adam.init(layers),
        best_layers=layers,
        best_loss=jnp.array(jnp.inf, jnp.float32),
        best_epoch=jnp.zeros((), jnp.int32),
        curves=Curves(blank, blank, blank, blank),
    )
    end = jax.lax.while_loop(goes_on, run_epoch, start)
    layers = end.best_layers if recipe.keeps_best_epoch else end.layers
    # in blocks, so that no standardised copy of a large cohort is made for each head
    logits = jax.lax.map(lambda film: logits_of(layers, film, 1.0), features[0], batch_size=128)
    return TrainedHead(layers, mean, scale, jax.nn.softmax(logits), end.curves, end.best_epoch)


def _standardisation(features: Array, is_train: Array) -> tuple[Array, Array]:
    """Find what centres the training films' features on 0 with a deviation of 1.

    The head learns nothing from a feature that is constant over these films. Its scale is
    0, so that the untrained weights behind it cannot disturb other films either.
    """
    _, films, width = features.shape
    count = jnp.sum(is_train, dtype=jnp.float32) * len(features)

    def mean_over_films(measure: Callable[[Array], Array]) -> Array:
        def add(film: Array, total: Array) -> Array:
            more: Array = total + measure(features[:, film]).sum(axis=0)
            return jnp.where(is_train[film], more, total)

        total: Array = jax.lax.fori_loop(0, films, add, jnp.zeros(width, jnp.float32))
        return total / count

    # measured from one of the films, so that a constant feature has no spread at all
    origin = features[0, jnp.argmax(is_train)]
    shift = mean_over_films(lambda views: views - origin)
    sd = jnp.sqrt(mean_over_films(lambda views: (views - origin - shift) ** 2))
    mean = origin + shift
    # float32 cannot tell a smaller spread from rounding
    is_constant = sd <= 1e-6 * jnp.abs(mean)
    return mean, jnp.where(is_constant, 0.0, 1.0 / jnp.where(is_constant, 1.0, sd))


def _cross_entropy(logits: Array, truth: Array) -> Array:
    """Give each film's loss, in nats."""
    losses: Array = optax.losses.softmax_cross_entropy_with_integer_labels(logits, truth)
    return losses


def _dropout_masks(key_data: Array, shape: tuple[int, ...], dropout: float) -> Array:
    """Draw 0 for dropped units and 1 / (1 - dropout) for kept ones."""
    if dropout == 0:
        return jnp.ones(shape, jnp.float32)
    key = jax.random.wrap_key_data(key_data, impl="threefry2x32")
    is_kept = jax.random.uniform(key, shape, jnp.float32) >= dropout
    return jnp.where(is_kept, jnp.float32(1 / (1 - dropout)), jnp.float32(0))

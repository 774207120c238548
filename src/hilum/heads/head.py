"""The head, written as one JAX function from start to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float32, Int

from hilum.heads.recipe import HeadPlan, HeadRecipe, HeadWeights

ADAM_EPSILON = 1e-7  # as in Keras, which the recipes come from; optax's own is 1e-8


class Curves(NamedTuple):
    """One head's history, an entry per epoch."""

    training_loss: Any
    training_accuracy: Any
    validation_loss: Any
    validation_accuracy: Any


class Layers(NamedTuple):
    """What Adam moves."""

    hidden_kernel: Any
    hidden_bias: Any
    output_kernel: Any
    output_bias: Any


class HeadInputs(NamedTuple):
    """What one head needs beside the films that all heads share."""

    hidden_kernel: Any
    output_kernel: Any
    is_train: Any
    film_weights: Any
    rows: Any  # films under a view, as rows of the flattened features; -1 is padding
    steps: Any
    validation: Any  # films, -1 is padding
    dropout_seed: Any


class _State(NamedTuple):
    """What changes from epoch to epoch."""

    epoch: Any
    layers: Any
    optimiser: Any
    best_layers: Any
    best_loss: Any
    best_epoch: Any
    curves: Any


def train(
    features: Array, y: Array, head: HeadInputs, recipe: HeadRecipe
) -> tuple[Layers, tuple[Array, Array], Array, Curves, Array]:
    """Train, and score the upright films with the weights that are kept.

    Returns:
        The kept layers; mean and scale of the features; the scores of all films; the
        curves; the best epoch.
    """
    views, films, width = features.shape
    by_row = features.reshape(views * films, width)
    adam = optax.adam(
        lambda step: recipe.learning_rate / (1 + recipe.learning_rate_decay * step),
        eps=ADAM_EPSILON,
    )
    is_judge = head.validation >= 0
    judges = jnp.maximum(head.validation, 0)
    upright_judges, judge_weights = features[0, judges], is_judge * head.film_weights[judges]
    mean, scale = jnp.zeros(width, jnp.float32), jnp.ones(width, jnp.float32)
    if recipe.standardises:
        mean, scale = _standardisation(features, head.is_train)

    def logits_of(layers: Layers, films: Array, kept: Array | float) -> Array:
        standardised = (films - mean) * scale
        hidden = jax.nn.relu(standardised @ layers.hidden_kernel + layers.hidden_bias)
        logits: Array = (hidden * kept) @ layers.output_kernel + layers.output_bias
        return logits

    def batch_loss(
        layers: Layers, rows: Array, kept: Array | float
    ) -> tuple[Array, tuple[Array, Array]]:
        is_film = rows >= 0
        rows = jnp.maximum(rows, 0)
        truth = y[rows % films]
        logits = logits_of(layers, by_row[rows], kept)
        losses = optax.losses.softmax_cross_entropy_with_integer_labels(logits, truth)
        total = jnp.sum(jnp.where(is_film, losses * head.film_weights[rows % films], 0.0))
        correct = jnp.sum(is_film & (logits.argmax(axis=-1) == truth), dtype=jnp.float32)
        return total / jnp.sum(is_film, dtype=jnp.float32), (total, correct)

    def run_epoch(state: _State) -> _State:
        epoch_rows = head.rows[state.epoch]
        kept = _dropout_masks(
            jnp.stack([head.dropout_seed, state.epoch.astype(jnp.uint32)]),
            (*epoch_rows.shape, recipe.hidden_units),
            recipe.dropout,
        )

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
        logits = logits_of(layers, upright_judges, 1.0)
        losses = optax.losses.softmax_cross_entropy_with_integer_labels(logits, y[judges])
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
    scores = jax.nn.softmax(logits)
    return layers, (mean, scale), scores, end.curves, end.best_epoch


def _standardisation(features: Array, is_train: Array) -> tuple[Array, Array]:
    """Find what centres the training films' features on 0 with a deviation of 1.

    A feature that is constant over these films teaches the head nothing. Its scale is
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


def _dropout_masks(key_data: Array, shape: tuple[int, ...], dropout: float) -> Array:
    """Draw 0 for dropped units and 1 / (1 - dropout) for kept ones."""
    if dropout == 0:
        return jnp.ones(shape, jnp.float32)
    key = jax.random.wrap_key_data(key_data, impl="threefry2x32")
    is_kept = jax.random.uniform(key, shape, jnp.float32) >= dropout
    return jnp.where(is_kept, jnp.float32(1 / (1 - dropout)), jnp.float32(0))


class ProgramShape(NamedTuple):
    """The padded sizes that a program is compiled for."""

    views: int
    films: int
    width: int
    classes: int
    steps: int
    validation: int


@dataclass(frozen=True)
class SharedFilms:
    """The cohort as all heads read it, padded: features by view, and classes."""

    features: Array
    y: Array


@dataclass(frozen=True)
class HeadOutcome:
    """One trained head."""

    weights: HeadWeights | None
    scores: Float32[np.ndarray, "films classes"]
    curves: Curves
    best_epoch: int


@dataclass(frozen=True)
class HeadProgram:
    """The compiled training of heads of one shape."""

    shape: ProgramShape
    batch_size: int
    executable: jax.stages.Compiled

    def train(self, shared: SharedFilms, plan: HeadPlan, *, keeps_weights: bool) -> HeadOutcome:
        """Train one head to its end; safe to call from several threads at once."""
        shape, batch = self.shape, self.batch_size
        films, width = len(plan.film_weights), len(plan.hidden_kernel)
        epochs, n_train = plan.film_order.shape
        rows = np.full((epochs, shape.steps * batch), -1, np.int32)
        rows[:, :n_train] = plan.view_order * shape.films + plan.film_order
        is_train = np.zeros(shape.films, bool)
        is_train[plan.film_order[0]] = True
        inputs = HeadInputs(
            hidden_kernel=_pad(plan.hidden_kernel, shape.width),
            output_kernel=plan.output_kernel,
            is_train=is_train,
            film_weights=_pad(plan.film_weights, shape.films),
            rows=rows.reshape(epochs, shape.steps, batch),
            steps=np.int32(-(-n_train // batch)),
            validation=_pad(plan.validation.astype(np.int32), shape.validation, -1),
            dropout_seed=np.uint32(plan.dropout_seed),
        )
        result = self.executable(shared.features, shared.y, inputs)
        layers, standardisation, scores, curves, best_epoch = jax.tree.map(np.asarray, result)
        mean, scale = standardisation
        weights = HeadWeights(
            mean=mean[:width],
            scale=scale[:width],
            hidden_kernel=layers.hidden_kernel[:width],
            hidden_bias=layers.hidden_bias,
            output_kernel=layers.output_kernel,
            output_bias=layers.output_bias,
        )
        return HeadOutcome(
            weights=weights if keeps_weights else None,
            scores=scores[:films],
            curves=curves,
            best_epoch=int(best_epoch),
        )


def padded(size: int, least: int = 32) -> int:
    """Round up to `least` or one of 32, 40, 48, 56, 64, 80...: a quarter more at most."""
    if size <= least:
        return least
    step = 1 << ((size - 1).bit_length() - 3)
    return -(-size // step) * step


def share(
    features: Float32[np.ndarray, "films views width"], y: Int[np.ndarray, " films"]
) -> SharedFilms:
    """Place the films where every head's program finds them, once."""
    films, views, width = features.shape
    by_view = np.zeros((views, padded(films), padded(width)), np.float32)
    by_view[:, :films, :width] = features.transpose(1, 0, 2)
    labels = np.zeros(padded(films), np.int32)
    labels[:films] = y
    return SharedFilms(jax.device_put(by_view, _cpu()), jax.device_put(labels, _cpu()))


def program_shape(
    shared: SharedFilms, n_train: int, n_validation: int, n_classes: int, recipe: HeadRecipe
) -> ProgramShape:
    """Find the sizes to compile for; they depend on no other split."""
    steps = -(-n_train // recipe.batch_size)
    views, films, width = shared.features.shape
    return ProgramShape(
        views=views,
        films=films,
        width=width,
        classes=n_classes,
        steps=padded(steps, least=8),
        validation=padded(n_validation),
    )


@lru_cache(maxsize=128)
def compile_program(shape: ProgramShape, recipe: HeadRecipe) -> HeadProgram:
    """Compile the training of heads of this shape, or find it compiled already."""

    def place(*sizes: int, dtype: Any = jnp.float32) -> jax.ShapeDtypeStruct:
        sharding = jax.sharding.SingleDeviceSharding(_cpu())
        return jax.ShapeDtypeStruct(  # type: ignore[no-untyped-call]
            sizes, dtype, sharding=sharding
        )

    inputs = HeadInputs(
        hidden_kernel=place(shape.width, recipe.hidden_units),
        output_kernel=place(recipe.hidden_units, shape.classes),
        is_train=place(shape.films, dtype=jnp.bool),
        film_weights=place(shape.films),
        rows=place(recipe.max_epochs, shape.steps, recipe.batch_size, dtype=jnp.int32),
        steps=place(dtype=jnp.int32),
        validation=place(shape.validation, dtype=jnp.int32),
        dropout_seed=place(dtype=jnp.uint32),
    )
    features = place(shape.views, shape.films, shape.width)
    y = place(shape.films, dtype=jnp.int32)
    lowered = jax.jit(train, static_argnums=3).lower(features, y, inputs, recipe)
    # a head has its core to itself; handing parts of a step to other threads costs more
    executable = lowered.compile({"xla_cpu_multi_thread_eigen": False})
    return HeadProgram(shape, recipe.batch_size, executable)


def _pad(array: np.ndarray, length: int, value: int = 0) -> np.ndarray:
    """Lengthen the first axis."""
    widths = [(0, length - len(array))] + [(0, 0)] * (array.ndim - 1)
    return np.pad(array, widths, constant_values=value)


def _cpu() -> jax.Device:
    """Heads train on the CPU even where JAX sees a GPU: their steps are too small to fill it."""
    return jax.local_devices(backend="cpu")[0]

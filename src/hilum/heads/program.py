"""A head's training as a compiled program: padded, compiled once, run for any split.

A program runs on one CPU core: a head's weights and Adam's two moments are about 1 MB, which
that core's caches hold. Cores are filled by training several heads side by side. (One `vmap`
over all heads drives the same arrays through main memory and takes several times as long.)

Arrays are padded to a few round sizes, so that cohorts and folds of similar size share a
program. Padding is exact: a padded feature is 0 and never moves its weight, a padded film
weighs nothing, and a padded step is not taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float32, Int

from hilum.heads.head import Curves, HeadInputs, TrainedHead, train
from hilum.heads.recipe import HeadPlan, HeadRecipe, HeadWeights


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
        trained: TrainedHead = jax.tree.map(np.asarray, result)
        weights = HeadWeights(
            mean=trained.mean[:width],
            scale=trained.scale[:width],
            hidden_kernel=trained.layers.hidden_kernel[:width],
            hidden_bias=trained.layers.hidden_bias,
            output_kernel=trained.layers.output_kernel,
            output_bias=trained.layers.output_bias,
        )
        return HeadOutcome(
            weights=weights if keeps_weights else None,
            scores=trained.scores[:films],
            curves=trained.curves,
            best_epoch=int(trained.best_epoch),
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
    """Find the sizes to compile for; other splits do not matter."""
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

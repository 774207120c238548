"""Many small heads, trained on one backbone's features by one compiled program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32, Int

from hilum.folds import Split
from hilum.heads import head as descent
from hilum.heads.head import Curves, HeadInputs
from hilum.heads.recipe import HeadRecipe, HeadWeights, glorot_uniform
from hilum.machine import usable_cores


@dataclass(frozen=True)
class HeadPlan:
    """Where a head starts and what it will see.

    Attributes:
        hidden_kernel: Weights of the ReLU layer before the first step.
        output_kernel: Weights of the softmax layer before the first step.
        film_order: Training film at each position of each epoch.
        view_order: The view under which that film is seen.
        validation: Rows of the films that judge each epoch.
        film_weights: What each film of the cohort counts in the loss.
        dropout_seed: Where the draws of the dropped units begin.
    """

    hidden_kernel: Float32[np.ndarray, "width hidden"]
    output_kernel: Float32[np.ndarray, "hidden classes"]
    film_order: Int[np.ndarray, "epochs train"]
    view_order: Int[np.ndarray, "epochs train"]
    validation: Int[np.ndarray, " validation"]
    film_weights: Float32[np.ndarray, " films"]
    dropout_seed: int


def plan_head(
    y: Int[np.ndarray, " films"],
    split: Split,
    recipe: HeadRecipe,
    *,
    views: int,
    width: int,
    n_classes: int,
    rng: np.random.Generator,
) -> HeadPlan:
    """Draw a head's first weights, the order of its films and their views.

    Biases start at 0 and are not drawn.
    """
    epochs_by_films = (recipe.max_epochs, len(split.train))
    if recipe.balances_classes:
        class_weights = balanced_class_weights(y[split.train], n_classes)
    else:
        class_weights = np.ones(n_classes, np.float32)
    return HeadPlan(
        hidden_kernel=glorot_uniform(width, recipe.hidden_units, rng),
        output_kernel=glorot_uniform(recipe.hidden_units, n_classes, rng),
        film_order=rng.permuted(np.broadcast_to(split.train, epochs_by_films), axis=1),
        view_order=rng.integers(views, size=epochs_by_films),
        validation=split.validation,
        film_weights=class_weights[y],
        dropout_seed=int(rng.integers(2**31)),
    )


def balanced_class_weights(
    y_train: Int[np.ndarray, " train"], n_classes: int
) -> Float32[np.ndarray, " classes"]:
    """Weigh the classes so that each counts the same in the loss.

    Films of class k weigh n / (K * films of class k), K being the classes that have
    training films; over the training films the weights average 1. A class without
    training films weighs 1.
    """
    counts = np.bincount(y_train, minlength=n_classes)
    is_present = counts > 0
    weights = len(y_train) / (is_present.sum() * np.maximum(counts, 1))
    return np.where(is_present, weights, 1.0).astype(np.float32)


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
    lowered = jax.jit(descent.train, static_argnums=3).lower(features, y, inputs, recipe)
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


@dataclass(frozen=True)
class History:
    """Loss and accuracy per head and epoch; NaN after a head has stopped.

    Losses are means weighted by the films' class weights, accuracies plain fractions
    of films. Training figures are gathered while the epoch runs, dropout and all;
    validation figures use the upright view without dropout at the end of the epoch,
    and are NaN where a split has no validation films.

    Attributes:
        training_loss: Cross-entropy, in nats.
        training_accuracy: Fraction of training films called correctly.
        validation_loss: Cross-entropy, in nats.
        validation_accuracy: Fraction of validation films called correctly.
        best_epoch: Epoch, counted from 0, with the lowest validation loss, the
            earliest of equals; the last epoch where there are no validation films.
    """

    training_loss: Float[np.ndarray, "heads epochs"]
    training_accuracy: Float[np.ndarray, "heads epochs"]
    validation_loss: Float[np.ndarray, "heads epochs"]
    validation_accuracy: Float[np.ndarray, "heads epochs"]
    best_epoch: Int[np.ndarray, " heads"]


@dataclass(frozen=True)
class TrainedHeads:
    """What the training of one backbone's heads yields; head h belongs to split h.

    Attributes:
        scores: Probability of each class for each film under each head, upright
            view, whether or not the film was used to train that head: the splits
            tell which rows are out of fold.
        history: The curves.
        seconds: Wall-clock time of the training, compilation included.
        weights: The heads themselves, if they were asked for; empty otherwise.
    """

    scores: Float[np.ndarray, "heads films classes"]
    history: History
    seconds: float
    weights: tuple[HeadWeights, ...] = ()


def train_heads(
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    recipe: HeadRecipe,
    *,
    n_classes: int,
    seed: int,
    keeps_weights: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrainedHeads:
    """Train one head per split; for several seeds per split, pass it several times.

    What head h becomes depends on `seed`, on h and on its split, and neither on the
    other heads nor on the number of cores. Test films take no part. A split without
    validation films trains to the last epoch and keeps its weights.

    Args:
        features: Pooled features; view 0 is the upright film, the others are rotated.
        y: Class index of each film, 0 <= y < n_classes.
        splits: Rows of `features` that train and validate each head.
        recipe: How the heads are built and trained.
        n_classes: Width of the softmax, at least 2.
        seed: Where every draw begins; not negative.
        keeps_weights: Hand back the heads' weights beside their scores.
        on_progress: Called in the calling thread with the number of heads done and
            of all heads, whenever one is done.

    Raises:
        ValueError: The arrays do not fit together, hold NaN or infinity, a split
            without training films was passed, or no split at all.
    """
    started = time.perf_counter()
    _check(features, y, splits, n_classes)
    # Loaded and compiled before the heads' threads start, so that no two of them compile the
    # same; and not in the main thread, where an interrupt would be raised inside native code.
    with ThreadPoolExecutor(1, thread_name_prefix="hilum-compiler") as compiler:
        prepared = compiler.submit(_prepare, features, y, splits, recipe, n_classes).result()

    def train(head: int) -> HeadOutcome:
        rng = np.random.default_rng([seed, head])
        _, views, width = features.shape
        plan = plan_head(
            y, splits[head], recipe, views=views, width=width, n_classes=n_classes, rng=rng
        )
        return prepared.programs[head].train(prepared.shared, plan, keeps_weights=keeps_weights)

    outcomes: dict[int, HeadOutcome] = {}
    pool = ThreadPoolExecutor(usable_cores(), thread_name_prefix="hilum-heads")
    try:
        heads = {pool.submit(train, head): head for head in range(len(splits))}
        for future in as_completed(heads):
            outcomes[heads[future]] = future.result()
            if on_progress is not None:
                on_progress(len(outcomes), len(splits))
    finally:
        pool.shutdown(cancel_futures=True)
    in_order = [outcomes[head] for head in range(len(splits))]
    return TrainedHeads(
        scores=np.stack([outcome.scores for outcome in in_order]),
        history=History(
            training_loss=np.stack([outcome.curves.training_loss for outcome in in_order]),
            training_accuracy=np.stack([outcome.curves.training_accuracy for outcome in in_order]),
            validation_loss=np.stack([outcome.curves.validation_loss for outcome in in_order]),
            validation_accuracy=np.stack(
                [outcome.curves.validation_accuracy for outcome in in_order]
            ),
            best_epoch=np.array([outcome.best_epoch for outcome in in_order]),
        ),
        seconds=time.perf_counter() - started,
        weights=tuple(o.weights for o in in_order if o.weights is not None),
    )


@dataclass(frozen=True)
class _Prepared:
    """What all heads share, and each head's compiled training."""

    shared: SharedFilms
    programs: tuple[HeadProgram, ...]


def _prepare(
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    recipe: HeadRecipe,
    n_classes: int,
) -> _Prepared:
    # here, because `program` loads JAX, which nothing but training needs
    from hilum.heads import training as program

    shared = program.share(features, y)
    shapes = [
        program.program_shape(shared, len(split.train), len(split.validation), n_classes, recipe)
        for split in splits
    ]
    compiled = {shape: program.compile_program(shape, recipe) for shape in dict.fromkeys(shapes)}
    return _Prepared(shared, tuple(compiled[shape] for shape in shapes))


def _check(
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    n_classes: int,
) -> None:
    """Refuse what would train heads on something else than was meant."""
    if features.ndim != 3 or len(features) != len(y):
        raise ValueError(
            f"Expected features of shape (films, views, width) for {len(y)} films, "
            f"got {features.shape}."
        )
    if not np.isfinite(features).all():
        raise ValueError("The features hold NaN or infinity.")
    if n_classes < 2 or y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"Classes must run from 0 to {n_classes - 1}, got {np.unique(y)}.")
    if not splits or not all(len(split.train) for split in splits):
        raise ValueError("There must be at least one split, and each must have training films.")
    for split in splits:
        if np.isin(split.train, [*split.validation, *split.test]).any():
            raise ValueError("A training film of a split also validates or tests it.")

"""Many small heads trained on one backbone's features, one for each split.

All heads share the features; none copies them. Each trains to its own end, several at a time
on the machine's cores, so that a head that stops early makes room for the next. JAX loads when
training starts, not with this module: what predicts needs the types alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.folds import Split
from hilum.heads.recipe import HeadRecipe, HeadWeights, plan_head
from hilum.machine import usable_cores

if TYPE_CHECKING:
    from hilum.heads.program import HeadOutcome, HeadProgram, SharedFilms


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
        shared, programs = compiler.submit(
            _compile, features, y, splits, recipe, n_classes
        ).result()

    def train(head: int) -> HeadOutcome:
        rng = np.random.default_rng([seed, head])
        _, views, width = features.shape
        plan = plan_head(
            y, splits[head], recipe, views=views, width=width, n_classes=n_classes, rng=rng
        )
        return programs[head].train(shared, plan, keeps_weights=keeps_weights)

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
    curves = [outcome.curves for outcome in in_order]
    return TrainedHeads(
        scores=np.stack([outcome.scores for outcome in in_order]),
        history=History(
            training_loss=np.stack([each.training_loss for each in curves]),
            training_accuracy=np.stack([each.training_accuracy for each in curves]),
            validation_loss=np.stack([each.validation_loss for each in curves]),
            validation_accuracy=np.stack([each.validation_accuracy for each in curves]),
            best_epoch=np.array([outcome.best_epoch for outcome in in_order]),
        ),
        seconds=time.perf_counter() - started,
        weights=tuple(o.weights for o in in_order if o.weights is not None),
    )


def _compile(
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    recipe: HeadRecipe,
    n_classes: int,
) -> tuple[SharedFilms, list[HeadProgram]]:
    """Place what all heads share, and compile the training of each head."""
    # here, because `program` loads JAX, which training alone needs
    from hilum.heads.program import compile_program, program_shape, share

    shared = share(features, y)
    shapes = [
        program_shape(shared, len(split.train), len(split.validation), n_classes, recipe)
        for split in splits
    ]
    compiled = {shape: compile_program(shape, recipe) for shape in dict.fromkeys(shapes)}
    return shared, [compiled[shape] for shape in shapes]


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

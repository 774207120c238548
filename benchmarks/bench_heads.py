"""How long heads take to train, and what bounds it.

Two jobs: many heads of fixed length (5 folds x 5 repeats x 5 seeds, 160 films), and
the heads of one backbone in a comparison (5 folds x 5 repeats, 600 films, early
stopping). Then a step is taken apart, on all cores at once as in training:
Adam's update alone, the same arithmetic on arrays that fit the innermost caches, and
the matrix products alone. What the first takes beyond the second is memory traffic.
Last, scikit-learn's MLPClassifier does the first job, extrapolated from a few heads,
given one core per head and all cores to itself.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from hilum.folds.folds import Split
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import TrainedHeads, train_heads

WIDTH = 1280
VIEWS = 3
FIXED_LENGTH = HeadRecipe(max_epochs=50, patience_epochs=None)
COMPARISON = HeadRecipe()
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_cohort(films: int) -> tuple[np.ndarray, np.ndarray]:
    """Features in which some columns tell the two classes apart, not too well."""
    rng = np.random.default_rng(0)
    y = np.arange(films) % 2
    features = rng.standard_normal((films, VIEWS, WIDTH)).astype(np.float32)
    features[:, :, :20] += 0.6 * y[:, None, None]
    return features, y


def make_splits(y: np.ndarray, seeds: int) -> list[Split]:
    """5 folds x 5 repeats, each as often as there are seeds."""
    splits = []
    for repeat in range(5):
        folds = StratifiedKFold(5, shuffle=True, random_state=repeat).split(y, y)
        for fold, (rest, test) in enumerate(folds):
            train, validation = train_test_split(
                rest, test_size=0.2, stratify=y[rest], random_state=repeat
            )
            split = Split(repeat, fold, np.sort(train), np.sort(validation), test)
            splits.extend([split] * seeds)
    return splits


def count_steps(heads: TrainedHeads, splits: list[Split], recipe: HeadRecipe) -> int:
    epochs = np.isfinite(heads.history.training_loss).sum(axis=1)
    per_epoch = [-(-len(split.train) // recipe.batch_size) for split in splits]
    return int((epochs * per_epoch).sum())


def time_heads(title: str, films: int, seeds: int, recipe: HeadRecipe) -> dict[str, float]:
    features, y = make_cohort(films)
    splits = make_splits(y, seeds)
    first, second = (
        train_heads(features, y, splits, recipe, n_classes=2, seed=0) for _ in range(2)
    )
    steps = count_steps(second, splits, recipe)
    figures = {
        "heads": len(splits),
        "steps": steps,
        "seconds_first": first.seconds,
        "seconds_again": second.seconds,
        "microseconds_per_step": 1e6 * second.seconds / steps,
    }
    print(
        f"{title}: {len(splits)} heads, {steps} steps in {first.seconds:.2f} s, "
        f"compilation included; again {second.seconds:.2f} s, "
        f"{figures['microseconds_per_step']:.1f} us/step over {CORES} cores"
    )
    return figures


def time_loop(body: Callable, carry: object, steps: int = 2000) -> float:
    """Microseconds that one turn takes on one core while all cores do the same."""

    def loop(carry):
        return jax.lax.fori_loop(0, steps, body, carry)

    cpu = jax.local_devices(backend="cpu")[0]
    carry = jax.device_put(carry, cpu)
    compiled = jax.jit(loop).lower(carry).compile({"xla_cpu_multi_thread_eigen": False})

    def run(_: int) -> None:
        jax.block_until_ready(compiled(carry))

    times = []
    with ThreadPoolExecutor(CORES) as pool:
        for _ in range(4):
            started = time.perf_counter()
            list(pool.map(run, range(CORES)))
            times.append(time.perf_counter() - started)
    return 1e6 * min(times) / steps


def time_parts(recipe: HeadRecipe) -> dict[str, float]:
    """Microseconds for Adam's update of the large kernel, and for the products with it."""
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((WIDTH, recipe.hidden_units)).astype(np.float32)
    films = rng.standard_normal((recipe.batch_size, WIDTH)).astype(np.float32)
    adam = optax.adam(recipe.learning_rate)

    def update(_, carry):
        kernel, state, gradient = carry
        updates, state = adam.update(gradient, state)
        return optax.apply_updates(kernel, updates), state, gradient

    def multiply(_, carry):
        films, kernel, gradient = carry
        moved = films + gradient[0, 0] * jnp.float32(1e-30)  # each turn waits for the last
        return films, kernel, moved.T @ (moved @ kernel)

    sixteenth = kernel[: WIDTH // 16]
    cached = time_loop(update, (sixteenth, adam.init(sixteenth), sixteenth), steps=16_000)
    return {
        "adam_alone_microseconds": time_loop(update, (kernel, adam.init(kernel), kernel)),
        "adam_in_cache_microseconds": 16 * cached,
        "products_alone_microseconds": time_loop(multiply, (films, kernel, kernel)),
    }


def time_scikit_learn(recipe: HeadRecipe, heads: int = 3) -> float:
    """Seconds of one core per head that MLPClassifier takes for the same steps."""
    features, y = make_cohort(160)
    splits = make_splits(y, seeds=1)[:heads]
    started = time.perf_counter()
    for split in splits:
        model = MLPClassifier(
            (recipe.hidden_units,),
            alpha=0.0,
            batch_size=recipe.batch_size,
            learning_rate_init=recipe.learning_rate,
            max_iter=recipe.max_epochs,
            tol=0.0,
            n_iter_no_change=recipe.max_epochs + 1,
            random_state=0,
        )
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # the length is fixed
            model.fit(features[split.train, 0], y[split.train])
    return (time.perf_counter() - started) / heads


def main() -> dict[str, float]:
    """Print the figures, and return them."""
    fixed = time_heads("fixed length, 160 films", 160, 5, FIXED_LENGTH)
    comparison = time_heads("one backbone of a comparison, 600 films", 600, 1, COMPARISON)
    parts = time_parts(FIXED_LENGTH)

    parameters = WIDTH * FIXED_LENGTH.hidden_units
    flop = 4 * FIXED_LENGTH.batch_size * parameters + 15 * parameters
    # kernel and both moments read and written, gradient written and read, kernel read
    # once more for the forward product
    moved = 4 * parameters * (3 + 3 + 2 + 1)
    step = fixed["microseconds_per_step"] * CORES
    adam, cached = parts["adam_alone_microseconds"], parts["adam_in_cache_microseconds"]
    products = parts["products_alone_microseconds"]
    figures = {f"fixed_{name}": value for name, value in fixed.items()}
    figures |= {f"comparison_{name}": value for name, value in comparison.items()}
    figures |= parts
    figures["core_microseconds_per_step"] = step
    figures["gflop_per_second"] = CORES * flop / step / 1e3
    figures["gigabytes_per_second"] = CORES * moved / step / 1e3
    print(
        f"a step takes {step:.0f} us of a core: {figures['gflop_per_second']:.0f} GFLOP/s and "
        f"{figures['gigabytes_per_second']:.0f} GB/s over {CORES} cores"
    )
    print(
        f"its parts alone: Adam's update {adam:.0f} us ({28 * parameters / 1e3 / adam:.0f} GB/s "
        f"per core; {cached:.0f} us where all of it stays in cache), products {products:.0f} us "
        f"({4 * FIXED_LENGTH.batch_size * parameters / products / 1e3:.0f} GFLOP/s per core); "
        f"the rest, {max(step - adam - products, 0):.0f} us, is many small operations: gathering "
        "and standardising films, the small layer, dropout, validation"
    )
    per_head = time_scikit_learn(FIXED_LENGTH)
    figures["scikit_learn_seconds"] = per_head * fixed["heads"] / CORES
    figures["times_faster_than_scikit_learn"] = (
        figures["scikit_learn_seconds"] / fixed["seconds_first"]
    )
    print(
        f"scikit-learn's MLPClassifier, one view and no dropout: {per_head:.3f} s of a core per "
        f"head, {figures['scikit_learn_seconds']:.1f} s for all on {CORES} cores (extrapolated): "
        f"{figures['times_faster_than_scikit_learn']:.1f} times as long"
    )
    return figures


if __name__ == "__main__":
    main()

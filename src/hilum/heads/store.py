"""Scores of trained heads, kept under the hash of all that they depend on.

A head comes out the same whenever it is trained on the same features, splits and draws. So a second
study of the same films need not train it again, nor load the engine that would.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hilum.disk import write_durably
from hilum.folds import Split
from hilum.heads.recipe import HeadRecipe
from hilum.heads.training import History, TrainedHeads, train_heads

HEADS_VERSION = 1
"""Raised whenever training changes a head; part of every address."""

_CURVES = ("training_loss", "training_accuracy", "validation_loss", "validation_accuracy")


def load_or_train_heads(
    cache_dir: Path,
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    recipe: HeadRecipe,
    *,
    n_classes: int,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> TrainedHeads:
    """Load the heads' scores and curves, or train the heads and keep them; see `train_heads`.

    A file that cannot be read is trained anew; one that cannot be written costs time alone.

    Args:
        cache_dir: Hilum's cache folder.
        features: As for `train_heads`, as is all else.
        y: Likewise.
        splits: Likewise.
        recipe: Likewise.
        n_classes: Likewise.
        seed: Likewise.
        on_progress: Likewise.
    """
    started = time.perf_counter()
    key = _address(features, y, splits, recipe, n_classes, seed)
    path = cache_dir / "heads" / f"{key}.safetensors"
    known = _read(path, started)
    if known is not None:
        return known
    heads = train_heads(
        features, y, splits, recipe, n_classes=n_classes, seed=seed, on_progress=on_progress
    )
    arrays = {name: getattr(heads.history, name) for name in _CURVES}
    arrays |= {"scores": heads.scores, "best_epoch": heads.history.best_epoch}
    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
    except OSError:
        pass  # trained again next time
    return heads


def _read(path: Path, started: float) -> TrainedHeads | None:
    try:
        arrays = load(path.read_bytes())
        history = History(
            **{name: arrays[name] for name in _CURVES}, best_epoch=arrays["best_epoch"]
        )
        return TrainedHeads(arrays["scores"], history, time.perf_counter() - started)
    except (OSError, KeyError, SafetensorError):
        return None


def _address(
    features: Float32[np.ndarray, "films views width"],
    y: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    recipe: HeadRecipe,
    n_classes: int,
    seed: int,
) -> str:
    """Hash everything that a head's scores depend on."""
    told = {
        "version": HEADS_VERSION,
        "jax": version("jax"),
        "recipe": asdict(recipe),
        "n_classes": n_classes,
        "seed": seed,
        "shape": features.shape,
        "splits": [(split.repeat, split.fold) for split in splits],
    }
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(features).data)
    for rows in (y, *(rows for s in splits for rows in (s.train, s.validation, s.test))):
        digest.update(f"{len(rows)}:".encode())
        digest.update(np.ascontiguousarray(rows, dtype=np.int64).data)
    return digest.hexdigest()

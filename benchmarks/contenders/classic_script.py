"""Transfer learning as it is usually written: the frozen base runs in every epoch.

Each epoch draws every training film anew, turned by up to 15 degrees, runs the whole
network over it, and trains one small head; then it validates. Films wait in memory,
already decoded and resized. On standard input, a JSON object a line:

    {"do": "train", "network": ..., "weights": ..., "films": ..., "labels": ...,
     "n_train": 128, "epochs": 3}
"""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
from keras import layers
from networks import keras_module, load_body, serve
from PIL import Image

BATCH = 8
MAX_ANGLE_DEGREES = 15.0


class TurnedFilms(keras.utils.PyDataset):
    """Batches of films, each turned anew whenever it is asked for."""

    def __init__(self, network: str, films: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self._preprocess = keras_module(network).preprocess_input
        self._films, self._y = films, y
        self._rng = np.random.default_rng(0)
        self._order = self._rng.permutation(len(films))

    def __len__(self) -> int:
        return -(-len(self._films) // BATCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * BATCH : (index + 1) * BATCH]
        turned = [self._turn(self._films[row]) for row in rows]
        return self._preprocess(colour(np.stack(turned))), self._y[rows]

    def on_epoch_end(self) -> None:
        self._order = self._rng.permutation(len(self._films))

    def _turn(self, film: np.ndarray) -> np.ndarray:
        angle = self._rng.uniform(-MAX_ANGLE_DEGREES, MAX_ANGLE_DEGREES)
        return np.asarray(Image.fromarray(film).rotate(angle, Image.Resampling.BILINEAR))


class Stopwatch(keras.callbacks.Callback):
    """Notes when each epoch ends, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._last = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self._last = now


def colour(films: np.ndarray) -> np.ndarray:
    return np.repeat(films[..., None], 3, axis=-1).astype(np.float32)


def train(
    network: str, weights: str, films: str, labels: str, n_train: int, epochs: int
) -> dict[str, Any]:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    started = time.perf_counter()
    pictures, y = np.load(films), keras.utils.to_categorical(np.load(labels))
    body = load_body(network, weights, (*pictures.shape[1:], 3))
    body.trainable = False
    pooled = layers.GlobalAveragePooling2D()(body.output)
    hidden = layers.Dropout(0.5)(layers.Dense(64, activation="relu")(pooled))
    model = keras.Model(body.input, layers.Dense(y.shape[1], activation="softmax")(hidden))
    model.compile(
        keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    held_out = keras_module(network).preprocess_input(colour(pictures[n_train:]))
    build_seconds = time.perf_counter() - started
    stopwatch = Stopwatch()
    model.fit(
        TurnedFilms(network, pictures[:n_train], y[:n_train]),
        epochs=epochs,
        validation_data=(held_out, y[n_train:]),
        validation_batch_size=BATCH,
        callbacks=[stopwatch],
        verbose=0,
    )
    return {"build_seconds": build_seconds, "epoch_seconds": stopwatch.seconds}


if __name__ == "__main__":
    serve({"train": train})

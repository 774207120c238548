"""Runs `predict` of Keras on one backend, as a process that waits to be asked.

Runs in an environment of its own, which KERAS_BACKEND rules. Questions come on standard
input and answers go to standard output, one JSON object a line; the input's end ends it:

    {"do": "load", "network": ..., "weights": ..., "size_px": ..., "films": ..., "features": ...}
    {"do": "predict", "films": 64}

Loading builds the network with its preprocessing and pooling inside, warms it up, and
settles for the batch size that is quickest here.
"""

from __future__ import annotations

import os
import time
from typing import Any

import keras
import numpy as np
from networks import keras_module, load_body, serve

BATCH_SIZES = (8, 32)
PATIENCE_SECONDS = 30.0
"""A network that takes so long to compile is compiled for one batch size only."""


class Contender:
    """One network at a time, at the batch size that proved quickest."""

    def load(
        self, network: str, weights: str, size_px: int, films: str, features: str
    ) -> dict[str, Any]:
        """Build, warm up, choose; writes the features of the first films for comparison."""
        started = time.perf_counter()
        keras.backend.clear_session()
        # Colour channels are made, all the same, before any clock runs.
        self._films = np.repeat(np.load(films)[..., None], 3, axis=-1)
        self._model = build(network, weights, size_px)
        rates: dict[int, float] = {}
        for self._batch in BATCH_SIZES:
            self.predict(self._batch)  # compiles
            rates[self._batch] = self._batch / self.predict(self._batch)["seconds"]
            if time.perf_counter() - started > PATIENCE_SECONDS:
                break
        self._batch = max(rates, key=lambda batch: rates[batch])
        np.save(features, self._predict(self._batch))
        return {
            "batch": self._batch,
            "rate": rates[self._batch],
            "rates": rates,
            "seconds": time.perf_counter() - started,
        }

    def predict(self, films: int) -> dict[str, float]:
        """Time so many films, the first of the array."""
        started = time.perf_counter()
        self._predict(films)
        return {"seconds": time.perf_counter() - started}

    def _predict(self, films: int) -> np.ndarray:
        return self._model.predict(self._films[:films], batch_size=self._batch, verbose=0)


def build(network: str, weights: str, size_px: int) -> keras.Model:
    shape = (size_px, size_px, 3)
    film = keras.Input(shape, dtype="uint8")
    scaled = keras_module(network).preprocess_input(keras.ops.cast(film, "float32"))
    body = load_body(network, weights, shape)
    return keras.Model(film, keras.layers.GlobalAveragePooling2D()(body(scaled)))


def use_all_cores() -> None:
    """PyTorch counts cores of its own and may count too few; the others take all."""
    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(len(os.sched_getaffinity(0)))


if __name__ == "__main__":
    use_all_cores()
    contender = Contender()
    serve({"load": contender.load, "predict": contender.predict})

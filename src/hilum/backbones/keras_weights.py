"""Puts a Keras weight file into a Keras network.

Official files are in Keras's older layout of HDF5, weights in the order of the layers;
newer files name their layers. Which one it is, the content tells and never the name.
Numbers alone are read: a whole saved model's architecture, if there is one in the file,
is never built.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from hilum.disk import lend
from hilum.errors import WeightsError

_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def load_keras_weights(network: keras.Model, path: Path) -> None:
    """Set every weight of a network from a file.

    Raises:
        WeightsError: The file is of another network, or no weight file.
    """
    try:
        with h5py.File(path) as file:
            is_older = "layer_names" in file.attrs or "model_weights" in file
        with tempfile.TemporaryDirectory() as scratch:
            # Keras goes by the suffix.
            link = Path(scratch) / ("older.h5" if is_older else "newer.weights.h5")
            lend(path, link)
            network.load_weights(link)
    except (
        OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RuntimeError,
        MemoryError,
    ) as error:  # fmt: skip
        raise WeightsError(
            f"The weight file {path.name} does not fit {network.name}: {error}",
            fix="Place the file that `hilum backbones` names for this network.",
        ) from error
    if not all(np.isfinite(weights).all() for weights in network.get_weights()):
        raise WeightsError(
            f"The weight file {path.name} holds values that are no numbers.",
            fix="Place the file that `hilum backbones` names for this network.",
        )
    _sharpen_efficientnet(network)


def _sharpen_efficientnet(network: Any) -> None:
    """Let EfficientNet divide by the ImageNet deviation rather than by its root.

    Its files keep the deviations where the layer expects variances. Keras mends that
    with one more layer, which it adds only when it downloads the weights itself.
    """
    if not network.name.startswith("efficientnetb"):
        return
    normalization = next(
        layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)
    )
    mean, variance, *count = normalization.get_weights()
    if np.allclose(variance, _IMAGENET_DEVIATION, atol=1e-3):
        normalization.set_weights([mean, variance**2, *count])
        normalization.finalize_state()

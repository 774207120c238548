"""EfficientNet-Lite in Keras, and the way its weights get in.

EfficientNet without squeeze-and-excitation, with ReLU6 in place of swish, and with
the stem and the last blocks kept at their width, so that it runs well on plain CPUs.
Imported only where Keras is wanted: in the compiling child process.

Source: Tan and Le (2019), EfficientNet; the Lite variants as published with
TensorFlow's TPU models (2020).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from hilum.errors import WeightsError

_STEM_FILTERS = 32
_HEAD_FILTERS = 1280
_BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class LiteVariant:
    """Scaling of one member of the family."""

    width: float
    depth: float


VARIANTS = {
    "efficientnet-lite0": LiteVariant(width=1.0, depth=1.0),
    "efficientnet-lite1": LiteVariant(width=1.0, depth=1.1),
    "efficientnet-lite2": LiteVariant(width=1.1, depth=1.2),
}


@dataclass(frozen=True)
class _Stage:
    """A run of inverted residual blocks; only the first one strides."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


_STAGES = (
    _Stage(repeats=1, kernel=3, stride=1, expansion=1, filters=16),
    _Stage(repeats=2, kernel=3, stride=2, expansion=6, filters=24),
    _Stage(repeats=2, kernel=5, stride=2, expansion=6, filters=40),
    _Stage(repeats=3, kernel=3, stride=2, expansion=6, filters=80),
    _Stage(repeats=3, kernel=5, stride=1, expansion=6, filters=112),
    _Stage(repeats=4, kernel=5, stride=2, expansion=6, filters=192),
    _Stage(repeats=1, kernel=3, stride=1, expansion=6, filters=320),
)


def lite_body(x: Any, variant: LiteVariant) -> Any:
    """Apply stem, blocks and last convolution; returns the last feature map.

    Args:
        x: Scaled pictures, batch x 3 x height x width.
        variant: Which member of the family.
    """
    x = _conv(x, _STEM_FILTERS, 3, "_conv_stem", "_bn0", stride=2)
    block = 0
    for position, stage in enumerate(_STAGES):
        is_edge = position in (0, len(_STAGES) - 1)
        repeats = stage.repeats if is_edge else math.ceil(stage.repeats * variant.depth)
        for repeat in range(repeats):
            stride = stage.stride if repeat == 0 else 1
            filters = _scaled_filters(stage.filters, variant.width)
            x = _block(x, f"_blocks.{block}.", stage, stride, filters)
            block += 1
    return _conv(x, _HEAD_FILTERS, 1, "_conv_head", "_bn1")


def imagenet_top(features: Any) -> Any:
    """Apply the original classifier over the 1,000 ImageNet classes; returns logits."""
    return layers.Dense(1000, name="_fc")(features)


def load_lite_weights(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> None:
    """Set every weight of `model` from a checkpoint's arrays.

    Args:
        model: Built with the functions above: layer names are the checkpoint's prefixes.
        arrays: From `read_checkpoint`, in PyTorch's layout (out, in, height, width).

    Raises:
        WeightsError: A layer finds no array, or one of another shape.
    """
    for layer in model.layers:
        if not layer.weights:
            continue
        try:
            layer.set_weights(_layer_arrays(layer, arrays))
        except (KeyError, ValueError) as error:
            raise WeightsError(
                f"The checkpoint does not fit the network at {layer.name}: {error}.",
                fix="Place the checkpoint that the catalog names for this backbone.",
            ) from error


def _scaled_filters(filters: int, width: float) -> int:
    """Scale a width and round it to a multiple of 8, never down by more than 10 %."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _conv(x: Any, filters: int, kernel: int, name: str, norm: str, stride: int = 1) -> Any:
    x = layers.Conv2D(
        filters, kernel, strides=stride, padding="same", use_bias=False, name=_safe(name)
    )(x)
    return layers.ReLU(6.0)(_batch_norm(x, norm))


def _batch_norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=1, epsilon=_BATCH_NORM_EPSILON, name=_safe(name))(x)


def _block(x: Any, prefix: str, stage: _Stage, stride: int, filters: int) -> Any:
    """Apply one inverted residual: expand, filter each channel, project back."""
    inputs, expanded = x, x.shape[1] * stage.expansion
    if stage.expansion != 1:
        x = _conv(x, expanded, 1, prefix + "_expand_conv", prefix + "_bn0")
    x = layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        name=_safe(prefix + "_depthwise_conv"),
    )(x)
    x = layers.ReLU(6.0)(_batch_norm(x, prefix + "_bn1"))
    x = layers.Conv2D(filters, 1, use_bias=False, name=_safe(prefix + "_project_conv"))(x)
    x = _batch_norm(x, prefix + "_bn2")
    return layers.Add()([x, inputs]) if stride == 1 and inputs.shape[1] == filters else x


def _safe(name: str) -> str:
    """Keras admits no dot in some places; a slash-free stand-in keeps names reversible."""
    return name.replace(".", "--")


def _layer_arrays(layer: Any, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    prefix = layer.name.replace("--", ".")
    if isinstance(layer, layers.BatchNormalization):
        parts = ("weight", "bias", "running_mean", "running_var")
        return [arrays[f"{prefix}.{part}"] for part in parts]
    kernel = arrays[f"{prefix}.weight"]
    if isinstance(layer, layers.Dense):
        return [kernel.T, arrays[f"{prefix}.bias"]]
    if isinstance(layer, layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]
    return [kernel.transpose(2, 3, 1, 0)]

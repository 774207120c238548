"""Pretrained networks built in Keras, scaling and pooling inside, and their weights put in.

Imported only where Keras is wanted: in the compiling child process.

Official Keras files are in the older layout of HDF5, weights in the order of the layers; newer
files name their layers. The content tells which one it is, never the name. Only numbers are
read: the architecture of a whole saved model, if the file holds one, is never built.

EfficientNet-Lite is EfficientNet without squeeze-and-excitation, with ReLU6 in place of swish,
and with the stem and the last blocks kept at their width, so that it runs well on plain CPUs.

Source: the three ways of scaling are those of `keras.applications`, each written here as what
it does to a grey picture; a test holds them equal to Keras's own. Tan and Le (2019),
EfficientNet; the Lite variants as published with TensorFlow's TPU models (2020).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import keras
import numpy as np
from keras import layers, ops

from hilum.backbones.checkpoints import read_checkpoint
from hilum.backbones.records import BLOCK_CELLS, BackboneRecord
from hilum.disk import link_or_copy
from hilum.errors import WeightsError

_CHANNELS = 1
"""Axis of the channels inside a graph."""


class _Affine(NamedTuple):
    """Per channel, grey times `scale` plus `offset`."""

    scale: tuple[float, float, float]
    offset: tuple[float, float, float]


_SCALINGS = {
    "tf": _Affine((1 / 127.5,) * 3, (-1.0,) * 3),
    # Blue, green, red, as VGG was trained; a grey picture is the same in any order.
    "caffe": _Affine((1.0,) * 3, (-103.939, -116.779, -123.68)),
    "torch": _Affine(
        (1 / 255 / 0.229, 1 / 255 / 0.224, 1 / 255 / 0.225),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
    "inside": _Affine((1.0,) * 3, (0.0,) * 3),
    "lite": _Affine((1 / 128,) * 3, (-127 / 128,) * 3),
    "unit": _Affine((1 / 255,) * 3, (0.0,) * 3),
}


def build_features(record: BackboneRecord, weights: Path | None) -> keras.Model:
    """Build a frozen backbone: grey uint8 in; pooled features and last feature map out.

    Args:
        record: Which backbone.
        weights: Its weight file, already verified; None leaves random numbers.

    Returns:
        A model with input batch x size x size x 1 and outputs batch x width and
        batch x height x width x channels.

    Raises:
        WeightsError: The file does not fit the network.
    """
    film, scaled = _film_input(record)
    feature_map = _apply(_network(record, weights, include_top=False), scaled)
    return keras.Model(film, _outputs(feature_map, record), name=record.name)


def build_classifier(record: BackboneRecord, weights: Path | None) -> keras.Model:
    """Build a backbone with its ImageNet classifier: grey uint8 in, 1,000 probabilities out.

    Args:
        record: Which backbone; its `weights` are those with the top.
        weights: The file of them, already verified; None leaves random numbers.

    Returns:
        A model with input batch x size x size x 1 and output batch x 1,000.

    Raises:
        WeightsError: The file does not fit the network.
    """
    film, scaled = _film_input(record)
    classes = _apply(_network(record, weights, include_top=True), scaled)
    return keras.Model(film, classes, name=record.name)


def _film_input(record: BackboneRecord) -> tuple[Any, Any]:
    """Make the input, and from it three channels in the network's own range."""
    # OpenVINO computes in this order; the other one costs it up to half of its time.
    keras.config.set_image_data_format("channels_first")
    side = record.input.size_px
    film = keras.Input((side, side, 1), dtype="uint8", name="film")
    grey = ops.reshape(film, (-1, 1, side, side))  # one channel is the same in any order
    colour = layers.Concatenate(axis=_CHANNELS, name="colour")([grey] * 3)
    scale, offset = (
        np.reshape(numbers, (1, 3, 1, 1)) for numbers in _SCALINGS[record.input.scaling]
    )
    return film, layers.Rescaling(scale, offset=offset, name="scaling")(colour)


def _network(record: BackboneRecord, weights: Path | None, *, include_top: bool) -> keras.Model:
    """Build the network itself, from scaled pictures on, and fill it."""
    if record.family == "lite":
        network = _lite_network(record, include_top=include_top)
        if weights:
            load_lite_weights(network, read_checkpoint(weights))
    else:
        network = _keras_network(record, include_top=include_top)
        if weights:
            load_keras_weights(network, weights)
    return network


def _apply(network: keras.Model, picture: Any) -> Any:
    """Run a network on channels first, whatever it is built for."""
    if network.input_shape[_CHANNELS] == 3:
        return network(picture)
    output = network(ops.transpose(picture, (0, 2, 3, 1)))
    return ops.transpose(output, (0, 3, 1, 2)) if len(output.shape) == 4 else output


def _outputs(feature_map: Any, record: BackboneRecord) -> tuple[Any, Any]:
    """Make the feature vector and the map itself, channels last."""
    map_outside = ops.transpose(feature_map, (0, 2, 3, 1))
    if record.pooling == "average":
        return layers.GlobalAveragePooling2D(name="features")(feature_map), map_outside
    blocks = ops.transpose(layers.AveragePooling2D(BLOCK_CELLS)(feature_map), (0, 2, 3, 1))
    # Not Flatten, which would write the batch of one into the graph.
    return ops.reshape(blocks, (-1, math.prod(blocks.shape[1:]))), map_outside


_MADE_OVER = ("NASNet", "DenseNet")
"""Keras builds these with channels last alone; their layers are made anew for the other order."""

_CHANNELS_LAST = ("ConvNeXt",)
"""These have layers that know no other order."""


def _keras_network(record: BackboneRecord, *, include_top: bool) -> keras.Model:
    """Build one of `keras.applications`, channels first where it can be."""
    side = record.input.size_px
    build = getattr(keras.applications, record.name)
    if record.name.startswith((*_MADE_OVER, *_CHANNELS_LAST)):
        keras.config.set_image_data_format("channels_last")
        network = build(weights=None, include_top=include_top, input_shape=(side, side, 3))
        keras.config.set_image_data_format("channels_first")
        if record.name.startswith(_CHANNELS_LAST):
            return network
    else:
        network = build(weights=None, include_top=include_top, input_shape=(3, side, side))
        if not any(isinstance(layer, layers.Reshape | layers.Flatten) for layer in network.layers):
            return network
    picture = keras.Input((3, side, side))
    return keras.models.clone_model(network, picture, clone_function=_made_over)


def _made_over(layer: Any) -> Any:
    """Make the same layer for channels first and any batch; its weights are the same."""
    config = layer.get_config()
    if "data_format" in config:
        config["data_format"] = "channels_first"
    if isinstance(layer, layers.BatchNormalization | layers.Concatenate):
        config["axis"] = _CHANNELS
    if type(layer) is layers.Reshape:
        return _ReshapeEach.from_config(config)
    if type(layer) is layers.Flatten:
        return _FlattenEach.from_config(config)
    return type(layer).from_config(config)


class _ReshapeEach(layers.Reshape):  # type: ignore[misc]
    """Reshape, for any number of films: the plain one writes the export's batch of 1 down."""

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, (-1, *self.target_shape))


class _FlattenEach(layers.Flatten):  # type: ignore[misc]
    """Flatten, likewise; the order is that of channels last, as the weights behind it are."""

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) == 4:
            inputs = ops.transpose(inputs, (0, 2, 3, 1))
        return ops.reshape(inputs, (-1, math.prod(inputs.shape[1:])))


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
            link_or_copy(path, link)
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


def _lite_network(record: BackboneRecord, *, include_top: bool) -> keras.Model:
    side = record.input.size_px
    picture = keras.Input((3, side, side))
    output = lite_body(picture, VARIANTS[record.name])
    if include_top:
        output = layers.Softmax()(imagenet_top(layers.GlobalAveragePooling2D()(output)))
    return keras.Model(picture, output)


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


def _conv(x: Any, filters: int, kernel: int, name: str, norm: str, stride: int = 1) -> Any:
    x = layers.Conv2D(
        filters, kernel, strides=stride, padding="same", use_bias=False, name=_safe(name)
    )(x)
    return layers.ReLU(6.0)(_batch_norm(x, norm))


def _batch_norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=1, epsilon=_BATCH_NORM_EPSILON, name=_safe(name))(x)


def _scaled_filters(filters: int, width: float) -> int:
    """Scale a width and round it to a multiple of 8, never down by more than 10 %."""
    scaled = filters * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


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


def _safe(name: str) -> str:
    """Replace the dots, which Keras refuses in some places; `_layer_arrays` puts them back."""
    return name.replace(".", "--")

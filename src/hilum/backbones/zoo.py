"""Builds backbones in Keras, scaling and pooling inside.

Imported only where Keras is wanted: in the compiling child process.

Source: the three ways of scaling are those of `keras.applications`, each written
here as what it does to a grey picture; a test holds them equal to Keras's own.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from hilum.backbones.checkpoints import read_checkpoint
from hilum.backbones.keras_weights import load_keras_weights
from hilum.backbones.lite import VARIANTS, imagenet_top, lite_body, load_lite_weights
from hilum.backbones.records import BackboneRecord

_CHANNELS = 1
"""Axis of the channels inside a graph."""

_MADE_OVER = ("NASNet", "DenseNet")
"""Keras builds these with channels last alone; their layers are made anew for the other order."""

_CHANNELS_LAST = ("ConvNeXt",)
"""These have layers that know no other order."""

_BLOCK_PX = 4
"""Side of the blocks of `average-4x4`, in cells of the feature map."""


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


def _lite_network(record: BackboneRecord, *, include_top: bool) -> keras.Model:
    side = record.input.size_px
    picture = keras.Input((3, side, side))
    output = lite_body(picture, VARIANTS[record.name])
    if include_top:
        output = layers.Softmax()(imagenet_top(layers.GlobalAveragePooling2D()(output)))
    return keras.Model(picture, output)


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
    blocks = ops.transpose(layers.AveragePooling2D(_BLOCK_PX)(feature_map), (0, 2, 3, 1))
    # Not Flatten, which would write the batch of one into the graph.
    return ops.reshape(blocks, (-1, math.prod(blocks.shape[1:]))), map_outside

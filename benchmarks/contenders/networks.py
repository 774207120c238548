"""What the contenders share: networks by name, and a process that answers questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import keras

_MODULES = {
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "ResNet50V2": "resnet_v2",
    "InceptionV3": "inception_v3",
    "Xception": "xception",
    "NASNetLarge": "nasnet",
}


def keras_module(network: str) -> ModuleType:
    """Return the module of Keras that knows how a network wants to be fed."""
    return import_module(f"keras.applications.{_MODULES[network]}")


def load_body(network: str, weights: str, shape: tuple[int, int, int]) -> keras.Model:
    """Build a network without its classifier, and load its weights."""
    build = getattr(keras.applications, network)
    body = build(weights=None, include_top=False, input_shape=shape)
    body.load_weights(weights)
    return body


def serve(actions: Mapping[str, Callable[..., Any]]) -> None:
    """Answer questions, one JSON object a line, until standard input ends.

    What a question names under `do` is called with the rest of it.
    """
    # Libraries print what they like: answers alone go to the real standard output.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        action = question.pop("do")
        print(json.dumps(actions[action](**question)), file=answers, flush=True)

"""Writes weight files full of random numbers, as Keras draws them.

Speed does not depend on what the weights are, so benchmarks need no download. Runs in
any environment that has Keras. On standard input: a JSON object, network to file.
"""

from __future__ import annotations

import json
import sys

# OpenVINO tells its maker of every import; without this package it cannot.
sys.modules.setdefault("openvino_telemetry", None)

import keras  # noqa: E402

SHAPE = (224, 224, 3)
"""Any will do but none at all, with which NASNet has fewer weights."""


def main() -> None:
    for name, path in json.load(sys.stdin).items():
        keras.utils.set_random_seed(0)
        build = getattr(keras.applications, name)
        build(weights=None, include_top=False, input_shape=SHAPE).save(path)


if __name__ == "__main__":
    main()

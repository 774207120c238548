"""Pretrained networks as compiled functions: uint8 films in, features out."""

from __future__ import annotations

import sys

# OpenVINO tells its maker of every import, from a process of its own; without this package
# it cannot. Every module of ours that loads OpenVINO or Keras lies behind this one.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

"""Proves an exported file: its answers must be those of the bundle that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from jaxtyping import UInt8

from hilum.backbones.records import Pooling
from hilum.classifier.bundle import Bundle
from hilum.classifier.cells import map_cells
from hilum.classifier.classifier import Classifier
from hilum.classifier.combined_graph import REFUSED
from hilum.errors import ExportError

MOST_DIFFERENCE: Final = 1e-4
"""A file whose answers differ by more from the bundle's is not handed over."""

_CLOSE: Final = 1e-3
"""So near to a bound, rounding may decide on which side a film lies."""


def draw_squares(size_px: int) -> UInt8[np.ndarray, "films size size 1"]:
    """Draw a few pictures that are as unlike as films can be: the check's input."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, size_px)
    noise = rng.integers(0, 256, (size_px, size_px))
    squares = [np.add.outer(ramp, ramp[::-1]) / 2, np.add.outer(ramp, -ramp) % 256, noise]
    for brightness in (60, 190):
        blots = rng.normal(0, 60, (-(-size_px // 16), -(-size_px // 16)))
        large = np.kron(blots, np.ones((16, 16)))[:size_px, :size_px]
        squares.append(brightness + large + noise / 16)
    return np.asarray(np.clip(squares, 0, 255), np.uint8)[..., np.newaxis]


def answer(
    bundle: Bundle, squares: UInt8[np.ndarray, "films size size 1"], *, with_map: bool
) -> dict[str, np.ndarray]:
    """Let the bundle itself answer, as it does in use.

    Args:
        bundle: The classifier.
        squares: Upright films at its size.
        with_map: Whether the map of reasons is among the answers.

    Returns:
        What an exported file should give, by the names of its outputs.
    """
    classifier = Classifier(bundle)
    sight = classifier.graph.look(squares[..., 0], maps=with_map)
    features = sight.features
    judged = classifier.judge(features, [()] * len(squares))
    classes = bundle.record.classes
    answers = {
        "probabilities": bundle.heads.probabilities(features),
        "log_odds": bundle.heads.log_odds(features, bundle.heads.positive),
        "distance": bundle.guard.distances(features),
        "call": np.array(
            [REFUSED if each.call is None else classes.index(each.call) for each in judged]
        ),
    }
    if sight.maps is not None:
        pooling: Pooling = bundle.record.backbone.pooling  # type: ignore[assignment]
        cells = [
            map_cells(bundle.heads, each, bundle.heads.positive, pooling=pooling)
            for each in sight.maps
        ]
        answers["map"] = np.stack([each.contributions for each in cells])
    return answers


def hold_equal(
    answers: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], bundle: Bundle
) -> dict[str, float]:
    """Give the largest difference of each output, if all are small enough.

    Args:
        answers: Outputs of a file.
        expected: What the bundle itself answers.
        bundle: Tells its operating point and the limit of its domain.

    Returns:
        As in `Exported`; classes that are called are equal or not, and have none.

    Raises:
        ExportError: One is too large, or another class is called.
    """
    differences = {}
    for name, wanted in expected.items():
        if name == "call":
            continue
        scale = max(1.0, float(np.abs(wanted).max()))
        # Not a number is no small difference.
        gap = np.nan_to_num(np.abs(answers[name] - wanted), nan=np.inf)
        differences[name] = float(gap.max()) / scale
        if differences[name] > MOST_DIFFERENCE:
            raise _unequal(f"{name} differs by {differences[name]:.1e}")
    to_threshold = np.abs(expected["log_odds"] - bundle.heads.log_odds_threshold)
    to_limit = np.abs(expected["distance"] - bundle.guard.threshold)
    is_clear = (to_threshold > _CLOSE) & (to_limit > _CLOSE)
    if np.any(is_clear & (answers["call"] != expected["call"])):
        raise _unequal("another class is called")
    return differences


def _unequal(how: str) -> ExportError:
    return ExportError(
        f"The file does not answer as the bundle does: {how}. It was not kept.",
        fix="Use the other format, and tell the makers of Hilum about it.",
    )

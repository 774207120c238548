"""What each cell of the last feature map adds to a class's log-odds: exact, in closed form.

Pooling is linear. So a feature's slope, shared out over the cells that the feature is the mean
of, times what a cell shows, is that cell's part; and the parts sum to the whole.

A head is small: one ReLU layer, one softmax layer, a temperature. So its derivative is written
down here rather than computed by an engine, and nothing but NumPy is loaded.

The heads' probabilities are held within 1e-7 of 0 and 1 before they are tempered. That guards a
number and is not part of the judgement: beyond it every derivative would be 0, and the surest
films could not be explained. So the slopes here are those of the log-odds before they are held.
For all less extreme films these are the very log-odds that are predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeGuard, cast, get_args

import numpy as np
from jaxtyping import Float

from hilum.backbones import BLOCK_CELLS, Pooling
from hilum.classifier.heads import HeadStack, log_softmax, mean_log_odds


@dataclass(frozen=True)
class CellMap:
    """What the cells of one film's feature map add to the log-odds of a class.

    Attributes:
        contributions: Of each cell, in log-odds (nats); above 0 speaks for the class.
        log_odds: Of the film, averaged over the heads.
        baseline: `log_odds` less the sum of all contributions. With a reference, these are
            the log-odds of the reference; without one, what the heads would say if every
            feature faded to 0 and no hidden unit switched over on the way.
        has_reference: Whether the film was compared with a reference.
    """

    contributions: Float[np.ndarray, "rows columns"]
    log_odds: float
    baseline: float
    has_reference: bool


_ROUNDING = 1e-3
"""How far single precision may lead from the pooled features, as a share of the largest."""


def map_cells(
    heads: HeadStack,
    feature_map: Float[np.ndarray, "rows columns channels"],
    label: int,
    *,
    pooling: Pooling,
    reference: Float[np.ndarray, "rows columns channels"] | None = None,
) -> CellMap:
    """Share out a class's log-odds over the cells of a film's feature map.

    Args:
        heads: The heads with their calibration.
        feature_map: The film's last feature map.
        label: Index of the class.
        pooling: How the features come from the map.
        reference: What each cell is compared with: its own mean over training films of the
            other classes. Without it, what every film has at a place counts as well.
    """
    features = pool_map(feature_map, pooling)[np.newaxis]
    start = None if reference is None else pool_map(reference, pooling)
    slopes = log_odds_slopes(heads, features, label, start)[0]
    shown = feature_map.astype(float) - (0.0 if reference is None else reference)
    contributions = (share_out(slopes, feature_map.shape, pooling) * shown).sum(axis=2)
    log_odds = float(free_log_odds(heads, features, label)[0])
    return CellMap(
        contributions=contributions,
        log_odds=log_odds,
        baseline=log_odds - float(contributions.sum()),
        has_reference=reference is not None,
    )


def fits_pooling(
    pooling: str,
    feature_map: Float[np.ndarray, "rows columns channels"],
    features: Float[np.ndarray, " width"],
) -> TypeGuard[Pooling]:
    """Tell whether features are what a pooling makes of a map: a graph may come from anybody.

    Args:
        pooling: What the graph's description says.
        feature_map: What the graph shows.
        features: What it yields.
    """
    if pooling not in get_args(Pooling):
        return False
    pooled = pool_map(feature_map, cast("Pooling", pooling))
    largest = float(np.abs(features).max(initial=0))
    return pooled.shape == features.shape and bool(
        np.abs(pooled - features).max(initial=0) <= _ROUNDING * largest
    )


def pool_map(
    feature_map: Float[np.ndarray, "rows columns channels"], pooling: Pooling
) -> Float[np.ndarray, " width"]:
    """Pool a feature map as the graph does, in double precision."""
    if pooling == "average":
        return np.asarray(feature_map.mean(axis=(0, 1), dtype=float))
    blocks = _blocks(feature_map.shape)
    return np.concatenate(
        [feature_map[rows, columns].mean(axis=(0, 1), dtype=float) for rows, columns in blocks]
    )


def share_out(
    slopes: Float[np.ndarray, " width"], shape: tuple[int, ...], pooling: Pooling
) -> Float[np.ndarray, "rows columns channels"]:
    """Turn slopes along pooled features into slopes along the cells: pooling, transposed.

    Args:
        slopes: One per feature.
        shape: Of the feature map: rows, columns, channels.
        pooling: How the features come from the map. Cells that it does not read get 0.
    """
    rows, columns, channels = shape
    if pooling == "average":
        return np.broadcast_to(slopes / (rows * columns), shape)
    shared = np.zeros(shape)
    of_blocks = slopes.reshape(-1, channels)
    for place, of_block in zip(_blocks(shape), of_blocks, strict=True):
        shared[place] = of_block / BLOCK_CELLS**2
    return shared


def _blocks(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Places of the whole blocks, row by row, as the graph reads them."""
    return [
        (slice(row, row + BLOCK_CELLS), slice(column, column + BLOCK_CELLS))
        for row in range(0, shape[0] - BLOCK_CELLS + 1, BLOCK_CELLS)
        for column in range(0, shape[1] - BLOCK_CELLS + 1, BLOCK_CELLS)
    ]


class _Pass(NamedTuple):
    """What the heads make of some films: hidden units before the ReLU, and logits."""

    hidden: Float[np.ndarray, "heads films hidden"]
    logits: Float[np.ndarray, "heads films classes"]


_NODES = 64
"""Points of the quadrature over the softmax; for two classes the integral is exact anyway."""

_LEAST_MOVE = 1e-9
"""A hidden unit that moves by less keeps the slope that it has at the film."""


def log_odds_slopes(
    heads: HeadStack,
    features: Float[np.ndarray, "films width"],
    label: int,
    reference: Float[np.ndarray, " width"] | None = None,
) -> Float[np.ndarray, "films width"]:
    """Give the slope of a class's log-odds along every feature of every film.

    Without a reference this is the gradient at the film. With one, each ReLU and the
    softmax have the mean slope that they show on the way from the reference to the film.
    Then the log-odds of the film less those of the reference are exactly the slopes times
    the difference of the features. For two classes these are integrated gradients along the
    straight line; for more, the same rule layer by layer.

    Args:
        heads: The heads with their calibration.
        features: Pooled features.
        label: Index of the class.
        reference: Pooled features to compare with.

    Source: Sundararajan, Taly and Yan (2017), ICML, "Axiomatic attribution for deep
    networks"; Shrikumar, Greenside and Kundaje (2017), ICML, "Learning important features
    through propagating activation differences" (the rescale rule).
    """
    here = _run(heads, features)
    gates = (here.hidden > 0).astype(float)
    towards_logits = _softmax_slopes(here.logits, label)
    if reference is not None:
        start = _run(heads, reference[np.newaxis])
        way = here.hidden - start.hidden
        is_moving = np.abs(way) > _LEAST_MOVE
        rise = np.maximum(here.hidden, 0) - np.maximum(start.hidden, 0)
        gates = np.where(is_moving, rise / np.where(is_moving, way, 1.0), gates)
        towards_logits = _mean_softmax_slopes(start.logits, here.logits, label)
    tempered = towards_logits / heads.temperatures[:, np.newaxis, np.newaxis]
    towards_hidden = gates * (tempered @ heads.output_kernel.astype(float).transpose(0, 2, 1))
    slopes = towards_hidden @ heads.hidden_kernel.astype(float).transpose(0, 2, 1)
    return np.asarray(slopes.mean(axis=0))


def free_log_odds(
    heads: HeadStack, features: Float[np.ndarray, "films width"], label: int
) -> Float[np.ndarray, " films"]:
    """Give the log-odds of a class, averaged over the heads, however extreme they are.

    Args:
        heads: The heads with their calibration.
        features: Pooled features.
        label: Index of the class.
    """
    return mean_log_odds(log_softmax(_run(heads, features).logits), label)


def _run(heads: HeadStack, features: Float[np.ndarray, "films width"]) -> _Pass:
    """Run the heads in double precision; the logits are tempered and hold the prior."""
    hidden = features.astype(float) @ heads.hidden_kernel + heads.hidden_bias[:, np.newaxis]
    logits = np.maximum(hidden, 0) @ heads.output_kernel + heads.output_bias[:, np.newaxis]
    tempered = logits / heads.temperatures[:, np.newaxis, np.newaxis]
    return _Pass(hidden, tempered + heads.log_prior_ratios[:, np.newaxis])


def _softmax_slopes(
    logits: Float[np.ndarray, "heads films classes"], label: int
) -> Float[np.ndarray, "heads films classes"]:
    """Slope of log p - log(1 - p) of one class along each logit."""
    others = logits.copy()
    others[..., label] = -np.inf
    slopes = -np.exp(log_softmax(others))
    slopes[..., label] = 1.0
    return np.asarray(slopes)


def _mean_softmax_slopes(
    start: Float[np.ndarray, "heads 1 classes"],
    end: Float[np.ndarray, "heads films classes"],
    label: int,
) -> Float[np.ndarray, "heads films classes"]:
    """The same, averaged over the straight line from some logits to others."""
    if end.shape[-1] == 2:
        return _softmax_slopes(end, label)  # the same everywhere
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    mean = np.zeros_like(end)
    for place, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        mean += weight * _softmax_slopes(start + place * (end - start), label)
    return mean

"""How much each feature moves a class's log-odds, in closed form through the heads.

A head is small: one ReLU layer, one softmax layer, a temperature. So its derivative is
written down here rather than computed by an engine, and nothing but NumPy is loaded.

The heads' probabilities are held within 1e-7 of 0 and 1 before they are tempered. That
guards a number and is no part of the judgement: beyond it every derivative would be 0 and
the surest films could not be explained. So the slopes here are those of the log-odds before
they are held, which for all less extreme films are the very log-odds that are predicted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from hilum.classifier.heads import HeadStack, log_softmax, mean_log_odds

_NODES = 64
"""Points of the quadrature over the softmax; for two classes the integral is exact anyway."""

_NO_WAY = 1e-9
"""A hidden unit that moves by less has the slope that it has where it stands."""


class _Pass(NamedTuple):
    """What the heads make of some films: hidden units before the ReLU, and logits."""

    hidden: Float[np.ndarray, "heads films hidden"]
    logits: Float[np.ndarray, "heads films classes"]


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
        is_moving = np.abs(way) > _NO_WAY
        rise = np.maximum(here.hidden, 0) - np.maximum(start.hidden, 0)
        gates = np.where(is_moving, rise / np.where(is_moving, way, 1.0), gates)
        towards_logits = _mean_softmax_slopes(start.logits, here.logits, label)
    tempered = towards_logits / heads.temperatures[:, np.newaxis, np.newaxis]
    towards_hidden = gates * (tempered @ heads.output_kernel.astype(float).transpose(0, 2, 1))
    slopes = towards_hidden @ heads.hidden_kernel.astype(float).transpose(0, 2, 1)
    return np.asarray(slopes.mean(axis=0))


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

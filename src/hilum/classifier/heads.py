"""The heads of all folds as one: calibrated, averaged, and held to one operating point.

Plain NumPy. The arithmetic is that of `HeadWeights` and `Calibrator`, for all heads at once and
in logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32

from hilum.evaluation import SMALLEST_PROBABILITY, Calibrator
from hilum.heads import HeadWeights

LOG_SMALLEST = math.log(SMALLEST_PROBABILITY)

LOG_LARGEST = math.log1p(-SMALLEST_PROBABILITY)
"""A head's scores are held between these before they are calibrated."""

ROUNDING = 1e-6
"""Log-odds this close are equal, as where the threshold was fixed."""


@dataclass(frozen=True)
class HeadStack:
    """Several heads on one backbone's features, averaged.

    Standardisation is folded into the first layer, so that a head is two matrix products.

    Attributes:
        hidden_kernel: Weights of the ReLU layers.
        hidden_bias: Their biases.
        output_kernel: Weights of the softmax layers.
        output_bias: Their biases.
        temperatures: What each head's logarithms of scores are divided by.
        log_prior_ratios: What is then added for each class.
        positive: Index of the class that the operating point speaks of.
        threshold: Calibrated probability of the positive class, the heads' log-odds
            averaged, from which on a film is called positive.
    """

    hidden_kernel: Float32[np.ndarray, "heads width hidden"]
    hidden_bias: Float32[np.ndarray, "heads hidden"]
    output_kernel: Float32[np.ndarray, "heads hidden classes"]
    output_bias: Float32[np.ndarray, "heads classes"]
    temperatures: Float32[np.ndarray, " heads"]
    log_prior_ratios: Float32[np.ndarray, "heads classes"]
    positive: int
    threshold: float

    @classmethod
    def of(
        cls,
        heads: Sequence[HeadWeights],
        calibrators: Sequence[Calibrator],
        *,
        positive: int,
        threshold: float,
    ) -> HeadStack:
        """Stack trained heads, each with its own calibrator.

        Args:
            heads: At least one, all of one shape.
            calibrators: One per head.
            positive: Index of the positive class.
            threshold: See the attribute.
        """
        scaled = [head.scale[:, np.newaxis] * head.hidden_kernel.astype(float) for head in heads]
        biases = [
            head.hidden_bias - head.mean.astype(float) @ kernel
            for head, kernel in zip(heads, scaled, strict=True)
        ]
        return cls(
            hidden_kernel=np.stack(scaled).astype(np.float32),
            hidden_bias=np.stack(biases).astype(np.float32),
            output_kernel=np.stack([head.output_kernel for head in heads]),
            output_bias=np.stack([head.output_bias for head in heads]),
            temperatures=np.array([c.temperature for c in calibrators], np.float32),
            log_prior_ratios=np.stack([c.log_prior_ratio for c in calibrators]).astype(np.float32),
            positive=positive,
            threshold=threshold,
        )

    @property
    def log_odds_threshold(self) -> float:
        """Log-odds of the positive class from which on it is called, but for `ROUNDING`."""
        return math.log(self.threshold) - math.log1p(-self.threshold)

    def log_probabilities(
        self, features: Float[np.ndarray, "films width"]
    ) -> Float[np.ndarray, "heads films classes"]:
        """Give the logarithm of each class's calibrated probability under each head."""
        layer = features.astype(np.float32) @ self.hidden_kernel
        layer = np.maximum(layer + self.hidden_bias[:, np.newaxis], 0)
        logits = layer @ self.output_kernel + self.output_bias[:, np.newaxis]
        scores = np.clip(log_softmax(logits.astype(float)), LOG_SMALLEST, LOG_LARGEST)
        tempered = scores / self.temperatures[:, np.newaxis, np.newaxis]
        return log_softmax(tempered + self.log_prior_ratios[:, np.newaxis])

    def probabilities(
        self, features: Float[np.ndarray, "films width"]
    ) -> Float[np.ndarray, "films classes"]:
        """Give each class's calibrated probability: the heads' logarithms averaged.

        Args:
            features: Pooled features of upright films.

        Returns:
            Rows that sum to 1.
        """
        return average_heads(self.log_probabilities(features))

    def log_odds(
        self, features: Float[np.ndarray, "films width"], label: int
    ) -> Float[np.ndarray, " films"]:
        """Give the log-odds of a class against all others, averaged over the heads.

        Args:
            features: Pooled features of upright films.
            label: Index of the class.
        """
        return mean_log_odds(self.log_probabilities(features), label)

    def reaches(
        self, log_probabilities: Float[np.ndarray, "heads films classes"]
    ) -> Bool[np.ndarray, " films"]:
        """Tell which films are called positive: their log-odds reach the threshold's."""
        odds = mean_log_odds(log_probabilities, self.positive)
        return np.asarray(odds >= self.log_odds_threshold - ROUNDING)


def average_heads(
    log_probabilities: Float[np.ndarray, "heads films classes"],
) -> Float[np.ndarray, "films classes"]:
    """Average logarithms of probabilities over the heads; rows sum to 1."""
    return np.asarray(np.exp(log_softmax(log_probabilities.mean(axis=0))))


def mean_log_odds(
    log_probabilities: Float[np.ndarray, "heads films classes"], label: int
) -> Float[np.ndarray, " films"]:
    """Average the log-odds of one class against all others over the heads."""
    others = np.delete(log_probabilities, label, axis=2)
    highest = others.max(axis=2, keepdims=True)
    against = highest[:, :, 0] + np.log(np.exp(others - highest).sum(axis=2))
    return np.asarray((log_probabilities[:, :, label] - against).mean(axis=0))


def log_softmax(logits: Float[np.ndarray, "*batch classes"]) -> Float[np.ndarray, "*batch classes"]:
    """Scale exponentials to sum to 1 over the last axis, and give their logarithms."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))

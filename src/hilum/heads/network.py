"""The head's network: what its weights are, how they start, what they say of a film.

Plain NumPy, so a trained head can be used without the engine that trained it.
How the weights are learned stands in `descent`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32


@dataclass(frozen=True)
class HeadWeights:
    """One head: standardise, dense ReLU layer, dense softmax layer.

    Attributes:
        mean: Subtracted from the features.
        scale: Multiplies the centred features; 0 where a feature is ignored.
        hidden_kernel: Weights of the ReLU layer.
        hidden_bias: Its biases.
        output_kernel: Weights of the softmax layer.
        output_bias: Its biases.
    """

    mean: Float32[np.ndarray, " width"]
    scale: Float32[np.ndarray, " width"]
    hidden_kernel: Float32[np.ndarray, "width hidden"]
    hidden_bias: Float32[np.ndarray, " hidden"]
    output_kernel: Float32[np.ndarray, "hidden classes"]
    output_bias: Float32[np.ndarray, " classes"]

    def predict_scores(
        self, features: Float[np.ndarray, "films width"]
    ) -> Float[np.ndarray, "films classes"]:
        """Give each film a probability per class; rows sum to 1."""
        standardised = (features - self.mean) * self.scale
        hidden = np.maximum(standardised @ self.hidden_kernel + self.hidden_bias, 0)
        logits = hidden @ self.output_kernel + self.output_bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def glorot_uniform(
    inputs: int, outputs: int, rng: np.random.Generator
) -> Float32[np.ndarray, "inputs outputs"]:
    """Draw a kernel whose outputs start with about the variance of its inputs.

    Source: Glorot and Bengio (2010), AISTATS 9:249-256, equation 16.
    """
    limit = np.sqrt(6.0 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)

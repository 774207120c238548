"""What a probability loses by what came: the Brier score and the log-loss.

Both are smallest for probabilities that are right, and reward telling the classes apart
as well; whether probabilities can be taken at their word is asked by `reliability`.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from hilum.errors import NoTrialsError
from hilum.evaluation.decisions import SMALLEST_PROBABILITY

# No film can lose more than this: the probability of what came is never taken as smaller.
LARGEST_LOG_LOSS = -math.log(SMALLEST_PROBABILITY)

# A mean of probabilities may miss 1 by this.
_ROUNDING = 1e-9


def brier_score(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> float:
    """Say how far the probabilities lie from what came.

    Args:
        is_positive: Which films are of the positive class.
        probability: Of the positive class, for each film.

    Returns:
        The mean squared distance: 0 is perfect, 0.25 is what a constant one half gets.

    Raises:
        NoTrialsError: There is no film.

    Source: Brier (1950), Monthly Weather Review 78:1-3, for two classes.
    """
    check_probabilities(probability)
    return float(np.mean(squared_distances(is_positive, probability)))


def log_loss(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> float:
    """Say how much what came surprises, given the probabilities.

    Args:
        is_positive: Which films are of the positive class.
        probability: Of the positive class, for each film; taken as 1e-7 away from 0 and 1 at
            least, so that a single film cannot make the loss infinite.

    Returns:
        The mean negative logarithm of the probability of what came, in nats.

    Raises:
        NoTrialsError: There is no film.

    Source: Good (1952), Journal of the Royal Statistical Society B 14:107-114.
    """
    check_probabilities(probability)
    return float(np.mean(log_losses(is_positive, probability)))


def squared_distances(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> Float[np.ndarray, " films"]:
    """Give each film's part of the Brier score."""
    return np.asarray((probability - is_positive) ** 2, dtype=np.float64)


def log_losses(
    is_positive: Bool[np.ndarray, " films"], probability: Float[np.ndarray, " films"]
) -> Float[np.ndarray, " films"]:
    """Give each film's part of the log-loss, in nats."""
    of_what_came = np.where(is_positive, probability, 1 - probability)
    return np.asarray(
        -np.log(np.clip(of_what_came, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY))
    )


def check_probabilities(probability: Float[np.ndarray, " films"]) -> None:
    """Refuse probabilities that are none, or that there are none of.

    Raises:
        NoTrialsError: There is no film.
        ValueError: One is not between 0 and 1, by more than rounding.
    """
    if len(probability) == 0:
        raise NoTrialsError(
            "The calibration of no films was asked for.",
            fix="Make sure that every class has at least one tested film.",
        )
    if not np.all((probability >= -_ROUNDING) & (probability <= 1 + _ROUNDING)):
        raise ValueError("probabilities must lie between 0 and 1")

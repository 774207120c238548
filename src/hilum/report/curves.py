"""The numbers behind the training curves, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

BAND_PERCENTILES = (10.0, 90.0)


@dataclass(frozen=True)
class EpochCurve:
    """One quantity against the epoch, over the heads that were still training.

    Attributes:
        epochs: Counted from 1.
        mean: Mean over the heads that reached the epoch.
        low: 10th percentile over the same heads.
        high: 90th percentile.
        heads: How many reached it.
    """

    epochs: Int[np.ndarray, " epochs"]
    mean: Float[np.ndarray, " epochs"]
    low: Float[np.ndarray, " epochs"]
    high: Float[np.ndarray, " epochs"]
    heads: Int[np.ndarray, " epochs"]


def epoch_curve(values: Float[np.ndarray, "heads epochs"]) -> EpochCurve:
    """Average the curves of many heads, epoch by epoch.

    Heads stop early. The last few to train are the odd ones, and their mean says
    little about the rest, so the curve ends with the last epoch that at least half
    of the heads reached.

    Args:
        values: Loss or accuracy; NaN after a head has stopped.

    Returns:
        The mean and the band that holds the middle 80 % of the heads.
    """
    heads = np.isfinite(values).sum(axis=0)
    enough = (2 * heads >= len(values)) & (heads > 0)
    length = len(enough) if enough.all() else int(np.argmin(enough))
    kept = np.where(np.isfinite(values), values, np.nan)[:, :length]
    if length == 0:
        nothing = np.empty(0)
        return EpochCurve(np.arange(0), nothing, nothing, nothing, heads[:0])
    low, high = np.nanpercentile(kept, BAND_PERCENTILES, axis=0)
    return EpochCurve(
        epochs=np.arange(1, length + 1),
        mean=np.nanmean(kept, axis=0),
        low=low,
        high=high,
        heads=heads[:length],
    )


def thinned(points: int, at_most: int = 400) -> Int[np.ndarray, " kept"]:
    """Choose evenly spaced points of a long curve; the first and the last stay.

    Args:
        points: Length of the curve, at least 1.
        at_most: Points to keep; more would not show on a screen.

    Returns:
        Indices, ascending.
    """
    if points <= at_most:
        return np.arange(points)
    return np.unique(np.linspace(0, points - 1, at_most).round().astype(np.int64))

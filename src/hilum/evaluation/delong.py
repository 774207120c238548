"""The covariance of AUROCs that stand on the same films.

DeLong's structural components, summed over groups first, so that several films of
one patient count as what they are. With one film per group it is DeLong's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.discrimination import place_positives


@dataclass(frozen=True)
class DelongAurocs:
    """AUROCs of several scores for the same films.

    Attributes:
        values: One AUROC per score.
        covariance: How they vary together from sample to sample.
        n_scarcest: Groups with positive films, or groups with others: the fewer.
    """

    values: Float[np.ndarray, " scores"]
    covariance: Float[np.ndarray, "scores scores"]
    n_scarcest: int


def delong_aurocs(
    is_positive: Bool[np.ndarray, " films"],
    y_scores: Float[np.ndarray, "scores films"],
    groups: Int[np.ndarray, " films"],
) -> DelongAurocs:
    """Compute AUROCs and how they vary together.

    Args:
        is_positive: Which films are of the positive class.
        y_scores: One row per score to be compared; higher means more likely positive.
        groups: Group of each film, any integers. A group may hold films of both sides.

    Returns:
        Values and covariance. A side that lies in one single group cannot show its
        variance: it adds none.

    Raises:
        NoTrialsError: One of the two sides has no film.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, with the
    sums over clusters of Obuchowski (1997), Biometrics 53:567-578.
    """
    # Turned round, a film of the other side outranks the positive films below it.
    beaten = np.stack([place_positives(is_positive, y_score) for y_score in y_scores])
    beating = np.stack([place_positives(~is_positive, -y_score) for y_score in y_scores])
    values = beaten.mean(axis=1)

    names, rows = np.unique(groups, return_inverse=True)
    sides = []
    n_groups_per_side = []
    for placements, is_side in ((beaten, is_positive), (beating, ~is_positive)):
        deviations = (placements - values[:, np.newaxis]) / placements.shape[1]
        sides.append(
            np.stack([np.bincount(rows[is_side], row, minlength=len(names)) for row in deviations])
        )
        n_groups_per_side.append(len(np.unique(rows[is_side])))
    of_positives, of_others = sides
    across = of_positives @ of_others.T
    covariance = (
        _unbiased(n_groups_per_side[0]) * (of_positives @ of_positives.T)
        + _unbiased(n_groups_per_side[1]) * (of_others @ of_others.T)
        + _unbiased(len(names)) * (across + across.T)
    )
    return DelongAurocs(values=values, covariance=covariance, n_scarcest=min(n_groups_per_side))


def _unbiased(n_groups: int) -> float:
    return n_groups / (n_groups - 1) if n_groups > 1 else 0.0

"""Figures on films from elsewhere, which need not hold every class.

Heads call among all classes that they were trained on. The films that they meet may be
healthy ones only: then there is a specificity, and no sensitivity and no AUROC.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.ranking import estimate_ranking
from hilum.evaluation.results import Estimate


def measure_elsewhere(
    y_true: Int[np.ndarray, " films"],
    scores: Float[np.ndarray, "films classes"],
    groups: Int[np.ndarray, " films"],
    *,
    positive: int,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> dict[str, Estimate]:
    """Measure what the films there are can tell, and leave out the rest.

    Args:
        y_true: Class index of each film; not every class need have one.
        scores: Probability of each class for each film; the highest is the call.
        groups: Group of each film; films of one group are alike.
        positive: Index of the positive class.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of auroc and average_precision.

    Returns:
        sensitivity and specificity, each where its side has films; accuracy (of all classes),
        auroc and average_precision where both have: of films of one side alone, the accuracy
        is the one or the other. Nothing where there is no film.

    Raises:
        ValueError: A score is not finite.
    """
    y_pred = np.argmax(scores, axis=1)
    is_positive, is_called = y_true == positive, y_pred == positive
    has_positives, has_others = bool(is_positive.any()), not is_positive.all()
    estimates = {}
    if has_positives and has_others:
        estimates["accuracy"] = clustered_proportion(y_true == y_pred, groups)
    if has_positives:
        estimates["sensitivity"] = clustered_proportion(is_called[is_positive], groups[is_positive])
    if has_others:
        estimates["specificity"] = clustered_proportion(
            ~is_called[~is_positive], groups[~is_positive]
        )
    if has_positives and has_others:
        estimates |= estimate_ranking(
            is_positive, scores[:, positive], groups, rng=rng, n_bootstraps=n_bootstraps
        )
    return estimates

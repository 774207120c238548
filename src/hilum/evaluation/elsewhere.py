"""Figures on films from elsewhere, which need not hold every class.

Heads call among all classes that they were trained on. The films that they meet may be
healthy ones only: then there is a specificity, and no sensitivity and no AUROC.
"""

from __future__ import annotations

import numpy as np

from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.ranking import estimate_ranking
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms


def measure_elsewhere(
    films: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int = 2000
) -> dict[str, Estimate]:
    """Measure what the films there are can tell, and leave out the rest.

    Args:
        films: The films; the class with the highest score is called.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of auroc and average_precision.

    Returns:
        sensitivity and specificity, each where its side has films; accuracy (of all classes),
        auroc and average_precision where both have: of films of one side alone, the accuracy
        is the one or the other. Nothing where there is no film.
    """
    is_positive, is_called, groups = films.is_positive, films.is_called, films.groups
    has_positives, has_others = bool(is_positive.any()), not is_positive.all()
    estimates = {}
    if has_positives and has_others:
        estimates["accuracy"] = clustered_proportion(films.y_true == films.y_pred, groups)
    if has_positives:
        estimates["sensitivity"] = clustered_proportion(is_called[is_positive], groups[is_positive])
    if has_others:
        estimates["specificity"] = clustered_proportion(
            ~is_called[~is_positive], groups[~is_positive]
        )
    if has_positives and has_others:
        estimates |= estimate_ranking(films, rng=rng, n_bootstraps=n_bootstraps)
    return estimates

"""What every metric means, defined once: for the films, a repeat, or a resample.

Sensitivity is the share of the positive class that was called so: where it is low,
ill people are missed. Specificity is the share of all others that was not: where
it is low, healthy people are alarmed. Accuracy mixes the two in the proportion in
which the cohort happens to hold them, so it is never shown without the others.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from hilum.evaluation.discrimination import weighted_auroc_scores
from hilum.evaluation.precision_recall import weighted_average_precision_scores
from hilum.evaluation.scored_films import ScoredFilms


def weighted_metrics(
    films: ScoredFilms, weights: Float[np.ndarray, "films resamples"]
) -> dict[str, Float[np.ndarray, " resamples"]]:
    """Compute all metrics of many resamples of the same films at once.

    Args:
        films: The films and their scores; the class with the highest is called.
        weights: How often each film stands in each resample; every resample holds
            films of every class.

    Returns:
        accuracy (of all classes), sensitivity, specificity, auroc and average_precision
        (the positive class against the rest). For more than two classes also the plain
        means over classes, each class against the rest: macro_sensitivity (also known as
        balanced accuracy), macro_specificity and macro_auroc. Fractions.

    Raises:
        NoTrialsError: A class has no film.
    """
    n_classes, positive = films.n_classes, films.positive
    ranked = range(n_classes) if n_classes > 2 else (positive,)
    aurocs = {
        k: weighted_auroc_scores(films.y_true == k, films.scores[:, k], weights) for k in ranked
    }

    # Classes by films, row by row in memory: a transposed view is a hundred times slower here.
    is_class = np.eye(n_classes)[:, films.y_true]
    is_called = np.eye(n_classes)[:, films.y_pred]
    n_films = is_class @ weights
    called = is_called @ weights
    hits = (is_class * is_called) @ weights
    everything = weights.sum(axis=0)
    others = everything - n_films
    sensitivities = hits / n_films
    specificities = (others - (called - hits)) / others

    metrics = {
        "accuracy": hits.sum(axis=0) / everything,
        "sensitivity": sensitivities[positive],
        "specificity": specificities[positive],
        "auroc": aurocs[positive],
        "average_precision": weighted_average_precision_scores(
            films.is_positive, films.y_score, weights
        ),
    }
    if n_classes > 2:
        metrics["macro_sensitivity"] = sensitivities.mean(axis=0)
        metrics["macro_specificity"] = specificities.mean(axis=0)
        metrics["macro_auroc"] = np.mean(list(aurocs.values()), axis=0)
    return metrics


def measure(films: ScoredFilms) -> dict[str, float]:
    """Compute all metrics of the films themselves, each film once.

    Returns:
        The metrics of `weighted_metrics`.

    Raises:
        NoTrialsError: A class has no film.
    """
    once = np.ones((len(films), 1))
    return {name: float(values[0]) for name, values in weighted_metrics(films, once).items()}

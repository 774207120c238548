"""One backbone's figures: what every metric means, and the interval that is right for it.

Sensitivity is the share of the positive class that was called so: where it is low, ill people
are missed. Specificity is the share of all others that was not: where it is low, healthy
people are alarmed. Accuracy mixes the two in the proportion in which the cohort happens to hold
them, so it is never shown without the others.

Proportions get exact binomial intervals, on fewer trials where films of one patient are alike;
the AUROC, the average precision and the averages over classes get a bootstrap over groups. All
say how far the figures would move with another cohort, on which heads were trained anew: heads of
folds share the films that train them with those that test them, and the variance is widened by
what that adds (`measure_inflation`). Films from elsewhere trained nothing, and add nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtri

from hilum.evaluation.discrimination import (
    bound_auroc,
    bound_average_precision,
    count_ranked_groups,
    delong_interval,
    estimate_ranking,
    inflation_of_part,
    measure_inflation,
    resampled_average_precision,
    trace_roc,
    weighted_auroc_scores,
    weighted_average_precision_scores,
)
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.resampling import bootstrap_groups, bound_by_resampling
from hilum.evaluation.results import Confusion, Estimate, Evaluation, Interval, Spread
from hilum.evaluation.scored_films import HeadScores, ScoredFilms


def evaluate(
    heads: HeadScores, *, rng: np.random.Generator, n_bootstraps: int = 2000
) -> Evaluation:
    """Say how well the heads call films that they were not trained on.

    Each film counts once: its scores are averaged over the repeats in which it was
    tested, and the class with the highest average is called.

    Args:
        heads: Their scores. Only the rows of a head's test films are read.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of the AUROC and of averages.

    Returns:
        The figures, their intervals, and their spread over repeats.

    Raises:
        NoTrialsError: A class has no tested film.
        ValueError: A score of a tested film is not finite.
    """
    tested, inflation = heads.tested(), measure_inflation(heads)
    repeats = [measure(repeat) for repeat in heads.tested_per_repeat()]
    return Evaluation(
        tested=tested,
        metrics=_estimate(tested, inflation, rng=rng, n_bootstraps=n_bootstraps),
        confusion=count_confusion(tested.is_positive, tested.is_called),
        confusion_matrix=count_matrix(tested.y_true, tested.y_pred, n_classes=tested.n_classes),
        roc=trace_roc(tested.is_positive, tested.y_score),
        repeats={name: _spread([figures[name] for figures in repeats]) for name in repeats[0]},
        inflation=inflation,
    )


def _estimate(
    films: ScoredFilms, inflation: float, *, rng: np.random.Generator, n_bootstraps: int
) -> dict[str, Estimate]:
    values = measure(films)
    y_true, groups, is_positive = films.y_true, films.groups, films.is_positive

    def statistics(
        weights: Float[np.ndarray, "tested resamples"],
    ) -> dict[str, Float[np.ndarray, " resamples"]]:
        figures = weighted_metrics(films, weights)
        figures["average_precision"] = resampled_average_precision(
            is_positive, films.y_score, weights
        )
        return figures

    resampled = bootstrap_groups(
        statistics, films, n_bootstraps=n_bootstraps, rng=rng, needs_every_class=True
    )
    n_scarcest = min(len(np.unique(groups[y_true == k])) for k in range(films.n_classes))

    is_called = films.is_called
    ranked = count_ranked_groups(films)
    estimates = {
        "accuracy": bound_side(y_true == films.y_pred, y_true >= 0, groups, inflation),
        "sensitivity": bound_side(is_called, is_positive, groups, inflation),
        "specificity": bound_side(~is_called, ~is_positive, groups, inflation),
        "auroc": bound_auroc(values["auroc"], resampled["auroc"], ranked, inflation=inflation),
        "average_precision": bound_average_precision(
            values["average_precision"],
            resampled["average_precision"],
            ranked,
            inflation=inflation,
        ),
    }
    also = {"auroc": {"delong": delong_interval(films, inflation=inflation)}}
    if ranked.n_groups < len(groups):
        alone = replace(films, groups=np.arange(len(groups)))
        single = estimate_ranking(alone, rng=rng, n_bootstraps=n_bootstraps, inflation=inflation)
        for name, estimate in single.items():
            interval = Interval(low=estimate.low, high=estimate.high)
            also.setdefault(name, {})["films_as_independent"] = interval
    for name, others in also.items():
        estimates[name] = replace(estimates[name], also={**estimates[name].also, **others})
    for name in values.keys() - estimates.keys():
        estimates[name] = bound_by_resampling(
            values[name],
            resampled[name],
            n_groups=ranked.n_groups,
            n_scarcest=n_scarcest,
            inflation=inflation,
        )
    return {name: estimates[name] for name in values}


def _spread(values: Sequence[float]) -> Spread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Spread(mean=float(np.mean(values)), sd=sd)


def bound_side(
    is_right: Bool[np.ndarray, " films"],
    is_side: Bool[np.ndarray, " films"],
    groups: Int[np.ndarray, " films"],
    inflation: float,
) -> Estimate:
    """Bound the share of one side's films that were called rightly, by heads of folds.

    Args:
        is_right: Which films were called rightly, were they all of this side.
        is_side: Which films are; at least one.
        groups: Group of each film.
        inflation: Factor on the variance of a figure of all these films.
    """
    return clustered_proportion(
        is_right[is_side],
        groups[is_side],
        inflation=inflation_of_calls(is_right, is_side, inflation),
    )


def inflation_of_calls(
    is_right: Bool[np.ndarray, " films"], is_side: Bool[np.ndarray, " films"], inflation: float
) -> float:
    """Say by how much folds widen the spread of a share of right calls.

    What chance moves in scores turns few calls where nearly all are right. Of two normal scores
    that are slightly correlated, calls are so by that correlation times the squared density at
    the threshold, over the variance of a call.

    Args:
        is_right: Which films were called rightly, were they all of this side.
        is_side: Which films are; at least one.
        inflation: Factor on the variance of a figure of all these films.

    Source: Pearson (1900), Philosophical Transactions A 195:1-47: the first term of the
    tetrachoric series.
    """
    share = float(is_right[is_side].mean())
    if share in (0, 1):
        return 1.0
    density = math.exp(-(float(ndtri(share)) ** 2) / 2) / math.sqrt(2 * math.pi)
    kept = density**2 / (share * (1 - share))
    part = inflation_of_part(inflation, int(is_side.sum()), len(is_side))
    return 1 + (part - 1) * kept


def external_metrics(
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
) -> dict[str, Estimate]:
    """Measure external films, which need not hold every class.

    Heads call among all classes that they were trained on. The films that they meet may be
    healthy ones only: then there is a specificity, and neither sensitivity nor AUROC.

    Args:
        films: The films; the class with the highest score is called.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of auroc and average_precision.
        inflation: 1 for films that trained none of the heads; else the factor on the
            variance of a figure of all these films.

    Returns:
        sensitivity and specificity, each where its side has films; accuracy (of all classes),
        auroc and average_precision where both sides have films, as otherwise the accuracy is
        the one or the other. Empty without films.
    """
    is_positive, is_called, groups = films.is_positive, films.is_called, films.groups
    has_positives, has_others = bool(is_positive.any()), not is_positive.all()
    estimates = {}
    if has_positives and has_others:
        is_right = films.y_true == films.y_pred
        estimates["accuracy"] = bound_side(is_right, films.y_true >= 0, groups, inflation)
    if has_positives:
        estimates["sensitivity"] = bound_side(is_called, is_positive, groups, inflation)
    if has_others:
        estimates["specificity"] = bound_side(~is_called, ~is_positive, groups, inflation)
    if has_positives and has_others:
        estimates |= estimate_ranking(
            films, rng=rng, n_bootstraps=n_bootstraps, inflation=inflation
        )
    return estimates


def measure(films: ScoredFilms) -> dict[str, float]:
    """Compute all metrics of the films themselves, each film once.

    Returns:
        The metrics of `weighted_metrics`.

    Raises:
        NoTrialsError: A class has no film.
    """
    once = np.ones((len(films), 1))
    return {name: float(values[0]) for name, values in weighted_metrics(films, once).items()}


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


def count_confusion(
    is_positive: Bool[np.ndarray, " films"], is_called: Bool[np.ndarray, " films"]
) -> Confusion:
    """Count the films by truth and call, the positive class against all others.

    Args:
        is_positive: Which films are of the positive class.
        is_called: Which films were called positive, in the same order.

    Returns:
        The four counts; together they are all the films.
    """
    return Confusion(
        tp=int(np.sum(is_positive & is_called)),
        fn=int(np.sum(is_positive & ~is_called)),
        tn=int(np.sum(~is_positive & ~is_called)),
        fp=int(np.sum(~is_positive & is_called)),
    )


def count_matrix(
    y_true: Int[np.ndarray, " films"], y_pred: Int[np.ndarray, " films"], *, n_classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Count the films by true class (rows) and called class (columns).

    Args:
        y_true: Class index of each film, 0 <= index < n_classes.
        y_pred: Class called for each film, in the same order and range.
        n_classes: Classes in the study, whether or not a film of each is here.

    Returns:
        The counts; the diagonal holds the films called rightly.
    """
    cells = np.bincount(y_true * n_classes + y_pred, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)

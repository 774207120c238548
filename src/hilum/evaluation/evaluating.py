"""One backbone's figures, each with the interval that is right for it.

Proportions get exact binomial intervals, on fewer trials where films of one patient are
alike; the AUROC, the average precision and the averages over classes get a bootstrap over
groups. All take the trained heads as given: they say how far the figures would move with
other films, not with another training run. That is told apart, by the spread over repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from hilum.cohort.splitting import Split
from hilum.evaluation.confusion import count_confusion, count_matrix
from hilum.evaluation.discrimination import trace_roc
from hilum.evaluation.metrics import measure, weighted_metrics
from hilum.evaluation.pooling import pool_each_repeat, pool_tested
from hilum.evaluation.precision_recall import resampled_average_precision
from hilum.evaluation.proportions import clustered_proportion
from hilum.evaluation.ranking import (
    bound_auroc,
    bound_average_precision,
    delong_interval,
    estimate_ranking,
)
from hilum.evaluation.resampling import bootstrap_groups, bound_by_resampling
from hilum.evaluation.results import Estimate, Evaluation, Interval, Spread
from hilum.evaluation.score_interval import count_ranked_groups


def evaluate(
    scores: Float[np.ndarray, "heads films classes"],
    y_true: Int[np.ndarray, " films"],
    splits: Sequence[Split],
    *,
    positive: int,
    groups: Int[np.ndarray, " films"],
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Evaluation:
    """Say how well the heads call films that they were not trained on.

    Each film counts once: its scores are averaged over the repeats in which it was
    tested, and the class with the highest average is called.

    Args:
        scores: Probability of each class for each film under each head. Only the
            rows of a head's test films are read.
        y_true: Class index of each film of the cohort.
        splits: Split h says which films head h tested.
        positive: Index of the positive class.
        groups: Group of each film of the cohort; films of one group are alike.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for the intervals of the AUROC and of averages.

    Returns:
        The figures, their intervals, and their spread over repeats.

    Raises:
        NoTrialsError: A class has no tested film.
        ValueError: There is not one split per head, or a score is not finite.
    """
    tested = pool_tested(scores, splits)
    y_tested, y_pred = y_true[tested.films], tested.y_pred
    repeats = [
        measure(y_true[repeat.films], repeat.scores, positive=positive)
        for repeat in pool_each_repeat(scores, splits)
    ]
    return Evaluation(
        films=tested.films,
        scores=tested.scores,
        y_pred=y_pred,
        metrics=_estimate(
            y_tested,
            tested.scores,
            groups[tested.films],
            positive=positive,
            rng=rng,
            n_bootstraps=n_bootstraps,
        ),
        confusion=count_confusion(y_tested, y_pred, positive=positive),
        confusion_matrix=count_matrix(y_tested, y_pred, n_classes=scores.shape[2]),
        roc=trace_roc(y_tested == positive, tested.scores[:, positive]),
        repeats={name: _spread([figures[name] for figures in repeats]) for name in repeats[0]},
    )


def _estimate(
    y_true: Int[np.ndarray, " tested"],
    scores: Float[np.ndarray, "tested classes"],
    groups: Int[np.ndarray, " tested"],
    *,
    positive: int,
    rng: np.random.Generator,
    n_bootstraps: int,
) -> dict[str, Estimate]:
    values = measure(y_true, scores, positive=positive)
    is_positive, y_score = y_true == positive, scores[:, positive]

    def statistics(
        weights: Float[np.ndarray, "tested resamples"],
    ) -> dict[str, Float[np.ndarray, " resamples"]]:
        figures = weighted_metrics(y_true, scores, weights, positive=positive)
        figures["average_precision"] = resampled_average_precision(is_positive, y_score, weights)
        return figures

    resampled = bootstrap_groups(
        statistics,
        y_true,
        groups,
        n_classes=scores.shape[1],
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    n_scarcest = min(len(np.unique(groups[y_true == k])) for k in range(scores.shape[1]))

    y_pred = np.argmax(scores, axis=1)
    is_called = y_pred == positive
    ranked = count_ranked_groups(is_positive, y_score, groups)
    estimates = {
        "accuracy": clustered_proportion(y_true == y_pred, groups),
        "sensitivity": clustered_proportion(is_called[is_positive], groups[is_positive]),
        "specificity": clustered_proportion(~is_called[~is_positive], groups[~is_positive]),
        "auroc": bound_auroc(values["auroc"], resampled["auroc"], ranked),
        "average_precision": bound_average_precision(
            values["average_precision"], resampled["average_precision"], ranked
        ),
    }
    also = {"auroc": {"delong": delong_interval(is_positive, y_score, groups)}}
    if ranked.n_groups < len(groups):
        single = estimate_ranking(
            is_positive, y_score, np.arange(len(groups)), rng=rng, n_bootstraps=n_bootstraps
        )
        for name, estimate in single.items():
            interval = Interval(low=estimate.low, high=estimate.high)
            also.setdefault(name, {})["films_as_independent"] = interval
    for name, others in also.items():
        estimates[name] = replace(estimates[name], also=others)
    for name in values.keys() - estimates.keys():
        estimates[name] = bound_by_resampling(
            values[name],
            resampled[name],
            n_groups=ranked.n_groups,
            n_scarcest=n_scarcest,
        )
    return {name: estimates[name] for name in values}


def _spread(values: Sequence[float]) -> Spread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Spread(mean=float(np.mean(values)), sd=sd)

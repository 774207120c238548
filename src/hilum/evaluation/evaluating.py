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
from jaxtyping import Float

from hilum.evaluation.confusion import count_confusion, count_matrix
from hilum.evaluation.discrimination import trace_roc
from hilum.evaluation.metrics import measure, weighted_metrics
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
    tested = heads.tested()
    y_true, y_pred, positive = tested.y_true, tested.y_pred, tested.positive
    repeats = [measure(repeat) for repeat in heads.tested_per_repeat()]
    return Evaluation(
        tested=tested,
        metrics=_estimate(tested, rng=rng, n_bootstraps=n_bootstraps),
        confusion=count_confusion(y_true, y_pred, positive=positive),
        confusion_matrix=count_matrix(y_true, y_pred, n_classes=tested.n_classes),
        roc=trace_roc(tested.is_positive, tested.y_score),
        repeats={name: _spread([figures[name] for figures in repeats]) for name in repeats[0]},
    )


def _estimate(
    films: ScoredFilms, *, rng: np.random.Generator, n_bootstraps: int
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
        "accuracy": clustered_proportion(y_true == films.y_pred, groups),
        "sensitivity": clustered_proportion(is_called[is_positive], groups[is_positive]),
        "specificity": clustered_proportion(~is_called[~is_positive], groups[~is_positive]),
        "auroc": bound_auroc(values["auroc"], resampled["auroc"], ranked),
        "average_precision": bound_average_precision(
            values["average_precision"], resampled["average_precision"], ranked
        ),
    }
    also = {"auroc": {"delong": delong_interval(films)}}
    if ranked.n_groups < len(groups):
        alone = replace(films, groups=np.arange(len(groups)))
        single = estimate_ranking(alone, rng=rng, n_bootstraps=n_bootstraps)
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

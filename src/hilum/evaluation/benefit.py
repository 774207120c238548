"""Net benefit: whether acting on the calls is worth its false alarms.

Whoever acts from a probability of 0.1 on takes 9 false alarms for one patient found.
The net benefit at 0.1 is therefore the share of films found less a ninth of the share
alarmed for nothing, and acting is worth it where that is above 0 (act on none), and
above what acting on all films gives.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit

from hilum.evaluation.decisions import DecisionCurve
from hilum.evaluation.resampling import bootstrap_groups
from hilum.evaluation.scored_films import ScoredFilms

_THRESHOLDS = np.arange(1, 100) / 100


def trace_net_benefit(
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    prevalence: float | None = None,
    n_bootstraps: int = 2000,
) -> DecisionCurve:
    """Weigh the films found against the false alarms, for every price of a false alarm.

    Args:
        films: With their calibrated probabilities.
        rng: Where the resamples come from.
        prevalence: Share of positive films where one would act, between 0 and 1; that of
            these films if not given. At another one, the odds of each film's probability
            are multiplied by how much larger the prevalence's odds are, since a model that
            is right here would be wrong there; sensitivity and specificity of the calls are
            then taken from these films.
        n_bootstraps: Resamples for the band.

    Returns:
        The curve at thresholds 0.01 to 0.99, with a pointwise band of the middle 95 % of the
        resamples. A film is acted on where its probability reaches the threshold.

    Raises:
        NoTrialsError: One of the two sides has no film.
        ValueError: The prevalence is out of range.

    Source: Vickers and Elkin (2006), Medical Decision Making 26:565-574.
    """
    is_positive, probability = films.is_positive, films.y_score
    own = float(np.mean(is_positive)) if len(is_positive) else math.nan
    if prevalence is not None and not 0 < prevalence < 1:
        raise ValueError(f"prevalence must lie between 0 and 1; got {prevalence}")
    shared = own if prevalence is None else prevalence
    if prevalence is not None and 0 < own < 1:
        with np.errstate(divide="ignore"):
            probability = expit(logit(probability) + logit(prevalence) - logit(own))
    price = _THRESHOLDS / (1 - _THRESHOLDS)
    acts = probability >= _THRESHOLDS[:, np.newaxis]
    finds, alarms = (acts & is_positive).astype(float), (acts & ~is_positive).astype(float)

    def net_benefit(
        weights: Float[np.ndarray, "films resamples"],
    ) -> Float[np.ndarray, "points resamples"]:
        positives, others = is_positive @ weights, ~is_positive @ weights
        share = positives / (positives + others) if prevalence is None else prevalence
        found = finds @ weights / positives * share
        alarmed = alarms @ weights / others * (1 - share)
        return np.asarray(found - price[:, np.newaxis] * alarmed)

    resampled = bootstrap_groups(
        lambda weights: dict(zip(map(str, _THRESHOLDS), net_benefit(weights), strict=True)),
        films,
        n_bootstraps=n_bootstraps,
        rng=rng,
    )
    model = net_benefit(np.ones((len(films), 1)))[:, 0]
    low, high = np.quantile(np.stack(list(resampled.values())), [0.025, 0.975], axis=1)
    return DecisionCurve(
        prevalence=shared,
        thresholds=_THRESHOLDS,
        model=model,
        low=np.minimum(low, model),
        high=np.maximum(high, model),
        act_on_all=shared - (1 - shared) * price,
    )

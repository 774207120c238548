"""What a call is worth: predictive values at a prevalence, and net benefit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import expit, logit, ndtri

from hilum.evaluation.resampling import bootstrap_groups
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms


@dataclass(frozen=True)
class PredictiveValues:
    """What a call means where the disease has a given prevalence.

    Attributes:
        prevalence: Share of positive films among all films, between 0 and 1.
        ppv: Share of the films called positive that are so.
        npv: Share of the films not called positive that are not.
    """

    prevalence: float
    ppv: Estimate
    npv: Estimate


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit of acting on the calls, for every price of a false alarm.

    Attributes:
        prevalence: Share of positive films for which it holds.
        thresholds: Probabilities from which on one would act, ascending.
        model: Net benefit of acting where the model says so, per film.
        low: Lower bound of it (95 %).
        high: Upper bound.
        act_on_all: Net benefit of acting on every film. Acting on none has 0.
    """

    prevalence: float
    thresholds: Float[np.ndarray, " points"]
    model: Float[np.ndarray, " points"]
    low: Float[np.ndarray, " points"]
    high: Float[np.ndarray, " points"]
    act_on_all: Float[np.ndarray, " points"]


_Z = float(ndtri(0.975))


def predictive_values(
    sensitivity: float,
    specificity: float,
    *,
    n_positives: float,
    n_others: float,
    prevalence: float,
) -> PredictiveValues:
    """Turn sensitivity and specificity into what calls mean at a prevalence.

    The intervals are symmetric on the scale of the logit, with the prevalence as given and
    the two figures as independent. Where a value is 0 or 1, its logit does not exist, and
    where every film or none is so called, it shows no uncertainty; both
    figures are then drawn towards one half by z²/2 films called rightly and as many called
    wrongly, as in the source, and the interval is widened to hold the value.

    Args:
        sensitivity: Share of the positive films that were called so.
        specificity: Share of the others that were not.
        n_positives: Positive films; where films of a patient are alike, how many independent
            ones they are worth (`effective_trials`).
        n_others: Other films, likewise.
        prevalence: Share of positive films where the calls will be made, between 0 and 1.

    Returns:
        Both values. The ppv is NaN where no film at all is called positive, the npv where
        every film is, and both where a side has no films.

    Raises:
        ValueError: A share or the prevalence is out of range.

    Source: Mercaldo, Lau and Zhou (2007), Statistics in Medicine 26:2170-2183.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence must lie between 0 and 1; got {prevalence}")
    if n_positives == 0 or n_others == 0:
        nothing = Estimate(math.nan, math.nan, math.nan, "no films")
        return PredictiveValues(prevalence, ppv=nothing, npv=nothing)
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise ValueError(
            f"shares must lie between 0 and 1; got sensitivity {sensitivity}, "
            f"specificity {specificity}"
        )
    odds = prevalence / (1 - prevalence)
    return PredictiveValues(
        prevalence=prevalence,
        ppv=_estimate(sensitivity, n_positives, 1 - specificity, n_others, odds),
        npv=_estimate(specificity, n_others, 1 - sensitivity, n_positives, 1 / odds),
    )


def _estimate(right: float, n_right: float, wrong: float, n_wrong: float, odds: float) -> Estimate:
    """Estimate the share of right calls among all calls of one kind.

    Args:
        right: Share called so of the side for which it is right.
        n_right: Films of that side.
        wrong: Share called so of the other side.
        n_wrong: Films of the other side.
        odds: Films of the first side for each one of the other, where the calls are made.
    """
    if right == 0 and wrong == 0:
        return Estimate(math.nan, math.nan, math.nan, "no film is so called")
    value = right * odds / (right * odds + wrong)
    method = f"logit, {n_right:.0f} and {n_wrong:.0f} films"
    if right == 0 or wrong == 0 or right == wrong == 1:
        method = f"adjusted {method}"
        right, n_right = _draw_in(right, n_right)
        wrong, n_wrong = _draw_in(wrong, n_wrong)
    middle = math.log(right * odds / wrong)
    reach = _Z * math.sqrt((1 - right) / (right * n_right) + (1 - wrong) / (wrong * n_wrong))
    low, high = float(expit(middle - reach)), float(expit(middle + reach))
    return Estimate(value, min(low, value), max(high, value), method)


def _draw_in(share: float, n_films: float) -> tuple[float, float]:
    n_more = n_films + _Z**2
    return (share * n_films + _Z**2 / 2) / n_more, n_more


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

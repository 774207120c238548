"""What a call means where the disease is rarer or more common than in the cohort.

Sensitivity and specificity are taken to travel; predictive values do not, as they hang
on the prevalence. With 95 % of both, a positive call is right 95 times in 100 where
half of the films are ill, and 16 times where 1 in 100 is.
"""

from __future__ import annotations

import math

from scipy.special import expit, ndtri

from hilum.evaluation.decisions import PredictiveValues
from hilum.evaluation.results import Estimate

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

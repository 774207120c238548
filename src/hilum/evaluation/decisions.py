"""What one backbone's scores are worth once something is decided by them.

Whatever is chosen (temperatures, thresholds) is chosen on validation films, head by head;
every figure comes from the films that the head tested.

Sensitivity and specificity are taken to hold elsewhere. Predictive values do not, as they
depend on the prevalence: with 95 % of both, a positive call is right 95 times in 100 where half
of the films are ill, and 16 times where 1 in 100 is. Net benefit weighs the calls: acting from
a probability of 0.1 on accepts 9 false alarms for one patient found, so the net benefit at 0.1
is the share of films found less a ninth of the share alarmed for nothing. Acting is worth it
where that is above 0 (act on none) and above what acting on all films gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, logit

from hilum.evaluation.calibration import calibrate_heads, measure_calibration, pool_calibrated
from hilum.evaluation.discrimination import NORMAL_REACH, measure_inflation
from hilum.evaluation.metrics import inflation_of_calls
from hilum.evaluation.operating_point import call_tested, head_thresholds, judge_again, judge_calls
from hilum.evaluation.proportions import effective_trials
from hilum.evaluation.resampling import bootstrap_groups
from hilum.evaluation.results import (
    Calibration,
    DecisionCurve,
    Decisions,
    Estimate,
    NetBenefit,
    OperatingPoint,
    OperatingPolicy,
    PredictiveValues,
)
from hilum.evaluation.scored_films import HeadScores, ScoredFilms


def decide(
    heads: HeadScores,
    policy: OperatingPolicy,
    prevalences: Sequence[float],
    *,
    balances_classes: bool,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
) -> Decisions:
    """Calibrate heads, fix an operating point, and say what both are worth.

    Args:
        heads: Their scores. Of each head, the rows of its validation and test films are read;
            it validates on films that it does not test.
        policy: How a threshold is chosen.
        prevalences: For which predictive values are wanted, each between 0 and 1.
        balances_classes: Whether the heads were trained as if all classes had equally many
            films.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for each interval.

    Returns:
        Everything, on the films that were tested.

    Raises:
        NoTrialsError: The positive class, or the rest, has no tested film, or too few
            validation films for the policy.
        ValueError: A split has no validation films or tests some of them, or a score or
            prevalence is out of range.
    """
    calibrators, probabilities = calibrate_heads(heads, balances_classes=balances_classes)
    tested = heads.tested()
    thresholds = head_thresholds(probabilities, policy)
    is_called = call_tested(probabilities, thresholds)
    inflation = measure_inflation(heads)
    point = judge_calls(tested, is_called, thresholds, policy, inflation=inflation)
    decisions = _judge(
        point,
        point.threshold,
        tested,
        pool_calibrated(probabilities).scores,
        is_called,
        prevalences,
        inflation=inflation,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )
    values = np.array([threshold.value for threshold in thresholds])
    return replace(decisions, calibrators=calibrators, thresholds=values)


def decide_as_chosen(
    decisions: Sequence[Decisions],
    chosen: Int[np.ndarray, " tested"],
    films: ScoredFilms,
    prevalences: Sequence[float],
    *,
    rng: np.random.Generator,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
) -> Decisions:
    """Let every film be decided by the backbone that was chosen for it.

    Args:
        decisions: Of each backbone, all by one policy and on the same films.
        chosen: Place of each film's backbone among `decisions`.
        films: With the uncalibrated scores of each film under its backbone.
        prevalences: For which predictive values are wanted, each between 0 and 1.
        rng: Where the resamples come from.
        n_bootstraps: Resamples for each interval.
        inflation: Factor on the variance for heads that were trained on folds
            (`measure_inflation`).

    Returns:
        Everything, without calibrators and thresholds: those are the backbones'. The
        operating point's threshold is NaN; net benefit is weighed by the price that the
        mean log-odds of the films' thresholds set.

    Raises:
        NoTrialsError: The positive class, or the rest, has no film.
        ValueError: A prevalence is out of range.
    """
    places = np.arange(len(chosen))
    is_called = np.stack([of_one.is_called for of_one in decisions])[chosen, places]
    point = judge_again(decisions[0].operating_point, films, is_called, inflation=inflation)
    thresholds = np.array([of_one.operating_point.threshold for of_one in decisions])
    return _judge(
        replace(point, threshold=math.nan, threshold_sd=math.nan),
        float(expit(logit(thresholds[chosen]).mean())),
        films,
        np.stack([of_one.probabilities for of_one in decisions])[chosen, places],
        is_called,
        prevalences,
        inflation=inflation,
        rng=rng,
        n_bootstraps=n_bootstraps,
    )


def _judge(
    point: OperatingPoint,
    threshold: float,
    films: ScoredFilms,
    probabilities: Float[np.ndarray, "tested classes"],
    is_called: Bool[np.ndarray, " tested"],
    prevalences: Sequence[float],
    *,
    inflation: float,
    rng: np.random.Generator,
    n_bootstraps: int,
) -> Decisions:
    """Say what probabilities and calls are worth on the tested films."""
    is_positive, groups = films.is_positive, films.groups
    calibrated = replace(films, scores=probabilities)
    n_positives, n_others = (
        effective_trials(is_right[is_side], groups[is_side])
        / inflation_of_calls(is_right, is_side, inflation)
        for is_right, is_side in ((is_called, is_positive), (~is_called, ~is_positive))
    )
    return Decisions(
        calibrators=(),
        thresholds=np.empty(0),
        probabilities=probabilities,
        is_called=is_called,
        calibration=Calibration(
            *(
                measure_calibration(scored, rng=rng, n_bootstraps=n_bootstraps, inflation=inflation)
                for scored in (films, calibrated)
            )
        ),
        operating_point=point,
        predictive_values=tuple(
            predictive_values(
                point.sensitivity.value,
                point.specificity.value,
                n_positives=n_positives,
                n_others=n_others,
                prevalence=prevalence,
            )
            for prevalence in prevalences
        ),
        decision_curve=trace_net_benefit(
            calibrated, rng=rng, n_bootstraps=n_bootstraps, inflation=inflation
        ),
        net_benefit=weigh_calls(
            point.sensitivity, point.specificity, float(is_positive.mean()), threshold
        ),
    )


def weigh_calls(
    sensitivity: Estimate, specificity: Estimate, prevalence: float, threshold: float
) -> NetBenefit:
    """Weigh the films that calls find against the false alarms, at one price.

    The bounds come from those of sensitivity and specificity, so that they are as wide as
    these, over patients and folds as well, and have width where every call was right.

    Args:
        sensitivity: Of the calls.
        specificity: Of the calls.
        prevalence: Share of positive films, between 0 and 1.
        threshold: The probability that sets the price, between 0 and 1.

    Raises:
        ValueError: A share is out of range.

    Source: Vickers and Elkin (2006), Medical Decision Making 26:565-574; Zou and Donner
    (2008), Statistics in Medicine 27:1693-1702, for the interval of a sum.
    """
    if not (0 < prevalence < 1 and 0 < threshold < 1):
        raise ValueError(
            f"prevalence and threshold must lie between 0 and 1; got {prevalence}, {threshold}"
        )
    price = threshold / (1 - threshold)
    find, alarm = prevalence, (1 - prevalence) * price
    act_on_all = find - alarm

    def weigh(rate: float, spared: float) -> float:
        return find * rate - alarm * (1 - spared)

    value = weigh(sensitivity.value, specificity.value)
    below, above = (
        math.hypot(
            find * (getattr(sensitivity, end) - sensitivity.value),
            alarm * (getattr(specificity, end) - specificity.value),
        )
        for end in ("low", "high")
    )
    method = "from the intervals of sensitivity and specificity (MOVER), films mixed as here"
    return NetBenefit(
        threshold=threshold,
        model=Estimate(value, value - below, value + above, method),
        act_on_all=act_on_all,
        over_all=Estimate(
            value - act_on_all, value - act_on_all - below, value - act_on_all + above, method
        ),
    )


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
        ppv=_estimate_value(sensitivity, n_positives, 1 - specificity, n_others, odds),
        npv=_estimate_value(specificity, n_others, 1 - sensitivity, n_positives, 1 / odds),
    )


def _estimate_value(
    right: float, n_right: float, wrong: float, n_wrong: float, odds: float
) -> Estimate:
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
        right, n_right = _draw_to_half(right, n_right)
        wrong, n_wrong = _draw_to_half(wrong, n_wrong)
    middle = math.log(right * odds / wrong)
    reach = NORMAL_REACH * math.sqrt(
        (1 - right) / (right * n_right) + (1 - wrong) / (wrong * n_wrong)
    )
    low, high = float(expit(middle - reach)), float(expit(middle + reach))
    return Estimate(value, min(low, value), max(high, value), method)


def _draw_to_half(share: float, n_films: float) -> tuple[float, float]:
    n_more = n_films + NORMAL_REACH**2
    return (share * n_films + NORMAL_REACH**2 / 2) / n_more, n_more


_THRESHOLDS = np.arange(1, 100) / 100


def trace_net_benefit(
    films: ScoredFilms,
    *,
    rng: np.random.Generator,
    prevalence: float | None = None,
    n_bootstraps: int = 2000,
    inflation: float = 1.0,
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
        inflation: Factor on the variance for heads that were trained on folds.

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
    reach = math.sqrt(inflation)
    return DecisionCurve(
        prevalence=shared,
        thresholds=_THRESHOLDS,
        model=model,
        low=model - reach * np.maximum(model - low, 0),
        high=model + reach * np.maximum(high - model, 0),
        act_on_all=shared - (1 - shared) * price,
    )

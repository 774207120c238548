"""The frozen results that leave this room: plain numbers and arrays, loaded without SciPy.

One rule says what stands here: every type that other rooms hold, apart from `ScoredFilms` and
`HeadScores`, which come in. So a bundle, a saved run or a report can hold results without
loading what computes them. A type that only functions of this room hand each other stands
beside these functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from hilum.evaluation.scored_films import ScoredFilms


@dataclass(frozen=True)
class Interval:
    """Lower and upper bound of a quantity, as fractions."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """One figure with its 95 % interval and how the interval was made.

    Attributes:
        value: The figure.
        low: Lower bound.
        high: Upper bound.
        method: How the bounds were made.
        also: Other intervals for the same figure, by method: `wilson`, `delong`, and
            `films_as_independent` where films of one patient were taken together, to show
            what ignoring that would have claimed; `heads_as_given` likewise where the heads
            were trained on folds of the same films.
    """

    value: float
    low: float
    high: float
    method: str
    also: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class Confusion:
    """Films by truth and call, the positive class against all others."""

    tp: int
    fn: int
    tn: int
    fp: int


@dataclass(frozen=True)
class RocCurve:
    """The receiver operating characteristic, from (0, 0) to (1, 1)."""

    false_positive_rate: Float[np.ndarray, " points"]
    true_positive_rate: Float[np.ndarray, " points"]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of a metric over repeats.

    This is how much the figure moves when the folds are drawn anew on the same
    films; NaN for a single repeat. The sampling uncertainty is another thing: the interval
    shows it.
    """

    mean: float
    sd: float


@dataclass(frozen=True)
class Evaluation:
    """How well one backbone's heads call films that they were not trained on.

    Attributes:
        tested: The films that were tested at least once; each counts once, its scores
            averaged over the repeats.
        metrics: accuracy, sensitivity, specificity, auroc, and for more than two
            classes the macro averages.
        confusion: The positive class against the rest.
        confusion_matrix: Films by true class (rows) and called class (columns).
        roc: The positive class against the rest.
        repeats: The same metrics for one repeat alone: mean and spread.
        inflation: By what the variance of figures of all tested films was multiplied, as
            heads were trained on folds of the same films (`measure_inflation`); 1 where
            they were not.
    """

    tested: ScoredFilms
    metrics: Mapping[str, Estimate]
    confusion: Confusion
    confusion_matrix: Int[np.ndarray, "classes classes"]
    roc: RocCurve
    repeats: Mapping[str, Spread]
    inflation: float = 1.0

    @property
    def films(self) -> Int[np.ndarray, " tested"]:
        """Rows of the cohort that were tested at least once, ascending."""
        return self.tested.films

    @property
    def scores(self) -> Float[np.ndarray, "tested classes"]:
        """Probability of each class for each of `films`."""
        return self.tested.scores

    @property
    def y_pred(self) -> Int[np.ndarray, " tested"]:
        """The class called for each of `films`: the one with the highest score."""
        return self.tested.y_pred


SMALLEST_PROBABILITY = 1e-7
"""A softmax in single precision cannot tell surer scores apart: 1 - 1e-7 is its last step
below 1. A score of exactly 0 or 1 counts as this far from it."""


@dataclass(frozen=True)
class Calibrator:
    """Turns one head's scores into probabilities for films mixed as in the cohort.

    The scores' logarithms are divided by the temperature, the logarithms of the prior
    ratio are added, and the result is scaled to sum to 1.

    Attributes:
        temperature: Above 1 where the head was too sure, below 1 where it was too timid.
        log_prior_ratio: Per class, the logarithm of its share of the films less that of the
            share for which the head was trained: heads that balance classes were trained for
            equal shares. All 0 where both are the same.
    """

    temperature: float
    log_prior_ratio: Float[np.ndarray, " classes"]


@dataclass(frozen=True)
class Reliability:
    """Films in bins of like probability: what was said, and what came.

    Attributes:
        probability: Mean probability of the positive class in each bin.
        share_positive: Share of positive films in each bin.
        low: Lower bound of that share (95 %).
        high: Upper bound.
        n_films: Films in each bin.
    """

    probability: Float[np.ndarray, " bins"]
    share_positive: Float[np.ndarray, " bins"]
    low: Float[np.ndarray, " bins"]
    high: Float[np.ndarray, " bins"]
    n_films: Int[np.ndarray, " bins"]


@dataclass(frozen=True)
class Recalibration:
    """How log-odds would have to be bent and shifted to be right: logistic recalibration.

    Attributes:
        slope: Calibration slope: by what log-odds are to be multiplied, beside a free
            intercept. 1 is right, less says that probabilities are too extreme, more that
            they are too timid. None where a threshold parts the classes without fault, or all
            films have one probability: no slope fits best then.
        intercept: Calibration-in-the-large: what is to be added to log-odds, the slope left
            at 1. 0 is right, less says that probabilities are too high on the whole.
    """

    slope: Estimate | None
    intercept: Estimate


@dataclass(frozen=True)
class CalibrationFigures:
    """How far probabilities can be believed.

    Attributes:
        brier_score: Mean squared distance of the probability of the positive class from
            what came: 0 is perfect.
        log_loss: Mean negative logarithm of the probability of what came, in nats.
        calibration_error: Mean distance between probability and share of positive films
            over bins of equally many films, weighted by their films.
        error_by_chance: The calibration error below which exactly right probabilities stay in 95 of
            100 cohorts of this size: an error under it shows nothing.
        reliability: The bins.
        recalibration: Calibration slope and intercept; None where they were not asked for.
    """

    brier_score: Estimate
    log_loss: Estimate
    calibration_error: Estimate
    error_by_chance: float
    reliability: Reliability
    recalibration: Recalibration | None = None


@dataclass(frozen=True)
class Calibration:
    """Probabilities before and after calibration, on the same test films.

    Calibration is a temperature per head, and the cohort's mixture of classes where the heads
    were trained for equal shares.

    Attributes:
        before: Of the scores as the heads give them.
        after: Of the calibrated probabilities.
    """

    before: CalibrationFigures
    after: CalibrationFigures


PolicyKind = Literal["sensitivity", "specificity", "youden"]


@dataclass(frozen=True)
class OperatingPolicy:
    """By which rule a threshold is chosen on validation films.

    Attributes:
        kind: Reach a sensitivity, reach a specificity, or make the sum of both the largest.
        target: What is to be reached, between 0 and 1; None for `youden`.
    """

    kind: PolicyKind = "sensitivity"
    target: float | None = 0.95


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold that was fixed on validation films, and what it did on test films.

    Each head has a threshold from its own validation films. A test film is called
    positive where its calibrated probability reaches the threshold, both averaged as
    log-odds over the heads that tested it.

    Attributes:
        policy: The rule.
        threshold: The calibrated probability from which on a film is called positive, the
            heads' log-odds averaged.
        threshold_sd: How far the heads' thresholds lie apart; NaN for a single head.
        n_validation: Validation films of the side that the rule speaks of, the median over
            the heads: positives for a sensitivity, others for a specificity, the scarcer
            side for `youden`.
        promised: The share that the rule can promise for new films with so few validation
            films, where that is below its target; None where it can promise the target.
        confusion: Calls of the test films.
        accuracy: Of the test films.
        sensitivity: Of the test films.
        specificity: Of the test films.
    """

    policy: OperatingPolicy
    threshold: float
    threshold_sd: float
    n_validation: int
    promised: float | None
    confusion: Confusion
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate


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


@dataclass(frozen=True)
class NetBenefit:
    """What the calls of an operating point are worth, by the price that its threshold sets.

    Per film, in films found: who acts from a probability t on accepts (1 - t) / t false alarms
    for one find. For films mixed as these are.

    Attributes:
        threshold: The probability that sets the price.
        model: Of acting on the calls. Acting on no film has 0.
        act_on_all: Of acting on every film.
        over_all: `model` less `act_on_all`.
    """

    threshold: float
    model: Estimate
    act_on_all: float
    over_all: Estimate


@dataclass(frozen=True)
class Decisions:
    """What one backbone's scores are worth once something is decided by them.

    Attributes:
        calibrators: One per head, fitted on its own validation films. Empty where every film
            has those of the backbone that was chosen for it.
        thresholds: One per head or none, likewise: the calibrated probability of the positive
            class from which on the head calls a film positive.
        probabilities: Calibrated probability of each class for each film of the
            evaluation, the logarithms averaged over the repeats and scaled to sum to 1.
        is_called: Which of these films reach the threshold.
        calibration: Whether the probabilities can be believed.
        operating_point: From which probability on a film is called positive.
        predictive_values: What the calls of that point mean, for several prevalences.
        decision_curve: Whether acting on the probabilities is better than not acting.
        net_benefit: Whether acting on the calls of the operating point is; None where it was
            not weighed.
    """

    calibrators: tuple[Calibrator, ...]
    thresholds: Float[np.ndarray, " heads"]
    probabilities: Float[np.ndarray, "tested classes"]
    is_called: Bool[np.ndarray, " tested"]
    calibration: Calibration
    operating_point: OperatingPoint
    predictive_values: tuple[PredictiveValues, ...]
    decision_curve: DecisionCurve
    net_benefit: NetBenefit | None = None


@dataclass(frozen=True)
class NestedPick:
    """The figures of a choice that was made anew for every film, without that film.

    For each film the backbone is chosen that does best on the validation films of the
    heads which tested it, and its scores for the film are taken. None of these heads was
    trained or validated on the film, or on any of its group: no film helped to choose who
    judges it.

    Attributes:
        evaluation: The figures of the chosen scores.
        times_chosen: For how many tested films each backbone was chosen, by name.
        decisions: What the chosen scores are worth once something is decided by them, every
            film by the calibrators and thresholds of its backbone; None where only the scores
            are wanted.
    """

    evaluation: Evaluation
    times_chosen: Mapping[str, int]
    decisions: Decisions | None = None


@dataclass(frozen=True)
class PairedComparison:
    """Two backbones on the same films.

    Attributes:
        a: Name of the first backbone.
        b: Name of the second backbone.
        accuracy_difference: Accuracy of `a` less that of `b`.
        auroc_difference: AUROC of `a` less that of `b`.
        mcnemar_p: Exact McNemar test on the calls; a group of several films counts once.
        delong_p: DeLong test on the AUROC, with the variance of clustered data, and that of
            heads trained on folds where these were.
        mcnemar_p_films: As `mcnemar_p` with every film as a group of its own; None where each
            is one. What decides is the test by groups.
        delong_p_films: Likewise.
        adjusted_p: `mcnemar_p` after Holm's correction over both tests of all pairs.
        adjusted_delong_p: `delong_p` after the same correction.
        films_needed: How many tested films, mixed and grouped as here, would show the
            difference with 80 % power at the 5 % level for all tests together, if it is as
            large as it was here: the fewer of what either test needs. None where the pair is
            not tied, or the figures are equal, so that no number of films is known to show
            anything.
        tied: Neither test shows a difference: `adjusted_p` and `adjusted_delong_p` are both
            above 0.05. Calling any pair different by chance is so held to 5 % in all.
    """

    a: str
    b: str
    accuracy_difference: float
    auroc_difference: float
    mcnemar_p: float
    delong_p: float
    adjusted_p: float
    tied: bool
    adjusted_delong_p: float = float("nan")
    films_needed: int | None = None
    mcnemar_p_films: float | None = None
    delong_p_films: float | None = None


@dataclass(frozen=True)
class OverlapDifference:
    """The accuracy of b less that of a, and where it comes from.

    Attributes:
        right_a: Films that a called rightly.
        tested_a: Films that a tested.
        right_b: Films that b called rightly.
        tested_b: Films that b tested.
        difference: Accuracy of b less that of a, as a fraction.
        low: Lower bound of the difference, at 95 %.
        high: Upper bound.
        shared: Films that both tested.
        only_a: Shared films that a alone called rightly.
        only_b: Shared films that b alone called rightly.
        mcnemar_p: Exact McNemar test on the shared films, a group of several counting
            once; 1 where none is shared.
        calls: The part of the difference that the calls on the shared films make.
        draw: The rest: a and b were tested on different films.
    """

    right_a: int
    tested_a: int
    right_b: int
    tested_b: int
    difference: float
    low: float
    high: float
    shared: int
    only_a: int
    only_b: int
    mcnemar_p: float
    calls: float
    draw: float


@dataclass(frozen=True)
class Subgroup:
    """The films of one level of an attribute.

    Attributes:
        level: Such as `F`, `40-64` or `AP`.
        n_films: Tested films.
        n_positives: Those of the positive class.
        n_groups: Patients, or groups of films that belong together.
        auroc: None where one of the two sides has no film.
        sensitivity: None without positive films.
        specificity: None without others.
        is_small: Too few groups on a side for its figures to say much.
        recalibration: Calibration slope and intercept; None where the subgroup is small, or
            no calibrated probabilities are known.
    """

    level: str
    n_films: int
    n_positives: int
    n_groups: int
    auroc: Estimate | None
    sensitivity: Estimate | None
    specificity: Estimate | None
    is_small: bool
    recalibration: Recalibration | None = None


@dataclass(frozen=True)
class SubgroupComparison:
    """One attribute: its levels, and whether they differ.

    Attributes:
        attribute: `sex`, `age`, `view` or `source`.
        subgroups: The levels, in a fixed order.
        n_unknown: Tested films whose attribute is unknown.
        p_auroc: p that the AUROC is the same on all levels that have one; NaN where fewer
            than two do.
        p_sensitivity: Likewise.
        p_specificity: Likewise.
        adjusted_p: The smallest of the three after Holm's correction over all tests of all
            attributes; NaN where there is none.
        is_at_operating_point: Sensitivity and specificity are of the calls at the operating
            point; otherwise of those by the highest score.
        p_auroc_films: As `p_auroc` with every film as a group of its own; None where each is
            one. What decides is the test by groups.
        p_sensitivity_films: Likewise.
        p_specificity_films: Likewise.
    """

    attribute: str
    subgroups: tuple[Subgroup, ...]
    n_unknown: int
    p_auroc: float
    p_sensitivity: float
    p_specificity: float
    adjusted_p: float
    is_at_operating_point: bool = False
    p_auroc_films: float | None = None
    p_sensitivity_films: float | None = None
    p_specificity_films: float | None = None


@dataclass(frozen=True)
class StratifiedAuroc:
    """The AUROC over pairs of films that agree in an attribute.

    Attributes:
        n_films: Films in strata that hold both sides.
        auroc: Over pairs within strata.
        crude: Over all pairs of the same films.
        fall: `crude` less `auroc`.
    """

    n_films: int
    auroc: Estimate
    crude: Estimate
    fall: Estimate

"""What the evaluation hands on: frozen results, made of plain numbers and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

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
            what ignoring that would have claimed.
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
class Spread:
    """Mean and standard deviation of a metric over repeats.

    This is how much the figure moves when the folds are drawn anew on the same
    films; NaN for a single repeat, which tells nothing of it. It is no sampling
    uncertainty: that is the interval's part.
    """

    mean: float
    sd: float


@dataclass(frozen=True)
class RocCurve:
    """The receiver operating characteristic, from (0, 0) to (1, 1)."""

    false_positive_rate: Float[np.ndarray, " points"]
    true_positive_rate: Float[np.ndarray, " points"]


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
    """

    tested: ScoredFilms
    metrics: Mapping[str, Estimate]
    confusion: Confusion
    confusion_matrix: Int[np.ndarray, "classes classes"]
    roc: RocCurve
    repeats: Mapping[str, Spread]

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

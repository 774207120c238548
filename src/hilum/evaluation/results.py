"""What the evaluation hands on: frozen results, made of plain numbers and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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

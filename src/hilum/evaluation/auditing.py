"""What a published table is worth, once the test set behind it is known.

Intervals, paired tests and predictive values follow from the counts. Where the
printed digits leave several counts open, each figure is a range over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Literal

from hilum.evaluation.comparing import SIGNIFICANCE_LEVEL, adjust_holm
from hilum.evaluation.discordance import mcnemar_bounds
from hilum.evaluation.proportions import clopper_pearson
from hilum.evaluation.published import Manner, PublishedRow, PublishedTable
from hilum.evaluation.reaching import RowCounts, SetSize, possible_counts
from hilum.evaluation.results import Interval

_CONFIDENCE_LEVEL = 0.95

PairVerdict = Literal["tied", "differ", "cannot be told"]


@dataclass(frozen=True)
class Share:
    """A share of films, as far as the printed digits tell it.

    Attributes:
        lowest: Its value under the smallest count that the digits allow.
        highest: Its value under the largest.
        interval: Exact 95 % interval; from the lowest bound of the smallest count to
            the highest bound of the largest.
    """

    lowest: float
    highest: float
    interval: Interval


@dataclass(frozen=True)
class PredictiveValues:
    """What a call means for one person, at one prevalence; None where nobody gets the call.

    Attributes:
        prevalence: Share of the diseased among all who are examined.
        ppv: Of those called positive, the share that is diseased.
        npv: Of those called negative, the share that is healthy.
    """

    prevalence: float
    ppv: Share | None
    npv: Share | None


@dataclass(frozen=True)
class RowAudit:
    """One model's counts and what follows from them."""

    model: str
    counts: RowCounts
    accuracy: Share
    sensitivity: Share
    specificity: Share
    predictive: tuple[PredictiveValues, ...]


@dataclass(frozen=True)
class PairAudit:
    """Two models on the same films, of whose calls only the totals are known.

    Attributes:
        a: First model.
        b: Second model.
        smallest_p: Smallest exact McNemar p of all tables with these totals.
        largest_p: Largest.
        verdict: "tied" if even the smallest p is above 0.05, uncorrected; "differ" if
            even the largest is not, after Holm's correction over all pairs; else the
            totals do not tell.
    """

    a: str
    b: str
    smallest_p: float
    largest_p: float
    verdict: PairVerdict


@dataclass(frozen=True)
class SetAudit:
    """All that a table implies if it was made on one test set."""

    size: SetSize
    manner: Manner
    rows: tuple[RowAudit, ...]
    pairs: tuple[PairAudit, ...]


def audit_set(
    table: PublishedTable, size: SetSize, manner: Manner, prevalences: Sequence[float]
) -> SetAudit | None:
    """Work out counts, intervals, paired tests and predictive values on one test set.

    Args:
        table: The published figures.
        size: The test set.
        manner: How the figures were cut.
        prevalences: Between 0 and 1, where to give predictive values; that of the
            test set is added.

    Returns:
        The audit; None if the set cannot yield every row.
    """
    counts = {row.model: possible_counts(row, size, manner) for row in table.rows}
    known = {model: each for model, each in counts.items() if each is not None}
    if len(known) < len(counts):
        return None
    at = (*prevalences, size.positives / size.n_films)
    rows = tuple(_audit_row(model, each, size, at) for model, each in known.items())
    return SetAudit(size, manner, rows, _audit_pairs(known, size))


def predictive_value(sensitivity: float, specificity: float, prevalence: float) -> float | None:
    """Say which share of those called positive is diseased.

    With the two shares swapped, and the prevalence taken from 1, it is the share of
    those called negative that is healthy.

    Returns:
        The positive predictive value; None if nobody is called positive.
    """
    called_rightly = sensitivity * prevalence
    called_wrongly = (1 - specificity) * (1 - prevalence)
    called = called_rightly + called_wrongly
    return called_rightly / called if called else None


def printed_predictive_values(
    row: PublishedRow, prevalence: float
) -> tuple[float | None, float | None]:
    """Give PPV and NPV as the printed digits have them, whatever the films were."""
    sensitivity, specificity = float(row.sensitivity.value), float(row.specificity.value)
    return (
        predictive_value(sensitivity, specificity, prevalence),
        predictive_value(specificity, sensitivity, 1 - prevalence),
    )


def _audit_row(
    model: str, counts: RowCounts, size: SetSize, prevalences: Sequence[float]
) -> RowAudit:
    return RowAudit(
        model=model,
        counts=counts,
        accuracy=_share(counts.right, size.n_films),
        sensitivity=_share(counts.tp, size.positives),
        specificity=_share(counts.tn, size.negatives),
        predictive=tuple(_predict(counts, size, prevalence) for prevalence in prevalences),
    )


def _share(successes: range, trials: int, confidence_level: float = _CONFIDENCE_LEVEL) -> Share:
    first, last = successes[0], successes[-1]
    low = clopper_pearson(first, trials, confidence_level=confidence_level).low
    high = clopper_pearson(last, trials, confidence_level=confidence_level).high
    return Share(first / trials, last / trials, Interval(low, high))


def _predict(counts: RowCounts, size: SetSize, prevalence: float) -> PredictiveValues:
    # Half of the error for each of the two shares: together they hold at the full level.
    level = (1 + _CONFIDENCE_LEVEL) / 2
    sens, spec = _share(counts.tp, size.positives, level), _share(counts.tn, size.negatives, level)
    ends = ((sens.interval.low, spec.interval.low), (sens.interval.high, spec.interval.high))
    # Both values grow with either share, so for each tp the outermost tn are enough.
    shares = [
        (tp / size.positives, tn / size.negatives)
        for tp in counts.tp
        for tn in {counts.tn_given(tp)[0], counts.tn_given(tp)[-1]}
    ]
    return PredictiveValues(
        prevalence=prevalence,
        ppv=_hull(
            [predictive_value(se, sp, prevalence) for se, sp in shares],
            [predictive_value(se, sp, prevalence) for se, sp in ends],
        ),
        npv=_hull(
            [predictive_value(sp, se, 1 - prevalence) for se, sp in shares],
            [predictive_value(sp, se, 1 - prevalence) for se, sp in ends],
        ),
    )


def _hull(values: Sequence[float | None], bounds: Sequence[float | None]) -> Share | None:
    known = [value for value in values if value is not None]
    ends = [bound for bound in bounds if bound is not None]
    if not known or len(ends) < len(bounds):
        return None
    return Share(min(known), max(known), Interval(min(ends), max(ends)))


def _audit_pairs(counts: dict[str, RowCounts], size: SetSize) -> tuple[PairAudit, ...]:
    bounds_of = cache(mcnemar_bounds)  # rows of a table are often alike
    pairs = list(combinations(counts, 2))
    bounds = [bounds_of(counts[a], counts[b], size) for a, b in pairs]
    if not pairs:
        return ()
    adjusted = adjust_holm([p.high for p in bounds])
    return tuple(
        PairAudit(a, b, p.low, p.high, _judge(p, highest_adjusted))
        for (a, b), p, highest_adjusted in zip(pairs, bounds, adjusted, strict=True)
    )


def _judge(p: Interval, highest_adjusted: float) -> PairVerdict:
    if p.low > SIGNIFICANCE_LEVEL:
        return "tied"
    return "differ" if highest_adjusted <= SIGNIFICANCE_LEVEL else "cannot be told"

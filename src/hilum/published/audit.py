"""What a published table is worth, once the test sets that can stand behind it are known.

Search the test sets, then audit those found: intervals, paired tests and predictive values
follow from the counts. Where the printed digits leave several counts open, each figure is a
range over all of them.

McNemar's test looks at the films that one model calls rightly and the other wrongly. A
published table does not say how many there are, yet its totals bound them, and so the p.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.special import bdtr

from hilum.errors import TableError
from hilum.evaluation import SIGNIFICANCE_LEVEL, Interval, adjust_holm, clopper_pearson
from hilum.published.set_sizes import (
    Miss,
    RowCounts,
    Search,
    SetSize,
    explain_miss,
    possible_counts,
    search_set_sizes,
)
from hilum.published.table import MANNERS, Manner, PublishedRow, PublishedTable

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
    """What a call means for one person, at one prevalence; None where no film is so called.

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
    """What a table implies if one test set stands behind it."""

    size: SetSize
    manner: Manner
    rows: tuple[RowAudit, ...]
    pairs: tuple[PairAudit, ...]


@dataclass(frozen=True)
class TableCheck:
    """What a published table turned out to be.

    Attributes:
        table: The figures.
        asked: The one test set asked about; None where all up to a size were tried.
        max_films: That size; None where one set was asked about.
        prevalence: The one that was asked about.
        searches: What the search found under each manner; empty without a search.
        audits: Of the smallest sets that yield every row: by rounding, then by truncation.
        missed_at: Where no set yields every row: the set asked about, or the closest.
        misses: What fails there, under rounding.
    """

    table: PublishedTable
    asked: SetSize | None
    max_films: int | None
    prevalence: float
    searches: Mapping[Manner, Search]
    audits: tuple[SetAudit, ...]
    missed_at: SetSize | None
    misses: tuple[Miss, ...]

    @property
    def is_reached(self) -> bool:
        """Whether some test set yields every row."""
        return bool(self.audits)

    @property
    def n_reached(self) -> int:
        """How many sets yield every row, a set counting under either manner."""
        if self.asked:
            return len(self.audits)
        return sum(search.n_reached for search in self.searches.values())


DEFAULT_PREVALENCE = 0.02
DEFAULT_MAX_FILMS = 200
_MOST_FILMS_SEARCHED = 5000
_MOST_FILMS_GIVEN = 10_000
_CONFIDENCE_LEVEL = 0.95


def check_table(
    table: PublishedTable,
    *,
    positives: int | None = None,
    negatives: int | None = None,
    max_films: int | None = None,
    prevalence: float = DEFAULT_PREVALENCE,
    n_audits: int = 1,
) -> TableCheck:
    """Find the test sets that can stand behind a table, and what they imply.

    Args:
        table: The published figures.
        positives: Films of the positive class, where the test set is known.
        negatives: The other films, where it is.
        max_films: Else: films at most (200).
        prevalence: Where to give predictive values, beside that of the test set.
        n_audits: How many sets to audit under either manner, the smallest first.

    Returns:
        All that could be found out.

    Raises:
        TableError: The numbers asked for contradict each other or are out of range.
    """
    if not 0 < prevalence < 1:
        raise TableError(
            f"A prevalence of {prevalence:g} is out of range.",
            fix="Give a fraction between 0 and 1: --prevalence 0.02 means 2 %.",
        )
    asked = _asked_size(positives, negatives, max_films)
    searches: dict[Manner, Search] = {}
    if asked is None:
        max_films = DEFAULT_MAX_FILMS if max_films is None else max_films
        if not 2 <= max_films <= _MOST_FILMS_SEARCHED:
            raise TableError(
                f"--max-films {max_films} is out of range.",
                fix=f"Give a number from 2 to {_MOST_FILMS_SEARCHED}.",
            )
        searches = {
            manner: search_set_sizes(table, max_films=max_films, manner=manner)
            for manner in MANNERS
        }
    tried = {
        manner: [asked] if asked else searches[manner].smallest[:n_audits] for manner in MANNERS
    }
    audits = [
        audit_set(table, size, manner, [prevalence]) for manner in MANNERS for size in tried[manner]
    ]
    found = tuple(audit for audit in audits if audit is not None)
    missed_at = None if found else asked or searches["rounding"].closest
    misses = [explain_miss(row, missed_at, "rounding") for row in table.rows] if missed_at else []
    return TableCheck(
        table=table,
        asked=asked,
        max_films=max_films,
        prevalence=prevalence,
        searches=searches,
        audits=found,
        missed_at=missed_at,
        misses=tuple(miss for miss in misses if miss is not None),
    )


def _asked_size(
    positives: int | None, negatives: int | None, max_films: int | None
) -> SetSize | None:
    if positives is None and negatives is None:
        return None
    if max_films is not None:
        raise TableError(
            "--max-films looks for the test set, and --positives and --negatives give it.",
            fix="Leave out one or the other.",
        )
    if positives is None or negatives is None:
        given = "positives" if negatives is None else "negatives"
        other = "negatives" if negatives is None else "positives"
        raise TableError(
            f"--{given} alone does not make a test set.", fix=f"Give --{other} as well."
        )
    size = SetSize(positives, negatives)
    if min(positives, negatives) < 1 or size.n_films > _MOST_FILMS_GIVEN:
        raise TableError(
            f"A test set of {positives} positive and {negatives} negative films is out of range.",
            fix=f"Give at least one film of either class, {_MOST_FILMS_GIVEN:,} at most in all.",
        )
    return size


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


def predictive_value(sensitivity: float, specificity: float, prevalence: float) -> float | None:
    """Say which share of those called positive is diseased.

    With the two shares swapped, and the prevalence taken from 1, it is the share of
    those called negative that is healthy.

    Returns:
        The positive predictive value; None if no film is called positive.
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


def mcnemar_bounds(a: RowCounts, b: RowCounts, size: SetSize) -> Interval:
    """Find the smallest and the largest exact McNemar p that the totals allow.

    With `lead` the films that `a` is ahead in all, and `fewer` those on which the one
    behind is right alone, the discordant films are `fewer` and `fewer + |lead|`. The
    two-sided p grows with `fewer` and falls with `|lead|`. Per class, as few films
    are discordant as the totals differ by, and at most as many as if both were right on
    no film in common.

    Args:
        a: The counts of one model that its figures allow.
        b: Those of the other, on the same films.
        size: The test set.

    Returns:
        The smallest and the largest p, over all counts and all ways to share them out.

    Source: McNemar (1947), Psychometrika 12:153-157.
    """
    return Interval(_smallest_p(a, b), _largest_p(a, b, size))


def _smallest_p(a: RowCounts, b: RowCounts) -> float:
    """For each lead over all films, the leads per class that disagree the least."""
    leads = np.arange(a.right[0] - b.right[-1], a.right[-1] - b.right[0] + 1)
    lowest = np.maximum(a.tp[0] - b.tp[-1], leads - (a.tn[-1] - b.tn[0]))
    highest = np.minimum(a.tp[-1] - b.tp[0], leads - (a.tn[0] - b.tn[-1]))
    among_positives = np.clip(np.minimum(leads, 0), lowest, highest)
    among_others = leads - among_positives
    for_a = np.maximum(among_positives, 0) + np.maximum(among_others, 0)
    return float(np.min(_p_values(np.minimum(for_a, for_a - leads), np.abs(leads))))


def _largest_p(a: RowCounts, b: RowCounts, size: SetSize) -> float:
    first, last = a.right[0] - b.right[-1], a.right[-1] - b.right[0]
    if first <= 0 <= last:
        return 1.0
    if last < 0:
        return _largest_p(b, a, size)
    # From here on a is ahead, whatever the counts. Without the tie between the classes
    # the one behind could be right alone on `most` films; it bounds what is to come.
    most = min(b.tp[-1], size.positives - a.tp[0]) + min(b.tn[-1], size.negatives - a.tn[0])
    largest = 0.0
    for lead in range(first, last + 1):
        if float(_p_values(np.array([most]), np.array([lead]))[0]) <= largest:
            break
        fewer = _most_for_the_one_behind(a, b, size, lead)
        largest = max(largest, float(_p_values(np.array([fewer]), np.array([lead]))[0]))
    return largest


def _most_for_the_one_behind(a: RowCounts, b: RowCounts, size: SetSize, lead: int) -> int:
    """Most films that `b` alone can be right on, if `a` is ahead by `lead` in all.

    Every count of positive films is tried; that of the others is then at its best
    as close as may be to the middle.
    """
    tp_a, tp_b = np.meshgrid(np.array(a.tp), np.array(b.tp), indexing="ij")
    alone = np.minimum(tp_b, size.positives - tp_a)
    lead_among_others = lead - (tp_a - tp_b)
    lowest = np.maximum(
        np.maximum(b.tn[0], b.right[0] - tp_b),
        np.maximum(a.tn[0], a.right[0] - tp_a) - lead_among_others,
    )
    highest = np.minimum(
        np.minimum(b.tn[-1], b.right[-1] - tp_b),
        np.minimum(a.tn[-1], a.right[-1] - tp_a) - lead_among_others,
    )
    room = size.negatives - lead_among_others
    tn_b = np.clip(room // 2, lowest, highest)
    alone += np.minimum(tn_b, room - tn_b)
    return int(alone[lowest <= highest].max())


def _p_values(
    fewer: Int[np.ndarray, " tables"], lead: Int[np.ndarray, " tables"]
) -> Float[np.ndarray, " tables"]:
    p_values: Float[np.ndarray, " tables"] = np.minimum(1.0, 2 * bdtr(fewer, 2 * fewer + lead, 0.5))
    return p_values

"""Which test sets can stand behind a published table.

Accuracy, sensitivity and specificity of one test set hang together: each is a whole number of
films over a whole number of films. So the printed digits betray the sizes that can have
yielded them. Assumed is one test set on which each model calls each film once; figures that
are averaged over folds or runs follow other rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Int

from hilum.published.table import Figure, Limits, Manner, PublishedRow, PublishedTable


@dataclass(frozen=True, order=True)
class SetSize:
    """Films of a test set: of the positive class, and of all others."""

    positives: int
    negatives: int

    @property
    def n_films(self) -> int:
        """All films of the set."""
        return self.positives + self.negatives


@dataclass(frozen=True)
class RowCounts:
    """The counts that a row's figures admit on one test set.

    Attributes:
        tp: Positive films called rightly.
        tn: Other films called rightly.
        right: Films called rightly. Any `tp` and `tn` whose sum lies in `right` will
            do, and each value of the three ranges occurs among them.
    """

    tp: range
    tn: range
    right: range

    @property
    def n_possible(self) -> int:
        """How many pairs of `tp` and `tn` there are."""
        return sum(len(self.tn_given(tp)) for tp in self.tp)

    def tn_given(self, tp: int) -> range:
        """Say which `tn` go with one `tp`."""
        return _overlap(self.tn, range(self.right.start - tp, self.right.stop - tp))


@dataclass(frozen=True)
class Search:
    """What came of trying every test set up to a size.

    Attributes:
        n_tried: Test sets tried.
        n_reached: Test sets that yield every row.
        smallest: The smallest of them, by films and then by positive films.
        never_reached: Rows that no set tried yields, even alone.
        closest: The smallest set that yields the most rows.
        n_rows_at_closest: How many rows that is.
    """

    n_tried: int
    n_reached: int
    smallest: tuple[SetSize, ...]
    never_reached: tuple[str, ...]
    closest: SetSize
    n_rows_at_closest: int


@dataclass(frozen=True)
class Miss:
    """Why a test set cannot yield a row: one figure, and the nearest that could be.

    Attributes:
        model: The row.
        metric: sensitivity, specificity, or accuracy given the other two.
        printed: The figure in print.
        nearest: Films called rightly that come nearest to it.
        trials: Of how many.
    """

    model: str
    metric: str
    printed: str
    nearest: int
    trials: int


def wrong_counts(right: range, trials: int) -> range:
    """Turn counts of right calls into counts of wrong ones, ascending."""
    return range(trials - right[-1], trials - right[0] + 1)


def possible_counts(row: PublishedRow, size: SetSize, manner: Manner) -> RowCounts | None:
    """Find the counts behind a row on one test set; None if there are none."""
    tp = row.sensitivity.limits(manner).counts(size.positives)
    tn = row.specificity.limits(manner).counts(size.negatives)
    right = row.accuracy.limits(manner).counts(size.n_films)
    if not tp or not tn:
        return None
    right = _overlap(right, range(tp[0] + tn[0], tp[-1] + tn[-1] + 1))
    if not right:
        return None
    # Two whole numbers and their sum: narrowing each range once by the others is all it takes.
    return RowCounts(
        tp=_overlap(tp, range(right[0] - tn[-1], right[-1] - tn[0] + 1)),
        tn=_overlap(tn, range(right[0] - tp[-1], right[-1] - tp[0] + 1)),
        right=right,
    )


def explain_miss(row: PublishedRow, size: SetSize, manner: Manner) -> Miss | None:
    """Name the first figure of a row that a test set cannot yield; None if it yields all."""
    tp = row.sensitivity.limits(manner).counts(size.positives)
    if not tp:
        return _miss(row, "sensitivity", row.sensitivity, range(size.positives + 1), size.positives)
    tn = row.specificity.limits(manner).counts(size.negatives)
    if not tn:
        return _miss(row, "specificity", row.specificity, range(size.negatives + 1), size.negatives)
    if possible_counts(row, size, manner) is None:
        right = range(tp[0] + tn[0], tp[-1] + tn[-1] + 1)
        return _miss(row, "accuracy", row.accuracy, right, size.n_films)
    return None


def search_set_sizes(
    table: PublishedTable, *, max_films: int, manner: Manner, n_listed: int = 1000
) -> Search:
    """Try every test set with a film of either class, up to a number of films.

    Args:
        table: The published figures.
        max_films: Films at most, at least 2.
        manner: How the table's figures were cut.
        n_listed: How many of the sets that yield every row to list.

    Returns:
        The sets that yield every row, and how near the others come.
    """
    models = [row.model for row in table.rows]
    tp = _count_bounds((row.sensitivity.limits(manner) for row in table.rows), max_films)
    tn = _count_bounds((row.specificity.limits(manner) for row in table.rows), max_films)
    right = _count_bounds((row.accuracy.limits(manner) for row in table.rows), max_films)
    is_ever_reached: Bool[np.ndarray, " rows"] = np.zeros(len(models), dtype=np.bool_)
    reached: list[Int[np.ndarray, "found 2"]] = []
    closest, most = SetSize(1, 1), -1
    for positives in range(1, max_films):
        others = slice(1, max_films - positives + 1)
        films = slice(positives + 1, max_films + 1)
        low = tp[0][:, positives, None] + tn[0][:, others]
        high = tp[1][:, positives, None] + tn[1][:, others]
        is_reached = (
            (tp[0][:, positives] <= tp[1][:, positives])[:, None]
            & (tn[0][:, others] <= tn[1][:, others])
            & (np.maximum(low, right[0][:, films]) <= np.minimum(high, right[1][:, films]))
        )
        is_ever_reached |= is_reached.any(axis=1)
        n_rows = is_reached.sum(axis=0)
        first = int(np.argmax(n_rows))
        size = SetSize(positives, first + 1)
        if (n_rows[first], -size.n_films) > (most, -closest.n_films):
            closest, most = size, int(n_rows[first])
        negatives = np.flatnonzero(n_rows == len(models)) + 1
        reached.append(np.stack([np.full_like(negatives, positives), negatives], axis=1))
    found = np.concatenate(reached)
    order = np.lexsort((found[:, 0], found.sum(axis=1)))[:n_listed]
    return Search(
        n_tried=max_films * (max_films - 1) // 2,
        n_reached=len(found),
        smallest=tuple(SetSize(int(p), int(n)) for p, n in found[order]),
        never_reached=tuple(
            model for model, is_one in zip(models, is_ever_reached, strict=True) if not is_one
        ),
        closest=closest,
        n_rows_at_closest=most,
    )


def _count_bounds(
    limits: Iterable[Limits], max_films: int
) -> tuple[Int[np.ndarray, "rows sizes"], Int[np.ndarray, "rows sizes"]]:
    """First and last count of each row for 0 to `max_films` films; crossed where none fits."""
    counts: Sequence[Sequence[range]] = [
        [each.counts(n) for n in range(max_films + 1)] for each in limits
    ]
    first = np.array([[few.start for few in row] for row in counts])
    last = np.array([[few.stop - 1 for few in row] for row in counts])
    return first, last


def _overlap(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def _miss(row: PublishedRow, metric: str, figure: Figure, counts: range, trials: int) -> Miss:
    nearest = min(max(round(figure.value * Fraction(trials)), counts[0]), counts[-1])
    return Miss(row.model, metric, figure.text, nearest, trials)

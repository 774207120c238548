"""A published table's figures beside those of a repetition on other films.

The films differ, so nothing is paired: each figure is two counts against two counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scipy.stats import fisher_exact

from hilum.evaluation import SIGNIFICANCE_LEVEL, Confusion, Interval, adjust_holm, clopper_pearson
from hilum.published.audit import RowAudit, SetAudit, Share
from hilum.published.set_sizes import SetSize
from hilum.published.table import PublishedRow, PublishedTable


@dataclass(frozen=True)
class Repetition:
    """One figure of a repetition, and whether it differs from the published one.

    Attributes:
        successes: Films called rightly.
        trials: Of how many.
        interval: Exact 95 % interval of their ratio.
        p: Fisher's exact test on the counts, two-sided.
        adjusted_p: `p` after Holm's correction over all figures of the table.
    """

    successes: int
    trials: int
    interval: Interval
    p: float
    adjusted_p: float

    @property
    def value(self) -> float:
        """The figure itself, as a fraction."""
        return self.successes / self.trials

    @property
    def is_different(self) -> bool:
        """Whether chance alone would rarely set the two so far apart."""
        return self.adjusted_p <= SIGNIFICANCE_LEVEL


@dataclass(frozen=True)
class ReplicatedFigure:
    """One cell of the table.

    Attributes:
        printed: The published figure as it stands in print.
        counts: Films called rightly that it implies.
        trials: Of how many.
        published: What the counts amount to, with the exact interval.
        repeated: None where the repetition lacks the model.
    """

    printed: str
    counts: range
    trials: int
    published: Share
    repeated: Repetition | None


@dataclass(frozen=True)
class ReplicatedRow:
    """One model: its figures by the name of the metric."""

    model: str
    figures: Mapping[str, ReplicatedFigure]


@dataclass(frozen=True)
class Replication:
    """A published table, row by row beside its repetition.

    Attributes:
        size: The test set that the published counts are of.
        rows: In the order of print.
    """

    size: SetSize
    rows: tuple[ReplicatedRow, ...]


def compare_replication(
    table: PublishedTable, audit: SetAudit, repeated: Mapping[str, Confusion]
) -> Replication:
    """Compare the counts of a repetition with those that a published table implies.

    Args:
        table: The published figures.
        audit: What they imply on one test set.
        repeated: Model to its counts in the repetition; models may be absent.

    Returns:
        All rows of the table; figures without repetition where a model is absent.

    Raises:
        NoTrialsError: A repetition holds no film of either side.
    """
    rows = [
        _row(printed, row, audit.size, repeated.get(row.model))
        for printed, row in zip(table.rows, audit.rows, strict=True)
    ]
    tests = [figure.repeated for row in rows for figure in row.figures.values() if figure.repeated]
    adjusted = iter(adjust_holm([test.p for test in tests]))
    return Replication(
        audit.size,
        tuple(
            ReplicatedRow(
                row.model,
                {
                    metric: replace(
                        figure,
                        repeated=figure.repeated
                        and replace(figure.repeated, adjusted_p=next(adjusted)),
                    )
                    for metric, figure in row.figures.items()
                },
            )
            for row in rows
        ),
    )


def agreeing_counts(successes: int, trials: int, repeated_trials: int) -> range:
    """Say which counts of a repetition the test would not tell from a published count.

    How wide they reach shows how little an agreement means.

    Args:
        successes: Films called rightly, as published.
        trials: Of how many; at least 1.
        repeated_trials: Films of the repetition; at least 1.

    Returns:
        Counts around the same share with a two-sided Fisher p above 0.05, uncorrected.
    """

    def agrees(count: int) -> bool:
        return 0 <= count <= repeated_trials and (
            fisher_test(successes, trials, count, repeated_trials) > SIGNIFICANCE_LEVEL
        )

    first = last = round(successes * repeated_trials / trials)
    while agrees(first - 1):
        first -= 1
    while agrees(last + 1):
        last += 1
    return range(first, last + 1)


def fisher_test(successes_a: int, trials_a: int, successes_b: int, trials_b: int) -> float:
    """Ask whether two shares of separate films differ, exactly.

    Returns:
        Two-sided p: the chance of tables no likelier than this one.

    Source: Fisher (1934), Statistical Methods for Research Workers, section 21.02.
    """
    counts = [[successes_a, trials_a - successes_a], [successes_b, trials_b - successes_b]]
    return float(fisher_exact(counts).pvalue)


def _row(
    printed: PublishedRow, audit: RowAudit, size: SetSize, repeated: Confusion | None
) -> ReplicatedRow:
    known = audit.counts
    counts = {
        "accuracy": (known.right, size.n_films),
        "sensitivity": (known.tp, size.positives),
        "specificity": (known.tn, size.negatives),
    }
    ours = _counts_of(repeated) if repeated else {}
    return ReplicatedRow(
        audit.model,
        {
            metric: ReplicatedFigure(
                printed=getattr(printed, metric).text,
                counts=implied,
                trials=trials,
                published=getattr(audit, metric),
                repeated=_repeat(implied, trials, *ours[metric]) if ours else None,
            )
            for metric, (implied, trials) in counts.items()
        },
    )


def _counts_of(confusion: Confusion) -> dict[str, tuple[int, int]]:
    positives, negatives = confusion.tp + confusion.fn, confusion.tn + confusion.fp
    return {
        "accuracy": (confusion.tp + confusion.tn, positives + negatives),
        "sensitivity": (confusion.tp, positives),
        "specificity": (confusion.tn, negatives),
    }


def _repeat(implied: range, implied_trials: int, successes: int, trials: int) -> Repetition:
    interval = clopper_pearson(successes, trials)
    # Where the print leaves several counts open, the one nearest to ours speaks for it.
    p = max(fisher_test(count, implied_trials, successes, trials) for count in implied)
    return Repetition(successes, trials, interval, p, adjusted_p=p)

"""What the check of a published table found, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from hilum.classifier import Figure
from hilum.published import (
    MANNERS,
    Manner,
    PairVerdict,
    PredictiveValues,
    PublishedRow,
    SetAudit,
    Share,
    TableCheck,
    printed_predictive_values,
    wrong_counts,
)
from hilum.runs.documents import as_document


class PrintedValuesJson(TypedDict):
    """Predictive values of the printed digits, at the prevalence asked about."""

    ppv_as_printed: Figure
    npv_as_printed: Figure


class PrintedRowJson(PrintedValuesJson):
    """One row in print."""

    model: str
    accuracy: str
    sensitivity: str
    specificity: str


class PrintedTableJson(TypedDict):
    """The table as it stands in print."""

    name: str
    is_percent: bool
    rows: list[PrintedRowJson]


class AskedJson(TypedDict):
    """What was asked: one test set, or every one up to a size."""

    positives: int | None
    negatives: int | None
    max_films: int | None
    prevalence: float


class ReachedJson(TypedDict):
    """Test sets that yield every row.

    Attributes:
        smallest: Positive and negative films of the smallest ones.
        never_reached: Rows that no set tried yields, even alone; null for a single set.
    """

    n_tried: int
    n_reached: int
    smallest: list[list[int]]
    never_reached: list[str] | None


class ShareJson(TypedDict):
    """A share of films, between what the digits allow, with its exact 95 % interval."""

    lowest: float
    highest: float
    low: float
    high: float


class ShareValuesJson(TypedDict):
    """Predictive values at one prevalence; null where the call is never given."""

    prevalence: float
    ppv: ShareJson | None
    npv: ShareJson | None


class RowCountsJson(TypedDict):
    """One row on one test set; counts are the least and the most that the digits allow."""

    model: str
    n_possible: int
    tp: list[int]
    fn: list[int]
    tn: list[int]
    fp: list[int]
    accuracy: ShareJson
    sensitivity: ShareJson
    specificity: ShareJson
    predictive_values: list[ShareValuesJson]


class PairOfRowsJson(TypedDict):
    """Two rows: exact McNemar's p, over all tables with these totals."""

    a: str
    b: str
    smallest_p: float
    largest_p: float
    verdict: PairVerdict


class SetAuditJson(TypedDict):
    """All that a table implies if it was made on one test set."""

    manner: Manner
    positives: int
    negatives: int
    rows: list[RowCountsJson]
    pairs: list[PairOfRowsJson]


class MissJson(TypedDict):
    """A figure that a test set cannot yield, and the nearest count that it can."""

    model: str
    metric: str
    printed: str
    nearest: int
    trials: int


class MissedJson(TypedDict):
    """What fails on the test set that was asked about, or on the closest one."""

    positives: int
    negatives: int
    rows: list[MissJson]


class TableCheckJson(TypedDict):
    """The check of a published table; shares are fractions.

    Attributes:
        reading: The result in sentences.
        reached: By how figures may have been cut: rounding or truncation.
        missed: Null where some test set yields every row.
    """

    schema: Literal["hilum.table-check/1"]
    table: PrintedTableJson
    asked: AskedJson
    is_reached: bool
    reading: list[str]
    reached: dict[str, ReachedJson]
    audits: list[SetAuditJson]
    missed: MissedJson | None


def describe_table_check(check: TableCheck, *, name: str, reading: Sequence[str]) -> TableCheckJson:
    """Put everything that was found into plain types, for JSON.

    Args:
        check: What was found.
        name: What to call the table.
        reading: The result in sentences.
    """
    asked = check.asked
    return {
        "schema": "hilum.table-check/1",
        "table": {
            "name": name,
            "is_percent": check.table.is_percent,
            "rows": [
                {
                    "model": row.model,
                    "accuracy": row.accuracy.text,
                    "sensitivity": row.sensitivity.text,
                    "specificity": row.specificity.text,
                    **_describe_printed_values(row, check.prevalence),
                }
                for row in check.table.rows
            ],
        },
        "asked": {
            "positives": asked.positives if asked else None,
            "negatives": asked.negatives if asked else None,
            "max_films": check.max_films,
            "prevalence": check.prevalence,
        },
        "is_reached": check.is_reached,
        "reading": list(reading),
        "reached": {manner: _describe_reached(check, manner) for manner in MANNERS},
        "audits": [_describe_set(audit) for audit in check.audits],
        "missed": None
        if check.missed_at is None
        else {
            "positives": check.missed_at.positives,
            "negatives": check.missed_at.negatives,
            "rows": [as_document(miss, MissJson) for miss in check.misses],
        },
    }


def _describe_reached(check: TableCheck, manner: Manner) -> ReachedJson:
    if check.asked is None:
        search = check.searches[manner]
        return {
            "n_tried": search.n_tried,
            "n_reached": search.n_reached,
            "smallest": [[size.positives, size.negatives] for size in search.smallest],
            "never_reached": list(search.never_reached),
        }
    found = [audit.size for audit in check.audits if audit.manner == manner]
    return {
        "n_tried": 1,
        "n_reached": len(found),
        "smallest": [[size.positives, size.negatives] for size in found],
        "never_reached": None,
    }


def _describe_set(audit: SetAudit) -> SetAuditJson:
    size = audit.size
    return {
        "manner": audit.manner,
        "positives": size.positives,
        "negatives": size.negatives,
        "rows": [
            {
                "model": row.model,
                "n_possible": row.counts.n_possible,
                "tp": _ends(row.counts.tp),
                "fn": _ends(wrong_counts(row.counts.tp, size.positives)),
                "tn": _ends(row.counts.tn),
                "fp": _ends(wrong_counts(row.counts.tn, size.negatives)),
                "accuracy": _describe_share(row.accuracy),
                "sensitivity": _describe_share(row.sensitivity),
                "specificity": _describe_share(row.specificity),
                "predictive_values": [_describe_values(each) for each in row.predictive],
            }
            for row in audit.rows
        ],
        "pairs": [as_document(pair, PairOfRowsJson) for pair in audit.pairs],
    }


def _describe_printed_values(row: PublishedRow, prevalence: float) -> PrintedValuesJson:
    ppv, npv = printed_predictive_values(row, prevalence)
    return {"ppv_as_printed": ppv, "npv_as_printed": npv}


def _ends(counts: range) -> list[int]:
    return [counts[0], counts[-1]]


def _describe_values(values: PredictiveValues) -> ShareValuesJson:
    return {
        "prevalence": values.prevalence,
        "ppv": None if values.ppv is None else _describe_share(values.ppv),
        "npv": None if values.npv is None else _describe_share(values.npv),
    }


def _describe_share(share: Share) -> ShareJson:
    return {
        "lowest": share.lowest,
        "highest": share.highest,
        "low": share.interval.low,
        "high": share.interval.high,
    }

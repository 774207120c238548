"""What the check of a published table found, for machines."""

from __future__ import annotations

from typing import Any

from hilum.evaluation.auditing import (
    PredictiveValues,
    SetAudit,
    Share,
    printed_predictive_values,
)
from hilum.evaluation.published import MANNERS, Manner, PublishedRow
from hilum.evaluation.table_check import TableCheck
from hilum.report.published_table import reading_texts, wrong_counts

SCHEMA = "hilum.table-check/1"


def check_results(check: TableCheck, name: str) -> dict[str, Any]:
    """Put everything that was found into plain types, for JSON.

    Args:
        check: What was found.
        name: What to call the table.

    Returns:
        A tree of dicts, lists, texts and numbers; shares are fractions.
    """
    asked = check.asked
    return {
        "schema": SCHEMA,
        "table": {
            "name": name,
            "is_percent": check.table.is_percent,
            "rows": [
                {
                    "model": row.model,
                    "accuracy": row.accuracy.text,
                    "sensitivity": row.sensitivity.text,
                    "specificity": row.specificity.text,
                    **_printed_results(row, check.prevalence),
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
        "reading": reading_texts(check),
        "reached": {manner: _reached(check, manner) for manner in MANNERS},
        "audits": [_audit_results(audit) for audit in check.audits],
        "missed": check.missed_at
        and {
            "positives": check.missed_at.positives,
            "negatives": check.missed_at.negatives,
            "rows": [vars(miss) for miss in check.misses],
        },
    }


def _reached(check: TableCheck, manner: Manner) -> dict[str, Any]:
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


def _audit_results(audit: SetAudit) -> dict[str, Any]:
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
                "accuracy": _share_results(row.accuracy),
                "sensitivity": _share_results(row.sensitivity),
                "specificity": _share_results(row.specificity),
                "predictive_values": [_predictive_results(each) for each in row.predictive],
            }
            for row in audit.rows
        ],
        "pairs": [vars(pair) for pair in audit.pairs],
    }


def _printed_results(row: PublishedRow, prevalence: float) -> dict[str, float | None]:
    ppv, npv = printed_predictive_values(row, prevalence)
    return {"ppv_as_printed": ppv, "npv_as_printed": npv}


def _ends(counts: range) -> list[int]:
    return [counts[0], counts[-1]]


def _predictive_results(values: PredictiveValues) -> dict[str, Any]:
    return {
        "prevalence": values.prevalence,
        "ppv": values.ppv and _share_results(values.ppv),
        "npv": values.npv and _share_results(values.npv),
    }


def _share_results(share: Share) -> dict[str, float]:
    return {
        "lowest": share.lowest,
        "highest": share.highest,
        "low": share.interval.low,
        "high": share.interval.high,
    }

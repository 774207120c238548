"""The section "Does it hold elsewhere?": another cohort, and every source left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hilum.report import transfer_wording as words
from hilum.report.formatting import films_text, metric_title
from hilum.report.standings import HEADLINE_METRICS
from hilum.report.standings_section import find_leader
from hilum.report.transfer_rows import (
    Figures,
    TransferRow,
    applied_start,
    figures_here,
    make_applied,
    make_row,
    start_of,
)
from hilum.runs.privacy import redacted_sources
from hilum.studies.comparison import Comparison
from hilum.studies.transfer import ExternalValidation, SourceValidation, Transfer
from hilum.studies.transferring import TRAVELLING

_SOURCE_METRICS = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class SourceRow:
    """One source, tested by heads that never saw it; or why it was not."""

    source: str
    films: str
    why_untested: str
    rows: tuple[TransferRow, ...]


def view_transfer(comparison: Comparison, redact: Callable[[str], str]) -> dict[str, Any] | None:
    """Put into words and rows whether what was learned here holds elsewhere.

    Args:
        comparison: A finished study.
        redact: Hides names and places of both cohorts.

    Returns:
        What `transfer.html.j2` asks for; None where nothing was tested elsewhere.
    """
    if comparison.external is None and comparison.by_source is None:
        return None
    here = figures_here(comparison)
    return {
        "external": comparison.external and _external(comparison, comparison.external, here),
        "sources": comparison.by_source
        and _sources(comparison, redacted_sources(comparison.by_source, redact), here),
    }


def transfer_texts(comparison: Comparison) -> list[str]:
    """Say in a sentence each whether the leader does worse on another cohort, and by source.

    Args:
        comparison: A finished study.
    """
    texts = []
    if comparison.external is not None:
        texts += [
            external_text(comparison),
            words.missing_text(comparison.external, comparison.cohort.classes),
        ]
    if comparison.by_source is not None:
        here = figures_here(comparison)
        texts.append(_sources_reading(comparison, comparison.by_source, here))
    return [text for text in texts if text]


def external_text(comparison: Comparison) -> str:
    """Say in a sentence whether the leader does worse on another cohort; empty without one.

    Args:
        comparison: A finished study.
    """
    if comparison.external is None:
        return ""
    here = figures_here(comparison)
    return next(iter(_external_reading(comparison, comparison.external.transfers, here)), "")


def _external(
    comparison: Comparison, external: ExternalValidation, here: Mapping[str, Figures]
) -> dict[str, Any]:
    transfers = [t for t in external.transfers if t.name in here]
    start = start_of(transfers, here, HEADLINE_METRICS)
    metrics = [m for m in HEADLINE_METRICS if any(m in t.metrics for t in transfers)]
    applied = [(here[t.name], p) for t in transfers if (p := t.operating_point) is not None]
    bars_from = applied_start(applied)
    return {
        "name": external.cohort.name,
        "subjects": words.external_subjects(external),
        "not_scored": words.not_scored_text(external),
        "left_out": words.external_left_out(external),
        "missing": words.missing_text(external, comparison.cohort.classes),
        "reading": _external_reading(comparison, transfers, here),
        "heads": _heads(comparison),
        "start": start,
        "titles": [metric_title(metric) for metric in metrics],
        "is_mixed": any(m not in TRAVELLING for m in metrics),
        "rows": [make_row(t, here[t.name], metrics, start) for t in transfers],
        "applied_start": bars_from,
        "applied": [make_applied(figures, point, bars_from) for figures, point in applied],
    }


def _heads(comparison: Comparison) -> str:
    splits = comparison.folds.splits
    return words.heads_text(len({split.repeat for split in splits}), len(splits))


def _external_reading(
    comparison: Comparison, transfers: Sequence[Transfer], here: Mapping[str, Figures]
) -> list[str]:
    first = _first(comparison, transfers, here)
    if first is None:
        return []
    figures = here[first.name]
    texts = [words.transfer_text(figures.title, first, figures.metrics)]
    if first.operating_point is not None:
        texts.append(
            words.applied_text(
                figures.title, first.operating_point, figures.operating_point, comparison.positive
            )
        )
    return [text for text in texts if text]


def _sources(
    comparison: Comparison, validation: SourceValidation, here: Mapping[str, Figures]
) -> dict[str, Any]:
    transfers = [t for test in validation.tests for t in test.transfers if t.name in here]
    first = _first(comparison, transfers, here)
    start = start_of(transfers, {}, _SOURCE_METRICS)
    tests = [
        SourceRow(
            source=test.source,
            films=f"{films_text(test.n_films)}, {test.n_positives:,} of {comparison.positive}",
            why_untested=test.why_untested,
            rows=tuple(
                make_row(t, here[t.name], _SOURCE_METRICS, start)
                for t in test.transfers
                if t.name in here
            ),
        )
        for test in validation.tests
    ]
    return {
        "title": here[first.name].title if first else "",
        "reading": _sources_reading(comparison, validation, here),
        "start": start,
        "titles": [metric_title(metric) for metric in _SOURCE_METRICS],
        "tested": [test for test in tests if test.rows],
        "untested": [test for test in tests if not test.rows],
    }


def _sources_reading(
    comparison: Comparison, validation: SourceValidation, here: Mapping[str, Figures]
) -> str:
    transfers = [t for test in validation.tests for t in test.transfers]
    first = _first(comparison, transfers, here)
    if first is None:
        return ""
    return words.sources_text(here[first.name].title, validation.tests, first.name)


def _first(
    comparison: Comparison, transfers: Sequence[Transfer], here: Mapping[str, Figures]
) -> Transfer | None:
    """Find whom the sentences speak of: the leader, or whoever was tested first."""
    leader = find_leader(comparison)
    known = {transfer.name: transfer for transfer in transfers if transfer.name in here}
    if leader is not None and leader.name in known:
        return known[leader.name]
    return next(iter(known.values()), None)

"""What `results.json` holds of films from elsewhere: figures, and no film or person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from hilum.studies.transfer import ExternalValidation, SourceValidation, Transfer


def external_results(external: ExternalValidation) -> dict[str, Any]:
    """Gather what the heads reached on another cohort, which is told of by itself.

    Args:
        external: The heads of this cohort on the films of another.
    """
    return {
        "n_known": external.n_known,
        "n_shared_patients": external.n_shared_patients,
        "transfers": [_transfer(transfer) for transfer in external.transfers],
        "seconds": external.seconds,
    }


def redacted_sources(by_source: SourceValidation, redact: Callable[[str], str]) -> SourceValidation:
    """Hide names and places in what sources are called, and in why they were not tested.

    Args:
        by_source: One source left out, for every source.
        redact: Hides names and places in a text.
    """
    return replace(
        by_source,
        tests=tuple(
            replace(test, source=redact(test.source), why_untested=redact(test.why_untested))
            for test in by_source.tests
        ),
    )


def source_results(by_source: SourceValidation, redact: Callable[[str], str]) -> dict[str, Any]:
    """Gather what heads reached on each source that they never saw.

    Args:
        by_source: One source left out, for every source.
        redact: Hides names and places in sentences.
    """
    return {
        "tests": [
            {
                "source": test.source,
                "n_films": test.n_films,
                "n_positives": test.n_positives,
                "why_untested": test.why_untested,
                "transfers": [_transfer(transfer) for transfer in test.transfers],
            }
            for test in redacted_sources(by_source, redact).tests
        ],
        "seconds": by_source.seconds,
    }


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return {
        "name": transfer.name,
        "metrics": {name: asdict(estimate) for name, estimate in transfer.metrics.items()},
        "drops": {name: asdict(estimate) for name, estimate in transfer.drops.items()},
        "confusion": asdict(transfer.confusion),
        "operating_point": transfer.operating_point and asdict(transfer.operating_point),
    }

"""Does the place where a film comes from tell its class?"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding, Severity
from hilum.auditing.judging import figures, find_baseline, grade, show_estimate, weigh
from hilum.auditing.sources import SourceTable, associate_sources, tabulate_sources
from hilum.cohort.manifest import Cohort

_SOURCES_SHOWN = 20


def check_source(cohort: Cohort, positive: str, baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge how closely source and class go together; nothing where no source is known."""
    association = associate_sources(cohort, positive)
    table = tabulate_sources(cohort)
    if not table.sources:
        return []
    baseline = find_baseline(baselines, "source")
    is_the_class = association == 1.0
    weight = weigh(baseline) if baseline else None
    severity: Severity = "fail" if is_the_class else grade(weight)
    evidence: dict[str, Any] = {
        "cramers_v": None if isnan(association) else association,
        "n_sources": len(table.sources),
        "films_per_source": {
            source: dict(zip(table.classes, row.tolist(), strict=True))
            for source, row in zip(
                table.sources[:_SOURCES_SHOWN], table.counts[:_SOURCES_SHOWN], strict=True
            )
        },
        "films_of_unknown_source": table.n_unknown,
    }
    return [
        Finding(
            check="source",
            severity=severity,
            title=_title(table, association, positive, baseline),
            evidence=evidence | (figures(baseline) if baseline else {}),
            what_to_do=(
                "Collect films of both classes from each source, or study one source that holds "
                "both. More films of the present kind cannot help."
                if is_the_class
                else "Take the classes in the same proportion from every source, or study one "
                "source alone and keep the others for the test."
                if weight
                else ""
            ),
        )
    ]


def _title(table: SourceTable, association: float, positive: str, baseline: Baseline | None) -> str:
    reached = f"; source alone reaches {show_estimate(baseline.auroc)}" if baseline else ""
    if len(table.sources) == 1 and not table.n_unknown:
        return f"All films come from one source, {table.sources[0]}"
    if association == 1.0:
        return (
            f"Every source holds {positive} alone, or none of it (Cramér's V 1.000): it cannot be "
            f"told from where the films came from{reached}"
        )
    if isnan(association):
        return f"Too little is known of the sources to set them beside the classes{reached}"
    return f"Source and class go together with Cramér's V {association:.3f}{reached}"

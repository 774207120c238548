"""Does the way in which the files are made predict the label, without one pixel?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import find_baseline, judge_baseline, weigh

_PATIENT_FACTS = ("view ", "sex ", "age")
_COLUMNS_SHOWN = 5

# A column below this is hardly better than a coin.
_TELLING = 0.6


def check_metadata(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what size, format, compression, view, sex and age tell without the film."""
    metadata = find_baseline(baselines, "metadata")
    if metadata is None:
        return []
    strongest = sorted(metadata.details.items(), key=lambda item: -item[1])[:_COLUMNS_SHOWN]
    telling = [column for column, auroc in strongest if auroc >= _TELLING]
    finding = judge_baseline(
        metadata,
        what_to_do=_advise(telling),
        evidence={"strongest_columns": dict(strongest)},
    )
    if telling and weigh(metadata):
        return [_with_columns(finding, telling)]
    return [finding]


def _with_columns(finding: Finding, telling: Sequence[str]) -> Finding:
    named = ", ".join(telling[:3])
    return Finding(
        finding.check,
        finding.severity,
        f"{finding.title}. Strongest: {named}",
        finding.evidence,
        finding.what_to_do,
    )


def _advise(telling: Sequence[str]) -> str:
    of_patient = [column for column in telling if column.startswith(_PATIENT_FACTS)]
    of_file = [column for column in telling if column not in of_patient]
    steps = []
    if of_patient:
        steps.append(
            f"Balance the classes by {', '.join(of_patient)}: choose films so that each value "
            "is as frequent in one class as in the other."
        )
    if of_file or not of_patient:
        steps.append(
            "Collect both classes from the same devices and sites, exported in one way from the "
            "originals. Converting the files alike hides the trace, but not where it came from: "
            "scaling and compression leave marks in the pixels, too."
        )
    return " ".join(steps)

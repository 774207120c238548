"""Does what the network tells lie in the lungs?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import find_baseline, judge_baseline


def check_lungs(baselines: Sequence[Baseline]) -> list[Finding]:
    """Set the lungs alone, and the film without them, beside the whole film.

    The shape of a mask is left in both; it may tell something by itself.
    """
    findings = []
    lungs = find_baseline(baselines, "lungs")
    if lungs is not None:
        findings.append(judge_baseline(lungs, what_to_do=""))
    lungless = find_baseline(baselines, "lungless")
    if lungless is not None:
        findings.append(
            judge_baseline(
                lungless,
                check="lungs",
                what_to_do=(
                    "What tells the classes apart does not need the lungs. See whether markers, "
                    "tubes, the position of the patient or the shape of the masks differ "
                    "between the classes."
                ),
            )
        )
    return findings

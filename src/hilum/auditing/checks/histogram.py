"""Do the grey levels of the films, wherever they stand, predict the label?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import find_baseline, judge_baseline


def check_histogram(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what exposure and contrast tell; disease changes these, too."""
    histogram = find_baseline(baselines, "histogram")
    if histogram is None:
        return []
    return [
        judge_baseline(
            histogram,
            what_to_do=(
                "See whether the classes differ in exposure, in black borders or in how the "
                "grey levels were scaled on export. Films from one device and with one export "
                "show whether the disease alone makes that difference."
            ),
        )
    ]

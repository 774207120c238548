"""Does the edge of the film, where there is hardly any lung, predict the label?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import find_baseline, judge_baseline


def check_frame(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what the outermost 10 % of each side tell."""
    frame = find_baseline(baselines, "frame")
    if frame is None:
        return []
    return [
        judge_baseline(
            frame,
            what_to_do=(
                "Look at the edges of films of both classes: burned-in letters, markers, "
                "collimation, borders, how the patient lies. Crop all films to the chest in "
                "the same way and run again; if the frame still tells, the films were taken "
                "differently, and both classes are needed from one device and site."
            ),
        )
    ]

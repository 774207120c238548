"""Does a film of 14 x 14 px, in which no finding can be seen, predict the label?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import find_baseline, judge_baseline


def check_blur(baselines: Sequence[Baseline]) -> list[Finding]:
    """Judge what is left of the classes without any detail."""
    blur = find_baseline(baselines, "blur")
    if blur is None:
        return []
    return [
        judge_baseline(
            blur,
            what_to_do=(
                "Compare how films of the classes are framed and exposed: position, build and "
                "age of the patients, borders. Large opacities survive so much blur, small "
                "findings do not."
            ),
        )
    ]

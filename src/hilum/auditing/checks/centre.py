"""Does the film without its frame tell as much as the whole?"""

from __future__ import annotations

from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.judging import (
    figures,
    find_baseline,
    grade,
    list_estimate,
    show_estimate,
    weigh,
)
from hilum.auditing.verdict import RULES


def check_centre(baselines: Sequence[Baseline]) -> list[Finding]:
    """Set the centre beside the whole film: here the lungs are, and it should tell as much."""
    centre = find_baseline(baselines, "centre")
    if centre is None:
        return []
    frame = find_baseline(baselines, "frame")
    lost = centre.p_below < RULES.significance
    compared = "tells less than" if lost else "tells as much as"
    return [
        Finding(
            check="centre",
            severity=grade(weigh(centre)),
            title=(
                f"The film without its frame {compared} the whole film: "
                f"{show_estimate(centre.auroc)}; the whole film {centre.model_auroc.value:.3f}"
            ),
            evidence=figures(centre)
            | ({"frame_auroc": list_estimate(frame.auroc)} if frame else {}),
            what_to_do=(
                "See what stands in the outermost 10 % of the films: part of the network's "
                "figure comes from there."
                if lost
                else ""
            ),
        )
    ]

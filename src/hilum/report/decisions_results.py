"""What `results.json` holds of decisions: every figure of the section, no film by itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hilum.evaluation.decisions import Decisions


def decisions_results(decisions: Decisions) -> dict[str, Any]:
    """Gather what one backbone's scores are worth once something is decided by them.

    Args:
        decisions: Of one backbone, of their average, or of the choice among them; the last
            has no thresholds and temperatures of its own.

    Returns:
        A dict of plain values and arrays; the probabilities of single films are not in it.
    """
    return {
        "operating_point": asdict(decisions.operating_point)
        | {"threshold_per_head": decisions.thresholds},
        "calibration": {
            "before": asdict(decisions.calibration.before),
            "after": asdict(decisions.calibration.after),
            "temperatures": [c.temperature for c in decisions.calibrators],
            "log_prior_ratios": [c.log_prior_ratio for c in decisions.calibrators],
        },
        "predictive_values": [asdict(values) for values in decisions.predictive_values],
        "decision_curve": asdict(decisions.decision_curve),
    }

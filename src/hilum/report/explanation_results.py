"""An explanation as plain figures, for other programs."""

from __future__ import annotations

from typing import Any

from hilum.classifier.explaining import Explanation


def describe_explanation(explanation: Explanation) -> dict[str, Any]:
    """List an explanation's figures; what was not asked for is None.

    Args:
        explanation: Of one film.

    Returns:
        Fit for JSON: the class and the film's answer, every cell's contribution to the
        log-odds with the sum's two ends, the share of a region, and the checks.
    """
    prediction, exact = explanation.prediction, explanation.exact
    occlusion, sanity, share = explanation.occlusion, explanation.sanity, explanation.share
    return {
        "label": explanation.label,
        "probability": prediction.probabilities[explanation.label],
        "call": prediction.call,
        "in_domain": prediction.in_domain,
        "distance": prediction.distance,
        "notes": list(prediction.notes),
        "exact": exact
        and {
            "log_odds": exact.log_odds,
            "baseline": exact.baseline,
            "compared_with": "other classes" if exact.has_reference else None,
            "cells": exact.contributions.tolist(),
        },
        "share": {
            "region": share.region,
            "area": share.area,
            "speaking_for": share.speaking_for,
            "speaking_against": share.speaking_against,
        },
        "occlusion": occlusion
        and {
            "log_odds": occlusion.log_odds,
            "drops": occlusion.drops.tolist(),
            "rank_correlation": explanation.agreement,
        },
        "sanity": sanity
        and {
            "is_passed": sanity.is_passed,
            "rank_correlation": float(sanity.correlations.mean()),
            "rank_correlation_of_magnitudes": float(sanity.magnitudes.mean()),
            "draws": len(sanity.correlations),
        },
    }

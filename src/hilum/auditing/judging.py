"""Judging a baseline: from its figures to a finding that a clinician can read.

What each baseline means, and what to do about it, stands in its check; how grave it is
stands in the verdict's rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hilum.auditing.baselines import SUBJECTS, Baseline, BaselineName
from hilum.auditing.findings import Finding, Severity
from hilum.auditing.verdict import RULES, Weight, is_above_chance, weigh_baseline
from hilum.evaluation.results import Estimate


def find_baseline(baselines: Sequence[Baseline], name: BaselineName) -> Baseline | None:
    """Find a baseline by its name; None where it was not measured."""
    return next((baseline for baseline in baselines if baseline.name == name), None)


def weigh(baseline: Baseline) -> Weight | None:
    """Say what a baseline does to the headline of the model that it was measured beside."""
    return weigh_baseline(baseline, model_sees=is_above_chance(baseline.model_auroc))


def judge_baseline(
    baseline: Baseline,
    *,
    what_to_do: str,
    evidence: Mapping[str, Any] | None = None,
    check: str | None = None,
) -> Finding:
    """Say in one line what a baseline reaches, as gravely as the verdict takes it.

    Args:
        baseline: What predicts without the disease.
        what_to_do: The next step where it bears on the headline; otherwise there is none.
        evidence: Figures beside those that every baseline has.
        check: Name of the check, where it is not the baseline's.
    """
    weight = weigh(baseline)
    # One at chance, in a cohort too small to tell it from the network, is no fault of itself:
    # the verdict speaks of the cohort's size.
    is_clear = baseline.auroc.low > RULES.chance_margin
    return Finding(
        check=check or baseline.name,
        severity=grade(weight) if is_clear or weight == "limits" else "note",
        title=_title(baseline, weight),
        evidence=figures(baseline) | dict(evidence or {}),
        what_to_do=what_to_do if weight else "",
    )


def grade(weight: Weight | None) -> Severity:
    """Turn what something does to the headline into the severity of a finding."""
    if weight == "withholds":
        return "fail"
    return "warn" if weight == "limits" else "note"


def figures(baseline: Baseline) -> dict[str, Any]:
    """List a baseline's figures for a finding's evidence; None where one does not exist."""
    return {
        "films": baseline.n_films,
        "auroc": list_estimate(baseline.auroc),
        "model_auroc": list_estimate(baseline.model_auroc),
        "share": list_estimate(baseline.share),
        "p_below_model": baseline.p_below,
        "p_chance": baseline.p_chance,
    }


def list_estimate(estimate: Estimate) -> dict[str, float | None]:
    """List a figure and its bounds for a finding's evidence; None for what does not exist."""
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}


def show_estimate(estimate: Estimate) -> str:
    """Write an AUROC with its interval."""
    return f"AUROC {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _title(baseline: Baseline, weight: Weight | None) -> str:
    subject = SUBJECTS[baseline.name]
    reached = show_estimate(baseline.auroc)
    model = f"{baseline.model_auroc.value:.3f}"
    if baseline.auroc.low > RULES.chance_margin:
        return f"{subject} tells the classes apart: {reached}; the whole film {model}"
    if weight == "withholds":
        return (
            f"Too few films to show that the network (AUROC {model}) does better than "
            f"{subject[0].lower()}{subject[1:].rstrip(',')}: {reached}"
        )
    if is_above_chance(baseline.auroc) or weight is not None:
        return f"{subject} tells a little of the classes: {reached}; the whole film {model}"
    return f"{subject} does not tell the classes apart: {reached}; the whole film {model}"

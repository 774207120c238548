"""The verdict: the first screen of a page, and what predicting says of it.

Its words come from the study (`summarise`), or from the bundle that keeps them. Networks that did
not run on their published weights belong to it: they stand in the title before all else. Predicting
loads this module, so it loads nothing that only studies need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hilum.report.section import section
from hilum.wording import joined, lowered

if TYPE_CHECKING:
    from collections.abc import Callable

    from hilum.auditing import Reason, Verdict, Weight
    from hilum.classifier import CohortVerdict
    from hilum.studies import BackboneNames, BackboneResult, Comparison, Naming

UNVERIFIED = "unverified weights"

UNVERIFIED_MARK = f" ({UNVERIFIED})"
"""What ends the title of a backbone that did not run on its published weights."""

_GRAVITY = ("withheld", "limited", "supported")

_FURTHER: Mapping[Weight, str] = {
    "limits": "Even without that, it would be limited:",
    "describes": "Told beside it, and not counted:",
}

EFFECTS: Mapping[Weight, str] = {
    "withholds": "withholds the headline",
    "limits": "limits the headline",
    "describes": "only describes",
}
"""What a reason does to the headline."""


def training_text(verdict: CohortVerdict) -> str:
    """Say in one sentence what the verdict on its training films means for a classifier."""
    if verdict.headline == "withheld":
        return (
            "Verdict withheld: the training cohort does not show that this classifier sees the "
            "disease."
        )
    return f"Verdict on the training films: {lowered(verdict.heading)}."


def gravest(comparisons: Iterable[Comparison]) -> Comparison:
    """Find the study whose headline is the gravest; the first of several."""
    return min(comparisons, key=lambda each: _GRAVITY.index(each.verdict.headline))


def weighing_reasons(verdict: Verdict) -> list[Reason]:
    """List the reasons that bear on the headline, the weightiest first."""
    return [reason for reason in verdict.grounds if reason.weight != "describes"]


def view_verdict(
    verdict: Verdict, first: CohortVerdict, redact: Callable[[str], str]
) -> dict[str, Any]:
    """Put the first screen together: what is quoted, what decided it, what stands beside it.

    Args:
        verdict: Whether the cohort carries the claim.
        first: The same in words.
        redact: Hides names and places.
    """
    by_weight: dict[Weight, list[str]] = {"withholds": [], "limits": [], "describes": []}
    for reason in verdict.grounds:
        if not reason.confirmed:
            by_weight[reason.weight].append(redact(reason.text))
    deciding: Weight = "withholds" if verdict.headline == "withheld" else "limits"
    return {
        "headline": verdict.headline,
        "title": redact(first.title),
        "text": redact(first.text),
        "quote": redact(first.quote),
        "elsewhere": redact(first.elsewhere),
        "next_steps": [redact(step) for step in first.next_steps],
        "confirmed": [redact(text) for text in first.confirmed],
        "looked": [redact(text) for text in first.looked],
        "deciding": by_weight[deciding],
        "further": [
            (weight, introduction, by_weight[weight])
            for weight, introduction in _FURTHER.items()
            if weight != deciding and by_weight[weight]
        ],
    }


def unverified_text(comparison: Comparison | Naming) -> str:
    """Say which networks did not run on their published weights; empty if all did."""
    unverified = [result for result in comparison.backbones if not result.weights.is_verified]
    if not unverified:
        return ""
    if len(unverified) == len(comparison.backbones) > 1:
        return (
            "No network here ran on its published weights. The figures below say nothing of the "
            "networks whose names they bear."
        )
    who = joined([bare_title(result) for result in unverified])
    names, whose = (
        ("this name", "that network") if len(unverified) == 1 else ("these names", "those networks")
    )
    return (
        f"{who} did not run on the published weights. The figures below under {names} say "
        f"nothing of {whose}."
    )


def bare_title(result: BackboneResult | BackboneNames) -> str:
    """Write a backbone's title without the mark of its weights, for a text that gives it."""
    return result.title.removesuffix(UNVERIFIED_MARK)


@section("verdict", place=10, variable="verdict")
def view_comparison_verdict(comparison: Comparison, redact: Callable[[str], str]) -> dict[str, Any]:
    """Gather what the section shows of a comparison."""
    from hilum.studies import summarise

    return view_verdict(comparison.verdict, summarise(comparison), redact)

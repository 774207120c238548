"""The verdict, in words: what opens a page, a card and a map, and what the terminal says of it.

Wherever a verdict is spoken of, its headline, its title, its sentence and its reasons come from
here. Networks that did not run on their published weights belong to it: they stand in the title
before all else. Predicting loads this module, so it loads nothing that only studies need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hilum.report.section import section
from hilum.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from hilum.auditing import Headline, Reason, Verdict, Weight
    from hilum.studies import BackboneNames, BackboneResult, Comparison, Naming

UNVERIFIED = "unverified weights"

UNVERIFIED_MARK = f" ({UNVERIFIED})"
"""What ends the title of a backbone that did not run on its published weights."""

_GRAVITY = ("withheld", "limited", "supported")

_RESULT_TITLES: Mapping[Headline, str] = {
    "supported": "The cohort supports this result",
    "limited": "Read this result with care",
    "withheld": "The headline is withheld",
}

_RESULT_TEXTS: Mapping[Headline, str] = {
    "supported": (
        "No check that was run speaks against it. That does not make it a clinical result: "
        "other hospitals, devices and patients may differ."
    ),
    "limited": "The figures stand, but something about the cohort may flatter them:",
    "withheld": (
        "This cohort cannot carry the claim, so the figures below must not be quoted as the "
        "ability to recognise the disease:"
    ),
}

_COHORT_TITLES: Mapping[Headline, str] = {
    "supported": "This cohort can carry the claim",
    "limited": "This cohort carries the claim with reservations",
    "withheld": "This cohort cannot carry the claim",
}

_FURTHER: Mapping[Weight, str] = {
    "limits": "Even without that, it would be limited:",
    "describes": "Not counted, for disease changes these too:",
}

EFFECTS: Mapping[Weight, str] = {
    "withholds": "withholds the headline",
    "limits": "limits the headline",
    "describes": "only describes",
}
"""What a reason does to the headline."""


def verdict_title(comparison: Comparison) -> str:
    """Write the headline of a study as a title; unverified weights stand in it before all else."""
    title = _RESULT_TITLES[comparison.verdict.headline]
    return title if _is_all_verified(comparison) else f"{UNVERIFIED.capitalize()}. {title}"


def verdict_text(comparison: Comparison) -> str:
    """Introduce the reasons of a study's verdict."""
    headline = comparison.verdict.headline
    if headline == "limited" and not _is_all_verified(comparison):
        return (
            "Figures on unverified weights say nothing of the network, and something about the "
            "cohort may flatter all of them:"
        )
    return _RESULT_TEXTS[headline]


def _is_all_verified(comparison: Comparison) -> bool:
    return all(result.weights.is_verified for result in comparison.backbones)


def audit_title(headline: Headline) -> str:
    """Write the headline of an audit, which judges the cohort alone, as a title."""
    return _COHORT_TITLES[headline]


def audit_text(headline: Headline, positive: str) -> str:
    """Introduce the reasons of an audit's verdict."""
    return {
        "supported": (
            "No check that was run speaks against it. Other hospitals, devices and patients may "
            "differ all the same."
        ),
        "limited": "Something about these films may flatter whatever is measured on them:",
        "withheld": (
            "Whatever a network reaches on these films must not be quoted as the ability to "
            f"recognise {positive}:"
        ),
    }[headline]


def training_text(headline: str, of: Literal["figures", "classifier"]) -> str:
    """Say in one sentence what the verdict on its training films means for a classifier.

    Args:
        headline: Of the verdict.
        of: Whether the figures that follow are meant, or the classifier at work on a film.
    """
    if headline == "withheld":
        return (
            "The training cohort does not carry the claim that the disease was learned."
            if of == "figures"
            else "Verdict withheld: the training cohort does not show that this classifier sees "
            "the disease."
        )
    figures = "the figures below" if of == "figures" else "this classifier's figures"
    return f"The training cohort supports {figures}{' with limits' * (headline == 'limited')}."


def gravest(comparisons: Iterable[Comparison]) -> Comparison:
    """Find the study whose headline is the gravest; the first of several."""
    return min(comparisons, key=lambda each: _GRAVITY.index(each.verdict.headline))


def weighing_reasons(verdict: Verdict) -> list[Reason]:
    """List the reasons that bear on the headline, the weightiest first."""
    return [reason for reason in verdict.grounds if reason.weight != "describes"]


def view_verdict(
    verdict: Verdict, title: str, text: str, redact: Callable[[str], str]
) -> dict[str, Any]:
    """Part what decided the verdict from what only stands beside it.

    Args:
        verdict: Whether the cohort carries the claim.
        title: The headline in words.
        text: Introduces the deciding reasons.
        redact: Hides names and places.
    """
    by_weight: dict[Weight, list[str]] = {"withholds": [], "limits": [], "describes": []}
    for reason in verdict.grounds:
        by_weight[reason.weight].append(redact(reason.text))
    deciding: Weight = "withholds" if verdict.headline == "withheld" else "limits"
    return {
        "headline": verdict.headline,
        "title": title,
        "text": text,
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
    title, text = verdict_title(comparison), verdict_text(comparison)
    return view_verdict(comparison.verdict, title, text, redact)

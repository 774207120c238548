"""The section that opens a page: the verdict, and what speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hilum.auditing import Verdict, Weight

_FURTHER = {
    "limits": "Even without that, it would be limited:",
    "describes": "Not counted, for disease changes these too:",
}


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
            (weight, _FURTHER[weight], by_weight[weight])
            for weight in ("limits", "describes")
            if weight != deciding and by_weight[weight]
        ],
    }

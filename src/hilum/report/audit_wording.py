"""What an audit says in words: what predicts without the disease, and what follows.

Page and terminal tell the same: both take their sentences from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from hilum.auditing.baselines import Baseline, BaselineName
from hilum.auditing.findings import find_baseline
from hilum.auditing.report import AuditReport
from hilum.auditing.verdict import Headline, Weight, is_above_chance, weigh_baseline
from hilum.evaluation.results import Estimate
from hilum.report.formatting import NOT_DEFINED, metric_text
from hilum.report.wording import joined

AUDIT_TITLES: Mapping[Headline, str] = {
    "supported": "This cohort can carry the claim",
    "limited": "This cohort carries the claim with reservations",
    "withheld": "This cohort cannot carry the claim",
}
EFFECTS: Mapping[Weight, str] = {
    "withholds": "withholds the headline",
    "limits": "limits the headline",
    "describes": "only describes",
}
NO_EFFECT = "nothing"

UNTRAINED = "Unknown: the films are too few to train and test on, so nothing was measured."

# Of a model that is hardly above chance, a baseline reaches any multiple, and it means nothing.
_SHARE_AT_MOST = 5

_PARTS: Mapping[BaselineName, str] = {
    "metadata": "the making of the file",
    "source": "the source",
    "frame": "the frame of the film",
    "histogram": "its grey levels",
    "centre": "its centre",
    "blur": "a blurred copy",
}
# From Cohen (1988), Statistical Power Analysis: small, medium and large for one degree of freedom.
_ASSOCIATIONS = (
    (0.5, "source and class go closely together"),
    (0.3, "source and class go together"),
    (0.1, "source and class go together a little"),
    (0.0, "source and class have hardly anything to do with each other"),
)


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


def weight_of(baseline: Baseline, model_auroc: Estimate) -> Weight | None:
    """Say what a baseline does to the headline, as the verdict judges it.

    Args:
        baseline: What predicts without the disease.
        model_auroc: The model's, on all films of the study.
    """
    return weigh_baseline(baseline, model_sees=is_above_chance(model_auroc))


def effect_text(weight: Weight | None) -> str:
    """Say in words what a baseline does to the headline."""
    return NO_EFFECT if weight is None else EFFECTS[weight]


def bare_share_text(share: Estimate) -> str:
    """Write a share of the model's discrimination without its interval: `94 %`."""
    if not math.isfinite(share.value):
        return NOT_DEFINED
    if share.value > _SHARE_AT_MOST:
        return f"over {100 * _SHARE_AT_MOST} %"
    return f"{100 * share.value:.0f} %"


def share_text(share: Estimate) -> str:
    """Write a share of the model's discrimination: `94 % [88, 99]`."""
    value = bare_share_text(share)
    if share.value > _SHARE_AT_MOST or not all(map(math.isfinite, (share.low, share.high))):
        return value
    return f"{value} [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def baseline_line(baseline: Baseline, weight: Weight | None) -> str:
    """Tell one baseline on one line.

    Args:
        baseline: What predicts without the disease.
        weight: What it does to the verdict.
    """
    line = f"{baseline.title}: AUROC {metric_text('auroc', baseline.auroc)}"
    if math.isfinite(baseline.share.value):
        line += f", {share_text(baseline.share)} of what the model reaches above chance"
    return f"{line}; {EFFECTS[weight]}" if weight else line


def disease_text(audit: AuditReport, positive: str, model: str, model_auroc: Estimate) -> str:
    """Answer in one or two sentences whether it is the disease that was seen.

    Args:
        audit: With at least one baseline.
        positive: The class that the model is said to recognise.
        model: The model's title.
        model_auroc: Its AUROC.
    """
    if not is_above_chance(model_auroc):
        return f"{model} does no better than chance, so there is nothing to explain."
    by_weight = {
        weight: [b for b in audit.baselines if weight_of(b, model_auroc) == weight]
        for weight in ("withholds", "limits", "describes")
    }
    if by_weight["withholds"]:
        return (
            f"Nothing here shows that it is. {_listed(by_weight['withholds'])}, and "
            f"{_holds(by_weight['withholds'])} no disease. {model} reaches "
            f"{model_auroc.value:.3f} with the whole film."
        )
    tried = [b for b in audit.baselines if b.can_withhold]
    if by_weight["limits"]:
        return (
            f"In part it may be something else. {_listed(by_weight['limits'])}, and "
            f"{_holds(by_weight['limits'])} no disease; {model} is clearly better "
            f"({model_auroc.value:.3f})."
        )
    if not tried:
        return "Unknown: nothing that holds no disease was tried."
    names = joined([_PARTS.get(b.name, b.title.lower()) for b in tried])
    return (
        f"Nothing that was tried speaks against it: {names} {_tell(tried)} little or nothing of "
        f"{positive}, where {model} reaches AUROC {model_auroc.value:.3f} with the whole film."
    )


def untried_text(audit: AuditReport) -> str:
    """Say what this run did not try; empty where all was tried."""
    if not audit.baselines:
        return "This run did not try what predicts the label without the disease."
    if find_baseline(audit.baselines, "frame") is None:
        return (
            "This run did not show the network parts of the films, so it is unknown what their "
            "frame alone predicts."
        )
    return ""


def strongest_text(baseline: Baseline, at_most: int = 4, least: float = 0.55) -> str:
    """Name the columns that tell most by themselves: `width in pixels 0.930`; empty if none."""
    ranked = sorted(baseline.details.items(), key=lambda item: -item[1])
    shown = [f"{name} {value:.3f}" for name, value in ranked[:at_most] if value >= least]
    return joined(shown)


def association_text(association: float) -> str:
    """Put Cramér's V of source and class into words; empty where it does not exist."""
    if math.isnan(association):
        return ""
    meaning = (
        "no source holds films of more than one class"
        if association >= 1.0
        else next(text for least, text in _ASSOCIATIONS if association >= least)
    )
    # A V of 0.996 is not the 1.0 of which the verdict speaks.
    shown = "1.0" if association >= 1.0 else f"{min(association, 0.99):.2f}"
    return f"Cramér’s V of source and class, from 0 to 1, is {shown}: {meaning}."


def _listed(baselines: Sequence[Baseline]) -> str:
    """Write `The frame of the film alone predicts it with AUROC 0.918`, or of several."""
    names = joined([f"{_PARTS[b.name]} (AUROC {b.auroc.value:.3f})" for b in baselines])
    is_one = len(baselines) == 1
    text = f"{names} {'alone predicts' if is_one else 'each predict'} the label"
    return text[0].upper() + text[1:]


def _holds(baselines: Sequence[Baseline]) -> str:
    return "holds" if len(baselines) == 1 else "hold"


def _tell(baselines: Sequence[Baseline]) -> str:
    return "tells" if len(baselines) == 1 else "tell"

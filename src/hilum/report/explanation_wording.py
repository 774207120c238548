"""What an explanation says, in sentences that stand beside the picture."""

from __future__ import annotations

from dataclasses import dataclass

from hilum.classifier.attribution_shares import RegionShare
from hilum.classifier.explaining import Explanation
from hilum.classifier.records import BundleRecord

_VERDICTS = {
    "withheld": "Verdict withheld: the training cohort does not show that this classifier sees "
    "the disease.",
    "limited": "The training cohort supports this classifier's figures with limits.",
    "supported": "The training cohort supports this classifier's figures.",
}
RESEARCH_ONLY = "Research use only."


@dataclass(frozen=True)
class ExplanationWords:
    """What is written beside a film and its map.

    Attributes:
        headline: The class and its probability.
        call: What was called, or that nothing was.
        is_refused: Whether the film lies outside the domain.
        warning: That the training cohort carries no claim; empty where it does.
        remarks: One sentence each: the sum, the share, the checks.
        limits: What the map is not.
    """

    headline: str
    call: str
    is_refused: bool
    warning: str
    remarks: tuple[str, ...]
    limits: str


def word_explanation(explanation: Explanation, record: BundleRecord) -> ExplanationWords:
    """Put an explanation into words; no file is named.

    Args:
        explanation: Of one film.
        record: What the bundle says of itself.
    """
    prediction = explanation.prediction
    probability = prediction.probabilities[explanation.label]
    rows, columns = explanation.contributions.shape
    remarks = [_word_sum(explanation), word_share(explanation.share, explanation.label)]
    remarks += [_word_agreement(explanation), _word_sanity(explanation)]
    verdict = _VERDICTS[record.verdict.headline]
    is_withheld = record.verdict.headline == "withheld"
    return ExplanationWords(
        headline=f"{explanation.label}: {word_probability(probability)}",
        call=_word_call(explanation, record),
        is_refused=not prediction.in_domain,
        warning=verdict if is_withheld else "",
        remarks=tuple(remark for remark in (*remarks, "" if is_withheld else verdict) if remark),
        limits=f"{rows} x {columns} cells: where the network's reasons lie, not where disease "
        f"begins and ends. {RESEARCH_ONLY}",
    )


def _word_call(explanation: Explanation, record: BundleRecord) -> str:
    prediction = explanation.prediction
    if prediction.call is None:
        return (
            "Refused: the film is not like the training films. Probability and map mean "
            "nothing here."
        )
    is_positive = prediction.call == record.positive
    where = "at or above" if is_positive else "below"
    if not is_positive and prediction.probabilities[record.positive] >= record.threshold:
        # With three classes or more; see `calling_text`.
        where = "the heads' mean log-odds are below"
    point = f"{_percent(record.threshold)} for {record.positive}"
    return f"Called {prediction.call}: {where} the operating point ({point})."


def _word_sum(explanation: Explanation) -> str:
    exact = explanation.exact
    if exact is None:
        return (
            f"Red: covering the place lowers the log-odds of {explanation.label}; blue: raises "
            "them."
        )
    total = f"{exact.contributions.sum():+.1f}".replace("-", "\N{MINUS SIGN}")
    if exact.has_reference:
        return (
            f"All cells add up to {total} log-odds: this film against the average training film "
            "of the other classes, place by place."
        )
    return f"All cells add up to {total} log-odds, what every film has included."


def word_share(share: RegionShare, label: str) -> str:
    """Say how much of a map lies in a region, and how large the region is.

    Args:
        share: The region's share.
        label: The class that is explained.
    """
    if share.speaking_for is None:
        return f"Nothing on the film speaks for {label}."
    told = f"{_percent(share.speaking_for)} of what speaks for {label} lies"
    if share.region == "lungs":
        return f"{told} inside the lungs, which are {_percent(share.area)} of the film."
    return f"{told} in the central {_percent(share.area)} of the film."


def _word_agreement(explanation: Explanation) -> str:
    if explanation.agreement is None:
        return ""
    return f"Rank correlation with the map of covered patches: {_signed(explanation.agreement)}."


def _word_sanity(explanation: Explanation) -> str:
    check = explanation.sanity
    if check is None:
        return ""
    mean = _signed(float(check.correlations.mean()))
    told = f"rank correlation {mean} on average of {len(check.correlations)} draws"
    if check.is_passed:
        return f"Heads that have forgotten what they learned give another map ({told})."
    return f"Caution: heads that have forgotten what they learned give a like map ({told})."


def word_probability(probability: float) -> str:
    """Say a probability in percent; none is certain.

    Args:
        probability: 0 to 1.
    """
    if probability < 0.005:
        return "below 0.5 %"
    if probability > 0.995:
        return "above 99.5 %"
    return _percent(probability)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")

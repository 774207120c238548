"""What a classifier answers, as JSON: the types, and the one writer of each part.

The command line and the server write a film's answer with the same functions. Each adds how it
knows its films: by path, or by place in the request.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from hilum.classifier.explain.explanation import Explanation
from hilum.classifier.prediction import FilmFailure, Prediction
from hilum.classifier.records import BoundedJson, Figure, PolicyJson, StudyJson


class DistanceLimitJson(TypedDict, total=False):
    """Told by the server alone.

    Attributes:
        distance_limit: Largest distance that is not refused.
    """

    distance_limit: float


class AnswerJson(DistanceLimitJson):
    """What the classifier says of one film.

    Attributes:
        probabilities: Calibrated probability of each class, for films mixed as in the
            training cohort; null where the film is refused, unless it was asked for.
        call: The class called at the operating point; null where the film is refused.
        in_domain: Whether the film is like the training films.
        distance: How far it lies from them.
        notes: What was converted while the film was read.
    """

    probabilities: dict[str, float] | None
    call: str | None
    in_domain: bool
    distance: float
    notes: list[str]


class FaultJson(TypedDict):
    """Why a film has no answer.

    Attributes:
        code: Stable name of the kind of fault.
        fix: What to do.
    """

    code: str
    message: str
    fix: str


class NamedAnswerJson(AnswerJson):
    """One film's answer, by its path."""

    path: str


class NamedFaultJson(FaultJson):
    """One film's fault, by its path."""

    path: str


class PredictJson(TypedDict):
    """What `hilum predict --json` prints."""

    films: list[NamedAnswerJson]
    failed: list[NamedFaultJson]


class IndexedAnswerJson(AnswerJson):
    """One film's answer, by its place in the request, from 0."""

    index: int


class IndexedFaultJson(FaultJson):
    """One film's fault, by its place in the request, from 0.

    Attributes:
        status: HTTP status that the film would have had alone.
    """

    index: int
    status: int


class PredictionsJson(TypedDict):
    """What `/v1/predict` answers."""

    films: list[IndexedAnswerJson]
    failed: list[IndexedFaultJson]


class ExactJson(TypedDict):
    """What each cell of the feature map adds to the log-odds.

    Attributes:
        baseline: `log_odds` less the sum of all cells.
        compared_with: Null where the bundle holds no reference maps.
    """

    log_odds: float
    baseline: float
    compared_with: Literal["other classes"] | None
    cells: list[list[float]]


class RegionShareJson(TypedDict):
    """How much of an explanation lies within a region.

    Attributes:
        area: The region's share of the film.
        speaking_for: Share of what speaks for the class; null where nothing does.
        speaking_against: Share of what speaks against it; null where nothing does.
    """

    region: Literal["lungs", "centre"]
    area: float
    speaking_for: float | None
    speaking_against: float | None


class OcclusionJson(TypedDict):
    """How much the log-odds fall where parts of the film are covered.

    Attributes:
        rank_correlation: With the exact map; null where there is none.
    """

    log_odds: float
    drops: list[list[float]]
    rank_correlation: Figure


class SanityJson(TypedDict):
    """How like the maps of shuffled heads are to the heads' own."""

    is_passed: bool
    rank_correlation: Figure
    rank_correlation_of_magnitudes: Figure
    draws: int


class ExplanationJson(TypedDict):
    """One film's explanation; what was not asked for is null.

    Attributes:
        label: The class that is explained.
        probability: Of that class.
    """

    label: str
    probability: float
    call: str | None
    in_domain: bool
    distance: float
    notes: list[str]
    exact: ExactJson | None
    share: RegionShareJson
    occlusion: OcclusionJson | None
    sanity: SanityJson | None


class NamedExplanationJson(ExplanationJson):
    """One film's explanation, by its path.

    Attributes:
        picture: Where the picture lies; null where none was drawn.
    """

    path: str
    picture: str | None


class ExplainJson(TypedDict):
    """What `hilum explain --json` prints."""

    films: list[NamedExplanationJson]
    failed: list[NamedFaultJson]


class PicturesJson(TypedDict):
    """Where in one film the reasons for a class lie.

    Attributes:
        film: The film, upright and grey: a PNG data URL.
        heatmap: What speaks for the class and against it, of the same size; null where the
            film is refused, unless it was asked for.
        share_central: Share of what speaks for the class in the centre of the film.
        cells: Rows and columns of the map before it was enlarged.
    """

    label: str
    film: str
    heatmap: str | None
    share_central: float | None
    cells: list[int]


class ExplainedJson(PicturesJson):
    """What `/v1/explain` answers."""

    prediction: AnswerJson


class ModelBackboneJson(TypedDict):
    """The network under the heads."""

    name: str
    title: str
    size_px: int


class ModelPointJson(TypedDict):
    """Where the line between the calls is drawn, and what it did on films not seen before."""

    threshold: float
    policy: PolicyJson
    sensitivity: BoundedJson | None
    specificity: BoundedJson | None


class ModelVerdictJson(TypedDict):
    """Whether the training cohort carries the claim, in the words that are shown.

    Attributes:
        reasons: Those that weigh, the weightiest first.
        title: The headline with its scope.
        text: What led to it.
        looked: What was tried, what was not, how many draws of the folds agree, and how near an
            edge the headline stands.
        cautions: What is told beside the verdict and weighs nothing.
        confirmed: What a person has answered.
        quote: The one line to quote; empty where there is none.
        elsewhere: The result on films from elsewhere.
        next_steps: What to do next.
        reminder: What to say beside an answer; empty where nothing need be said.
    """

    headline: str
    reasons: list[str]
    title: str
    text: str
    looked: list[str]
    cautions: list[str]
    confirmed: list[str]
    quote: str
    elsewhere: str
    next_steps: list[str]
    reminder: str


class LimitsJson(TypedDict):
    """What the server takes."""

    file_bytes: int
    files: int
    request_bytes: int
    megapixels: float


class ModelJson(TypedDict):
    """What `/v1/model` answers: the classifier, and how far to trust it.

    Attributes:
        schema: Version of the bundle's layout.
        card: The model card, Markdown.
    """

    schema: str
    classes: list[str]
    positive: str
    backbone: ModelBackboneJson
    operating_point: ModelPointJson
    verdict: ModelVerdictJson
    study: StudyJson
    card: str
    created: str
    limits: LimitsJson
    research_use_only: bool


class ProblemJson(TypedDict):
    """A refusal or fault of the server, as RFC 9457 tells it.

    Attributes:
        detail: What happened.
        code: Stable name of the kind of fault.
        fix: What to do.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    fix: str


def describe_film(
    prediction: Prediction, *, shows_refused: bool, distance_limit: float | None = None
) -> AnswerJson:
    """Tell one film's answer.

    Args:
        prediction: The answer.
        shows_refused: Give probabilities outside the domain, too, where they mean nothing.
        distance_limit: Largest distance inside the domain; left out if not given.
    """
    is_shown = prediction.in_domain or shows_refused
    limit: DistanceLimitJson = {} if distance_limit is None else {"distance_limit": distance_limit}
    return {
        "probabilities": dict(prediction.probabilities) if is_shown else None,
        "call": prediction.call,
        "in_domain": prediction.in_domain,
        "distance": prediction.distance,
        **limit,
        "notes": list(prediction.notes),
    }


def describe_fault(failure: FilmFailure) -> FaultJson:
    """Tell why a film has no answer."""
    return {"code": failure.code, "message": failure.message, "fix": failure.fix}


def describe_explanation(explanation: Explanation) -> ExplanationJson:
    """Tell one film's explanation: its answer, every cell's contribution, and the checks."""
    prediction, share = explanation.prediction, explanation.share
    exact, occlusion, sanity = explanation.exact, explanation.occlusion, explanation.sanity
    return {
        "label": explanation.label,
        "probability": prediction.probabilities[explanation.label],
        "call": prediction.call,
        "in_domain": prediction.in_domain,
        "distance": prediction.distance,
        "notes": list(prediction.notes),
        "exact": None
        if exact is None
        else {
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
        "occlusion": None
        if occlusion is None
        else {
            "log_odds": occlusion.log_odds,
            "drops": occlusion.drops.tolist(),
            "rank_correlation": explanation.agreement,
        },
        "sanity": None
        if sanity is None
        else {
            "is_passed": sanity.is_passed,
            "rank_correlation": float(sanity.correlations.mean()),
            "rank_correlation_of_magnitudes": float(sanity.magnitudes.mean()),
            "draws": len(sanity.correlations),
        },
    }

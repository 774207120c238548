"""What answers look like, with examples, and how results become them.

The OpenAPI document is made of the models. The answers themselves are typed dictionaries, of
which `hilum.classifier` writes all that a film's answer has in common with `hilum predict`.
What a sender named is never repeated.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from hilum.classifier import (
    SCHEMA,
    BoundedJson,
    Classifier,
    CohortVerdict,
    FilmFailure,
    ModelJson,
    ModelVerdictJson,
    PicturesJson,
    Prediction,
    PredictionsJson,
    describe_fault,
    describe_film,
    heatmap_overlay,
)
from hilum.films import DEFAULT_LIMITS
from hilum.serve.problems import film_status
from hilum.serve.settings import ServeLimits


class FilmAnswer(BaseModel):
    """What the classifier says of one film."""

    probabilities: dict[str, float] | None = Field(
        description="Calibrated probability of each class, for films mixed as in the training "
        "cohort. null where the film is refused, unless `show_refused` was asked for."
    )
    call: str | None = Field(
        description="The class called at the operating point; null where the film is refused."
    )
    in_domain: bool = Field(description="Whether the film is like the training films.")
    distance: float = Field(description="How far it lies from them.")
    distance_limit: float = Field(description="Largest distance that is not refused.")
    notes: list[str] = Field(description="What was converted while the film was read.")


_ANSWER: dict[str, JsonValue] = {
    "probabilities": {"COVID-19": 0.93, "Normal": 0.07},
    "call": "COVID-19",
    "in_domain": True,
    "distance": 0.11,
    "distance_limit": 0.31,
    "notes": ["16-bit grey levels scaled to 8 bit"],
}


class IndexedAnswer(FilmAnswer):
    """What the classifier says of one film of several."""

    index: int = Field(description="Place of the file in the request, from 0.")


class FilmFault(BaseModel):
    """Why a film has no answer."""

    index: int = Field(description="Place of the file in the request, from 0.")
    code: str = Field(description="Stable name of the kind of fault.")
    message: str
    fix: str = Field(description="What to do.")
    status: int = Field(description="HTTP status that the file would have had alone.")


class Predictions(BaseModel):
    """Answers to a request's films. Names of files are never repeated."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "films": [{"index": 0, **_ANSWER}],
                    "failed": [
                        {
                            "index": 1,
                            "code": "CORRUPT",
                            "message": "The file ends before the picture does.",
                            "fix": "Copy or export the film again from its source.",
                            "status": 422,
                        }
                    ],
                }
            ]
        }
    )
    films: list[IndexedAnswer]
    failed: list[FilmFault]


class Explained(BaseModel):
    """One film's answer, and where in the film its reasons lie."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "prediction": _ANSWER,
                    "label": "COVID-19",
                    "film": "data:image/png;base64,iVBORw0KGgo=",
                    "heatmap": "data:image/png;base64,iVBORw0KGgo=",
                    "share_central": 0.81,
                    "cells": [7, 7],
                }
            ]
        }
    )
    prediction: FilmAnswer
    label: str = Field(description="The class whose reasons are shown.")
    film: str = Field(description="The film, upright and grey, at most 1024 px: a PNG data URL.")
    heatmap: str | None = Field(
        description="What speaks for the class (red) and against it (blue), of the same size, "
        "transparent where nothing does: a PNG data URL. null where the film is refused, unless "
        "`show_refused` was asked for."
    )
    share_central: float | None = Field(
        description="Share of what speaks for the class in the central 60 % of both sides, 0 to "
        "1; null where nothing does, or the heat-map is."
    )
    cells: list[int] = Field(description="Rows and columns of the map before it was enlarged.")


class Bounded(BaseModel):
    """A figure with its interval; fractions."""

    value: float | None
    low: float | None = None
    high: float | None = None


class OperatingPoint(BaseModel):
    """Where the line between the calls is drawn."""

    threshold: float = Field(
        description="Probability of the positive class from which on it is called."
    )
    policy: dict[str, Any] = Field(description="How it was chosen: `kind`, and `target`.")
    sensitivity: Bounded | None = Field(description="On films that the heads had not seen.")
    specificity: Bounded | None


class Model(BaseModel):
    """The classifier: what it is, what it was trained on, and how far to trust it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "schema": "hilum.classifier/1",
                    "classes": ["COVID-19", "Normal"],
                    "positive": "COVID-19",
                    "backbone": {
                        "name": "efficientnet-lite0",
                        "title": "EfficientNet-Lite0",
                        "size_px": 224,
                    },
                    "operating_point": {
                        "threshold": 0.41,
                        "policy": {"kind": "sensitivity", "target": 0.95},
                        "sensitivity": {"value": 0.95, "low": 0.9, "high": 0.98},
                        "specificity": {"value": 0.9, "low": 0.84, "high": 0.94},
                    },
                    "verdict": {
                        "headline": "limited",
                        "reasons": ["The frame alone predicts the label."],
                        "title": "Limited on films of one source",
                        "text": "Frame of the film limits it. Read the figures with that in mind.",
                        "looked": ["All 5 draws of the folds lead to this verdict."],
                        "cautions": [],
                        "confirmed": [],
                        "quote": "Sensitivity 92.5 % (95 % CI 83.5 to 97.5; 74 of 80)",
                        "elsewhere": "Not tried on films from elsewhere.",
                        "next_steps": ["Collect films of both classes from the same device."],
                        "reminder": "Read it with the reservations of the verdict above.",
                    },
                    "study": {},
                    "card": "# COVID-19 against Normal",
                    "created": "2026-01-31T12:00:00Z",
                    "limits": {
                        "file_bytes": 50_000_000,
                        "files": 32,
                        "request_bytes": 200_000_000,
                        "megapixels": 50,
                    },
                    "research_use_only": True,
                }
            ]
        }
    )
    bundle_schema: str = Field(alias="schema", description="Version of the bundle's layout.")
    classes: list[str]
    positive: str = Field(description="The class that the operating point speaks of.")
    backbone: dict[str, Any]
    operating_point: OperatingPoint
    verdict: dict[str, Any] = Field(description="Whether the training cohort carries the claim.")
    study: dict[str, Any] = Field(description="The figures of the study behind the classifier.")
    card: str = Field(description="The model card, Markdown.")
    created: str
    limits: dict[str, float]
    research_use_only: bool


class ProblemDocument(BaseModel):
    """A refusal or fault, as RFC 9457 tells it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:hilum:problem:type",
                    "title": "Unsupported Media Type",
                    "status": 415,
                    "detail": "The file is a web page, not a film.",
                    "code": "TYPE",
                    "fix": "Often a failed download: fetch the film again.",
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str = Field(description="What happened.")
    code: str = Field(description="Stable name of the kind of fault.")
    fix: str = Field(description="What to do.")


class Health(BaseModel):
    """That the process lives, or that it takes requests."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})
    status: str


def describe_films(
    answers: Sequence[Prediction | FilmFailure], distance_limit: float, *, shows_refused: bool
) -> PredictionsJson:
    """Tell the answers to a request's films, each with its place in the request."""
    told: PredictionsJson = {"films": [], "failed": []}
    for index, answer in enumerate(answers):
        if isinstance(answer, FilmFailure):
            status = film_status(answer.code)
            told["failed"].append({"index": index, **describe_fault(answer), "status": status})
        else:
            film = describe_film(answer, shows_refused=shows_refused, distance_limit=distance_limit)
            told["films"].append({"index": index, **film})
    return told


def describe_model(classifier: Classifier, limits: ServeLimits) -> ModelJson:
    """Tell what the classifier is, what it was trained on, and what the server takes."""
    record = classifier.record
    reached = record.study.get("operating_point", {})
    return {
        "schema": SCHEMA,
        "classes": list(record.classes),
        "positive": record.positive,
        "backbone": {
            "name": record.backbone.name,
            "title": record.backbone.title,
            "size_px": record.backbone.size_px,
        },
        "operating_point": {
            "threshold": record.threshold,
            "policy": {"kind": record.policy.kind, "target": record.policy.target},
            "sensitivity": _bounded(reached.get("sensitivity")),
            "specificity": _bounded(reached.get("specificity")),
        },
        "verdict": _describe_verdict(record.verdict),
        "study": _finite(record.study),
        "card": classifier.card,
        "created": record.created,
        "limits": {
            "file_bytes": limits.file_bytes,
            "files": limits.files,
            "request_bytes": limits.request_bytes,
            "megapixels": DEFAULT_LIMITS.pixels / 1e6,
        },
        "research_use_only": True,
    }


_REMINDERS: Mapping[str, str] = {
    "withheld": "The verdict above is withheld: this may come from how films were made, not from "
    "the disease.",
    "limited": "Read it with the reservations of the verdict above.",
}


def _describe_verdict(verdict: CohortVerdict) -> ModelVerdictJson:
    return {
        "headline": verdict.headline,
        "reasons": list(verdict.reasons),
        "title": verdict.heading,
        "text": verdict.text,
        "looked": list(verdict.looked),
        "cautions": list(verdict.cautions),
        "confirmed": list(verdict.confirmed),
        "quote": verdict.quote,
        "elsewhere": verdict.elsewhere,
        "next_steps": list(verdict.next_steps),
        "reminder": _REMINDERS.get(verdict.headline, ""),
    }


def _bounded(figure: Any) -> BoundedJson | None:
    if not isinstance(figure, dict):
        return None
    value, low, high = (_finite(figure.get(name)) for name in ("value", "low", "high"))
    return {"value": value, "low": low, "high": high}


def _finite(told: Any) -> Any:
    """Put null in place of NaN and infinity, which JSON does not have."""
    match told:
        case dict():
            return {name: _finite(value) for name, value in told.items()}
        case list() | tuple():
            return [_finite(value) for value in told]
        case float() if not math.isfinite(told):
            return None
    return told


@dataclass(frozen=True)
class ExplainedFilm:
    """What `/v1/explain` answers with.

    Attributes:
        prediction: What the classifier says.
        pictures: The rest of the answer, ready for JSON.
    """

    prediction: Prediction
    pictures: PicturesJson


def explain_upload(
    classifier: Classifier, film: bytes, label: str, *, shows_refused: bool
) -> ExplainedFilm:
    """Explain one film.

    Args:
        classifier: Answers.
        film: The bytes of its file.
        label: The class whose reasons are shown.
        shows_refused: Draw a heat-map outside the domain, too, where it means nothing.

    Raises:
        FilmError: The film cannot be read, or is none.
        ExplanationError: The backbone shows no feature map.
    """
    explanation = classifier.explain(film, label)
    pixels = _shrunk(explanation.pixels)
    is_shown = explanation.prediction.in_domain or shows_refused
    overlay = heatmap_overlay(explanation.contributions, pixels.shape) if is_shown else None
    return ExplainedFilm(
        explanation.prediction,
        {
            "label": explanation.label,
            "film": _data_url(pixels),
            "heatmap": None if overlay is None else _data_url(overlay),
            "share_central": explanation.share.speaking_for if is_shown else None,
            "cells": list(explanation.contributions.shape),
        },
    )


LONGEST_SIDE_PX = 1024
"""Of the film as it is sent back: enough for a screen, and quick to draw."""


def _shrunk(pixels: UInt8[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width"]:
    """Bring a film to the size that is sent, if it is larger."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _data_url(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

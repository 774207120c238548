"""Results as JSON tells them; what a sender named is never repeated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hilum.classifier.answers import (
    BoundedJson,
    ModelJson,
    PredictionsJson,
    describe_fault,
    describe_film,
)
from hilum.classifier.classifier import Classifier
from hilum.classifier.predictions import FilmFailure, Prediction
from hilum.classifier.records import SCHEMA
from hilum.cohort.reading.containers import DEFAULT_LIMITS
from hilum.serve.problems import film_status
from hilum.serve.settings import ServeLimits


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
        "verdict": {
            "headline": record.verdict.headline,
            "reasons": list(record.verdict.reasons),
        },
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


def _finite(told: Any) -> Any:
    """Put null where there is no number: NaN is no JSON."""
    match told:
        case dict():
            return {name: _finite(value) for name, value in told.items()}
        case list() | tuple():
            return [_finite(value) for value in told]
        case float() if not math.isfinite(told):
            return None
    return told


def _bounded(figure: Any) -> BoundedJson | None:
    if not isinstance(figure, dict):
        return None
    value, low, high = (_finite(figure.get(name)) for name in ("value", "low", "high"))
    return {"value": value, "low": low, "high": high}

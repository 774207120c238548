"""One film's explanation as JSON tells it: the film and its heat-map as PNG data URLs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from hilum.classifier.answers import PicturesJson
from hilum.classifier.classifier import Classifier
from hilum.classifier.heatmaps import heatmap_overlay
from hilum.classifier.predictions import Prediction

LONGEST_SIDE_PX = 1024
"""Of the film as it is sent back: enough for a screen, and quick to draw."""


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


def _shrunk(pixels: UInt8[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width"]:
    """Bring a film to the size that is sent, if it is larger."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _data_url(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

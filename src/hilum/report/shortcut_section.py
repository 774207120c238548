"""The section "Is it the disease?": what predicts the label without it, beside the model."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from hilum.auditing.baselines import SIGHTS, Baseline
from hilum.auditing.report import AuditReport
from hilum.auditing.verdict import RULES, Weight
from hilum.cohort.manifest import Cohort, Film
from hilum.evaluation.results import Estimate
from hilum.features.views import Part, resize_film, show_part
from hilum.report import audit_wording as words
from hilum.report import formatting
from hilum.report.figures import inline_figure
from hilum.report.films import choose_examples
from hilum.report.standings import Whisker, scaled
from hilum.studies.comparison import BackboneResult

SHOWN_PARTS: Mapping[Part, str] = {
    "whole": "The whole film",
    "frame": "Frame: hardly any lung",
    "centre": "Centre: without the frame",
    "blur": "Blurred: 14 x 14 px",
}
_PART_PX = 128
_SCALE_START = 0.5


@dataclass(frozen=True)
class BaselineRow:
    """One baseline of the table, written out."""

    title: str
    sight: str
    auroc: str
    interval: str
    whisker: Whisker | None
    share: str
    p_below: str
    effect: str
    weight: Weight | None
    strongest: str
    films: str
    seconds: str


def view_shortcuts(
    audit: AuditReport,
    *,
    cohort: Cohort,
    positive: str,
    model: BackboneResult | None,
    figures: Mapping[str, str],
    thumbnails: Mapping[str, bytes],
    redact: Callable[[str], str],
) -> dict[str, Any]:
    """Put into words, rows and pictures what predicts the label without the disease.

    Args:
        audit: What the audit found.
        cohort: The films.
        positive: The class that the model is said to recognise.
        model: What the baselines were measured against; None where the films are too
            few to train and test on.
        figures: SVG documents; `shortcuts` is shown where it is among them.
        thumbnails: JPEG bytes by film id.
        redact: Hides names and places.
    """
    if model is None:
        return {"answer": words.UNTRAINED, "untried": "", "groups": [], "figure": "", "parts": []}
    auroc = model.evaluation.metrics["auroc"]
    rows = [(baseline, _row(baseline, auroc, len(cohort), redact)) for baseline in audit.baselines]
    groups = [
        (title, [row for baseline, row in rows if baseline.can_withhold is can_withhold])
        for can_withhold, title in (
            (True, "Holds no disease: can limit or withhold the headline"),
            (False, "May hold disease: only describes"),
        )
    ]
    example = show_parts(cohort, positive, thumbnails)
    return {
        "answer": words.disease_text(audit, positive, model.title, auroc) if rows else "",
        "untried": words.untried_text(audit),
        "model": model.title,
        "model_auroc": formatting.metric_value("auroc", auroc.value),
        "model_interval": formatting.metric_interval("auroc", auroc),
        "model_whisker": _whisker(auroc),
        "groups": [(title, listed) for title, listed in groups if listed],
        "limiting": f"{100 * RULES.limiting_share:.0f} %",
        "withholding": f"{100 * RULES.withholding_share:.0f} %",
        "figure": inline_figure(
            figures, "shortcuts", "", shortcuts_label(audit, model.title, auroc)
        ),
        "example": example[0].film_id if example else "",
        "example_label": example[0].label if example else "",
        "parts": example[1] if example else [],
    }


def show_parts(
    cohort: Cohort, positive: str, thumbnails: Mapping[str, bytes]
) -> tuple[Film, list[tuple[str, str]]] | None:
    """Draw one example film as the probes see it, from its thumbnail.

    Args:
        cohort: The films.
        positive: The class that the example is taken from.
        thumbnails: JPEG bytes by film id.

    Returns:
        The film, and for each part its caption and a grey JPEG as a data address; None
        where no example has a thumbnail.
    """
    for film in choose_examples(cohort, positive):
        if film.film_id in thumbnails:
            with Image.open(io.BytesIO(thumbnails[film.film_id])) as picture:
                pixels = np.asarray(picture.convert("L"))
            square = resize_film(pixels, _PART_PX)
            return film, [
                (caption, _jpeg_uri(Image.fromarray(show_part(square, part))))
                for part, caption in SHOWN_PARTS.items()
            ]
    return None


def shortcuts_label(audit: AuditReport, model: str, auroc: Estimate) -> str:
    """Write the text alternative of the figure."""
    figures = [f"{model} {formatting.metric_text('auroc', auroc)}"] + [
        f"{b.title} {formatting.metric_text('auroc', b.auroc)}" for b in audit.baselines
    ]
    return f"What predicts the label, and how well. AUROC: {'; '.join(figures)}."


def _row(
    baseline: Baseline, model_auroc: Estimate, n_films: int, redact: Callable[[str], str]
) -> BaselineRow:
    weight = words.weight_of(baseline, model_auroc)
    return BaselineRow(
        title=baseline.title,
        sight=SIGHTS[baseline.name],
        auroc=formatting.metric_value("auroc", baseline.auroc.value),
        interval=formatting.metric_interval("auroc", baseline.auroc),
        whisker=_whisker(baseline.auroc),
        share=words.share_text(baseline.share),
        p_below=formatting.p_text(baseline.p_below),
        effect=words.effect_text(weight),
        weight=weight,
        strongest=redact(words.strongest_text(baseline)),
        films="" if baseline.n_films == n_films else formatting.films_text(baseline.n_films),
        seconds=formatting.seconds_text(baseline.seconds),
    )


def _whisker(estimate: Estimate) -> Whisker | None:
    bounds = (estimate.low, estimate.value, estimate.high)
    return scaled(*bounds, _SCALE_START) if all(map(math.isfinite, bounds)) else None


def _jpeg_uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=72)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()

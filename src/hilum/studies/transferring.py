"""From scores on films from elsewhere to the figures there, and what was lost on the way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hilum.evaluation.confusion import count_confusion
from hilum.evaluation.decisions import OperatingPoint
from hilum.evaluation.discrimination import trace_roc
from hilum.evaluation.dropping import measure_drop
from hilum.evaluation.elsewhere import measure_elsewhere
from hilum.evaluation.results import Estimate
from hilum.evaluation.scored_films import ScoredFilms
from hilum.studies.transfer import Transfer

TRAVELLING = ("sensitivity", "specificity", "auroc")
"""Figures that do not hang on how the classes are mixed, so that a drop of them means one."""


def measure_transfer(
    name: str,
    films: ScoredFilms,
    here: Mapping[str, Estimate],
    *,
    rng: np.random.Generator,
    operating_point: OperatingPoint | None = None,
) -> Transfer:
    """Measure one backbone on films from elsewhere, and hold it against the figures here.

    Args:
        name: The backbone's.
        films: The films there, their scores averaged over the heads.
        here: The figures on the films of the study.
        rng: Where the resamples come from.
        operating_point: The threshold fixed here, applied there; None where none was fixed.
    """
    there = measure_elsewhere(films, rng=rng)
    is_positive = films.is_positive
    has_both_sides = bool(is_positive.any()) and not is_positive.all()
    return Transfer(
        name=name,
        metrics=there,
        drops={
            metric: measure_drop(here[metric], figure)
            for metric, figure in there.items()
            if metric in here and metric in TRAVELLING
        },
        confusion=count_confusion(films.y_true, films.y_pred, positive=films.positive),
        roc=trace_roc(is_positive, films.y_score) if has_both_sides else None,
        operating_point=operating_point,
    )

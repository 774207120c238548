"""Baseline: how well something that is not the disease predicts the label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hilum.evaluation.results import Estimate

BaselineName = Literal[
    "metadata", "source", "frame", "histogram", "centre", "blur", "lungs", "lungless"
]

WITHHOLDING: frozenset[BaselineName] = frozenset({"metadata", "source", "frame"})
"""Those that hold no disease at all: what they predict, an artefact predicts."""

TITLES: Mapping[BaselineName, str] = {
    "metadata": "File metadata",
    "source": "Source",
    "frame": "Frame of the film",
    "histogram": "Grey levels",
    "centre": "Centre of the film",
    "blur": "Blurred film",
    "lungs": "Lungs alone",
    "lungless": "Film without its lungs",
}
SUBJECTS: Mapping[BaselineName, str] = {
    "metadata": "What is known of each film without one pixel (its file; view, sex and age where "
    "known)",
    "source": "Where the films come from, and nothing else,",
    "frame": "The frame of the film, its outermost 10 %, where there is hardly any lung,",
    "histogram": "How often each grey level occurs, and not where,",
    "centre": "The film without its frame",
    "blur": "The film at 14 x 14 px, too coarse for most findings,",
    "lungs": "What lies inside the lung masks",
    "lungless": "The film with its lungs blacked out",
}
"""Each as the subject of a sentence."""
SIGHTS: Mapping[BaselineName, str] = {
    "metadata": "size, format, compression and what the table says of the patient; not one pixel",
    "source": "where the film came from, and nothing else",
    "frame": "the outermost 10 % of each side, where there is hardly any lung",
    "histogram": "how often each grey level occurs, and not where",
    "centre": "the film without its frame",
    "blur": "the film at 14 x 14 px",
    "lungs": "what lies inside the lung masks",
    "lungless": "the film with its lungs blacked out",
}


@dataclass(frozen=True)
class Baseline:
    """What one such thing alone predicts, on the folds of the study.

    Attributes:
        name: Which one; `TITLES` and `SIGHTS` tell people what it is and sees.
        n_films: Films on which it and the model were compared.
        auroc: The positive class against the rest, out of fold.
        model_auroc: The model on the same films.
        share: Of the model's discrimination, (AUROC - 0.5) / (model's AUROC - 0.5), with a
            bootstrap interval; 0 where the baseline is at chance or below. NaN where the
            model itself is not above chance.
        p_below: One-sided p of the paired test that the baseline is as good as the model;
            small where the model is better.
        p_chance: One-sided p that the baseline does no better than chance.
        details: Figures for the reader, such as the AUROC of each column by itself.
        seconds: What it cost.
    """

    name: BaselineName
    n_films: int
    auroc: Estimate
    model_auroc: Estimate
    share: Estimate
    p_below: float
    p_chance: float
    details: Mapping[str, float]
    seconds: float

    @property
    def can_withhold(self) -> bool:
        """Tell whether it holds no disease at all."""
        return self.name in WITHHOLDING

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]

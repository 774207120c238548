"""All pictures of a comparison, by the names of their files.

Every picture is drawn from finished numbers: nothing is computed while drawing.
"""

from __future__ import annotations

import re

from hilum.report import svg
from hilum.report.score_figures import draw_confusion, draw_forest, draw_roc
from hilum.report.training_figures import curves_of, draw_accuracy, draw_loss, scales_of
from hilum.studies.comparison import Comparison


def figure_stem(kind: str, name: str = "") -> str:
    """Name a figure's file: the kind, and the backbone that it shows."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")
    return f"{kind}-{safe}" if safe else kind


def draw_figures(comparison: Comparison) -> dict[str, str]:
    """Draw everything that the report and a paper would show.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        File stem to SVG document: `forest`, `roc`, and for each backbone
        `accuracy-…`, `loss-…` and `confusion-…`. The same comparison always gives
        the same bytes.
    """
    results, classes = comparison.backbones, comparison.cohort.classes
    with svg.drawing_style():
        figures = {"forest": draw_forest(results), "roc": draw_roc(results)}
        curves = [curves_of(result.heads.history) for result in results]
        scales = scales_of(curves)
        for result, curve in zip(results, curves, strict=True):
            figures |= {
                figure_stem("accuracy", result.name): draw_accuracy(result.title, curve, scales),
                figure_stem("loss", result.name): draw_loss(result.title, curve, scales),
                figure_stem("confusion", result.name): draw_confusion(result, classes),
            }
    return figures

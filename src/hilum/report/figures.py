"""All pictures of a comparison and of an audit, by the names of their files.

Every picture is drawn from finished numbers: nothing is computed while drawing.
"""

from __future__ import annotations

from hilum.auditing import AuditReport
from hilum.evaluation import Decisions
from hilum.report import drawing as svg
from hilum.report.drawing import figure_stem
from hilum.report.sections.decisions import PICK_STEM, draw_decision_curve, draw_reliability
from hilum.report.sections.scores import draw_confusion, draw_forest, draw_roc
from hilum.report.sections.shortcuts import draw_shortcuts
from hilum.report.sections.standings import PICK_TITLE
from hilum.report.sections.training import curves_of, draw_accuracy, draw_loss, scales_of
from hilum.studies import BackboneResult, Comparison


def draw_figures(comparison: Comparison) -> dict[str, str]:
    """Draw everything that the report and a paper would show.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        File stem to SVG document: `forest`, `roc`, `shortcuts` where any were tried, and
        for each backbone `accuracy-…`, `loss-…` and `confusion-…`, and where anything was
        decided on validation films `reliability-…` and `decision-curve-…`; these also of
        the choice made anew for every film, ending in `pick`. The same comparison always
        gives the same bytes.
    """
    results, classes = comparison.backbones, comparison.cohort.classes
    model = next((r for r in results if r.name == comparison.audit.model), results[0])
    with svg.drawing_style():
        figures = {"forest": draw_forest(results), "roc": draw_roc(results)}
        curves = [curves_of(result.heads.history) for result in results]
        scales = scales_of(curves)
        for result, curve in zip(results, curves, strict=True):
            figures |= {
                figure_stem("accuracy", result.name): draw_accuracy(result.title, curve, scales),
                figure_stem("loss", result.name): draw_loss(result.title, curve, scales),
                figure_stem("confusion", result.name): draw_confusion(result, classes),
            } | _draw_decisions(result.decisions, result.title, result.name)
        if comparison.pick is not None:
            figures |= _draw_decisions(comparison.pick.decisions, PICK_TITLE, PICK_STEM)
    return figures | draw_audit(comparison.audit, model)


def _draw_decisions(decisions: Decisions | None, title: str, name: str) -> dict[str, str]:
    """Draw what decisions look like; call it inside `svg.drawing_style`."""
    if decisions is None:
        return {}
    return {
        figure_stem("reliability", name): draw_reliability(decisions, title),
        figure_stem("decision-curve", name): draw_decision_curve(decisions, title),
    }


def draw_audit(audit: AuditReport, model: BackboneResult) -> dict[str, str]:
    """Draw what an audit shows.

    Args:
        audit: What the audit found.
        model: What the shortcuts were measured against.

    Returns:
        File stem to SVG document: `shortcuts`, where any were tried.
    """
    if not audit.baselines:
        return {}
    with svg.drawing_style():
        picture = draw_shortcuts(
            audit.baselines,
            model=model.title,
            model_auroc=model.evaluation.metrics["auroc"],
            is_verified=model.weights.is_verified,
        )
    return {"shortcuts": picture}

"""All pictures of a comparison and of an audit, by the names of their files."""

from __future__ import annotations

from collections.abc import Mapping

from hilum.auditing import AuditReport
from hilum.evaluation import Decisions
from hilum.report.drawing import Picture, figure_stem, write_svg
from hilum.report.sections.decisions import PICK_STEM, DecisionCurveFigure, ReliabilityFigure
from hilum.report.sections.scores import ConfusionFigure, ForestFigure, RocFigure
from hilum.report.sections.shortcuts import ShortcutsFigure
from hilum.report.sections.standings import PICK_TITLE
from hilum.report.sections.training import TrainingCurvesFigure, curves_of, scales_of
from hilum.studies import BackboneResult, Comparison, weights_of


def figures_of(comparison: Comparison) -> dict[str, Picture]:
    """Gather everything that the report and a paper would show.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        File stem to figure: `forest`, `roc`, `shortcuts` where any were tried, and
        for each backbone `accuracy-…`, `loss-…` and `confusion-…`, and where anything was
        decided on validation films `reliability-…` and `decision-curve-…`; these also of
        the choice made anew for every film, ending in `pick`.
    """
    results, classes = comparison.backbones, comparison.cohort.classes
    model = next((r for r in results if r.name == comparison.audit.model), results[0])
    figures: dict[str, Picture] = {"forest": ForestFigure(results), "roc": RocFigure(results)}
    curves = [curves_of(result.heads.history) for result in results]
    scales = scales_of(curves)
    for result, curve in zip(results, curves, strict=True):
        name, title, matrix = result.name, result.title, result.evaluation.confusion_matrix
        own: dict[str, Picture] = {
            figure_stem("accuracy", name): TrainingCurvesFigure(title, "accuracy", curve, scales),
            figure_stem("loss", name): TrainingCurvesFigure(title, "loss", curve, scales),
            figure_stem("confusion", name): ConfusionFigure(title, classes, matrix),
        }
        figures |= own | _figures_of_decisions(result.decisions, title, name)
    if comparison.pick is not None:
        figures |= _figures_of_decisions(comparison.pick.decisions, PICK_TITLE, PICK_STEM)
    return figures | figures_of_audit(comparison.audit, model)


def _figures_of_decisions(decisions: Decisions | None, title: str, name: str) -> dict[str, Picture]:
    if decisions is None:
        return {}
    return {
        figure_stem("reliability", name): ReliabilityFigure(title, decisions.calibration),
        figure_stem("decision-curve", name): DecisionCurveFigure(title, decisions.decision_curve),
    }


def figures_of_audit(audit: AuditReport, model: BackboneResult) -> dict[str, Picture]:
    """Gather what an audit shows.

    Args:
        audit: What the audit found.
        model: What the shortcuts were measured against.

    Returns:
        File stem to figure: `shortcuts`, where any were tried.
    """
    if not audit.baselines:
        return {}
    return {
        "shortcuts": ShortcutsFigure(
            audit.baselines,
            model=model.title,
            model_auroc=model.evaluation.metrics["auroc"],
            weights={str(name): weight for name, weight in weights_of(audit).items()},
            is_verified=model.weights.is_verified,
        )
    }


def draw_all(figures: Mapping[str, Picture]) -> dict[str, str]:
    """Draw figures: file stem to SVG document, the same bytes for the same numbers."""
    return {stem: write_svg(figure) for stem, figure in figures.items()}

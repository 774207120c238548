"""Several recipes side by side as data: what `results.json` holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from hilum.report import recipes_wording as words
from hilum.report.audit_results import verdict_results
from hilum.report.placing import RECIPES_SCHEMA
from hilum.report.privacy import redacted, redactor
from hilum.report.run_folder import cohort_results
from hilum.studies.comparison import Comparison
from hilum.studies.contrasting import Difference, RecipeContrast, Standing, StepWorth


def recipes_results(contrast: RecipeContrast) -> dict[str, Any]:
    """Gather the machine-readable result; it holds neither paths nor file names."""
    last = contrast.comparisons[-1]
    return {
        "schema": RECIPES_SCHEMA,
        "positive": last.positive,
        "classes": list(last.cohort.classes),
        "cohort": cohort_results(last.cohort) | {"groups": int(np.unique(last.folds.groups).size)},
        "seed": last.seed,
        "recipes": [
            _recipe(comparison, standing)
            for comparison, standing in zip(contrast.comparisons, contrast.standings, strict=True)
        ],
        "settings": [
            {
                "setting": setting.title,
                "values": {c.recipe.name: setting.words(c.recipe) for c in contrast.comparisons},
            }
            for setting in contrast.settings
        ],
        "backbones": [
            {
                "name": result.name,
                "title": result.title,
                "weights": asdict(result.weights),
                "under": {c.recipe.name: _figures(c, result.name) for c in contrast.comparisons},
            }
            for result in last.backbones
        ],
        "differences": [
            _difference(difference) | {"text": words.worth_text(difference)}
            for difference in contrast.differences
        ],
        "path": [_step(step) for step in contrast.path],
        "unavailable": [asdict(absent) for absent in last.unavailable],
        "peak_rss_bytes": last.peak_rss_bytes,
    }


def _recipe(comparison: Comparison, standing: Standing) -> dict[str, Any]:
    folds = comparison.folds
    return asdict(comparison.recipe) | {
        "folder": comparison.recipe.name,
        "validates_on_test": folds.validates_on_test,
        "straddling_groups": len(folds.straddling_groups),
        "verdict": redacted(verdict_results(comparison.verdict), redactor(comparison.cohort)),
        "tested": standing.tested,
        "width": standing.width,
        "first": standing.first,
        "tied": standing.tied,
        "behind": standing.behind,
        "unverified": standing.unverified,
    }


def _figures(comparison: Comparison, name: str) -> dict[str, Any]:
    (result,) = (result for result in comparison.backbones if result.name == name)
    evaluation = result.evaluation
    return {
        "tested": len(evaluation.films),
        "size_px": result.size_px,
        "metrics": {metric: asdict(value) for metric, value in evaluation.metrics.items()},
        "confusion": asdict(evaluation.confusion),
        "seconds": asdict(result.seconds),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "backbone": difference.backbone,
        "earlier": difference.earlier,
        "later": difference.later,
        "accuracy": asdict(difference.accuracy),
        "adjusted_p": difference.adjusted_p,
        "auroc": difference.auroc,
    }


def _step(step: StepWorth) -> dict[str, Any]:
    return {
        "settings": step.settings,
        "before": step.before,
        "after": step.after,
        "has_same_films": step.has_same_films,
        "accuracy_change": step.accuracy_change,
        "auroc_change": step.auroc_change,
        "backbones": [
            {
                "name": difference.backbone,
                "accuracy": asdict(difference.accuracy),
                "adjusted_p": difference.adjusted_p,
                "is_untouched": difference.is_untouched,
                "auroc": difference.auroc,
            }
            for difference in step.differences
        ],
    }

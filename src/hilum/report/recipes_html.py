"""The page that shows several recipes side by side, and leads to the report of each."""

from __future__ import annotations

from typing import Any

from hilum.report import formatting, wording
from hilum.report import recipes_wording as words
from hilum.report.pages import day_of, render_page
from hilum.report.standings import headline_metrics, make_cell, scale_start
from hilum.runs.privacy import cohorts_of, redactor
from hilum.studies.comparison import BackboneResult, Comparison
from hilum.studies.contrasting import RecipeContrast
from hilum.studies.recipe_settings import SETTINGS

_VERDICTS = ("withheld", "limited", "supported")


def render_recipes(contrast: RecipeContrast) -> str:
    """Write the page of several recipes.

    Args:
        contrast: What `compare_recipes` returned.

    Returns:
        A whole HTML page, which expects each recipe's report in a folder of its name
        beside it. The same contrast always gives the same text.
    """
    last = contrast.comparisons[-1]
    cohort = last.cohort
    redact = redactor(*cohorts_of(last))
    others = [name for name in cohort.classes if name != last.positive]
    worst = min(contrast.comparisons, key=lambda c: _VERDICTS.index(c.verdict.headline))
    start = min(_start(comparison) for comparison in contrast.comparisons)
    return render_page(
        "recipes",
        words=words,
        contrast=contrast,
        cohort=cohort,
        films=formatting.films_text(len(cohort)),
        counts=[(label, f"{n:,}") for label, n in cohort.n_per_class.items()],
        positive=last.positive,
        names=words.recipe_names(contrast),
        date=day_of(last.provenance),
        headline=worst.verdict.headline,
        verdict_title=wording.verdict_title(worst),
        unverified=wording.unverified_text(last),
        reasons=[redact(reason) for reason in words.reasons(contrast)],
        glosses=[
            wording.sensitivity_gloss(last.positive),
            wording.specificity_gloss(last.positive, others),
        ],
        worths=_worths(contrast),
        elsewhere=words.external_texts(contrast),
        titles=[formatting.metric_title(metric) for metric in headline_metrics(last)],
        backbones=_backbones(contrast, start),
        start=start,
        steps=[_step_view(contrast, number) for number in range(len(contrast.path))],
        differing=_settings(contrast, are_alike=False),
        alike=_settings(contrast, are_alike=True),
        refused=[(e.name, redact(e.why)) for e in last.unavailable if e.is_refused],
        absent=[(e.name, redact(e.why)) for e in last.unavailable if not e.is_refused],
    )


def _start(comparison: Comparison) -> float:
    return scale_start(comparison, headline_metrics(comparison))


def _worths(contrast: RecipeContrast) -> list[dict[str, Any]]:
    """Say of each recipe but the last what lies between it and the last."""
    return [
        {
            "earlier": earlier,
            "lines": [
                (difference.title, words.worth_text(difference))
                for difference in contrast.differences
                if difference.earlier == earlier
            ],
        }
        for earlier in words.recipe_names(contrast)[:-1]
    ]


def _backbones(contrast: RecipeContrast, start: float) -> list[dict[str, Any]]:
    """Write each backbone's figures, one row per recipe, on one scale."""
    results = {
        (comparison.recipe.name, result.name): result
        for comparison in contrast.comparisons
        for result in comparison.backbones
    }
    metrics = headline_metrics(contrast.comparisons[-1])
    return [
        {
            "title": last.title,
            "is_verified": last.weights.is_verified,
            "rows": [
                _row(name, results[name, last.name], metrics, start)
                for name in words.recipe_names(contrast)
            ],
        }
        for last in contrast.comparisons[-1].backbones
    ]


def _row(
    recipe: str, result: BackboneResult, metrics: tuple[str, ...], start: float
) -> dict[str, Any]:
    return {
        "recipe": recipe,
        "cells": [
            make_cell(metric, result.evaluation.metrics[metric], start) for metric in metrics
        ],
        "tested": f"{len(result.evaluation.films):,}",
        "size_px": result.size_px,
        "training": formatting.seconds_text(result.seconds.train),
    }


def _step_view(contrast: RecipeContrast, number: int) -> dict[str, Any]:
    step = contrast.path[number]
    return {
        "title": words.step_title(step),
        "changes": list(zip(step.settings, step.before, step.after, strict=True)),
        "accuracy": words.points_text(step.accuracy_change),
        "range": words.step_change(step),
        "auroc": words.auroc_text(step.auroc_change),
        "films": words.step_films(step),
        "settles": words.settles_text(step),
        "backbones": [
            (
                difference.title,
                words.points_text(difference.accuracy.difference),
                words.points_interval(difference.accuracy.low, difference.accuracy.high),
            )
            for difference in step.differences
        ],
    }


def _settings(contrast: RecipeContrast, *, are_alike: bool) -> list[tuple[str, list[str]]]:
    """List the settings on which the recipes agree, or those on which they do not."""
    differing = set(contrast.settings)
    return [
        (setting.title, [setting.words(c.recipe) for c in contrast.comparisons])
        for setting in SETTINGS
        if (setting not in differing) == are_alike
    ]

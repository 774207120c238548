"""Several recipes side by side: the page, its words, and the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hilum.evaluation import SIGNIFICANCE_LEVEL, OverlapDifference
from hilum.report import recipes as words
from hilum.report.comparison import Report
from hilum.report.pages import day_of, render_page
from hilum.report.sections.external import external_text
from hilum.report.sections.standings import (
    headline_metrics,
    make_cell,
    scale_start,
    sensitivity_gloss,
    specificity_gloss,
)
from hilum.report.sections.verdict import gravest, unverified_text
from hilum.runs import check_run_folder, cohorts_of, describe_recipes, redactor, to_json, write_run
from hilum.studies import (
    SETTINGS,
    BackboneResult,
    Comparison,
    Difference,
    RecipeContrast,
    Standing,
    StepWorth,
    summarise,
)
from hilum.wording import (
    difference_text,
    films_text,
    joined,
    metric_title,
    metric_value,
    p_text,
    points_text,
    seconds_text,
)

NO_BREAK = "\N{NO-BREAK SPACE}"

CALLS_AND_DRAW_NOTE = (
    "A difference has two parts: the calls, on the films that both recipes tested, and the "
    "choice of films. Brackets hold its 95 % interval, which takes into account that films are "
    "shared; p is McNemar's on the shared films, after Holm's correction over all these "
    "differences."
)

HOLM_NOTE = "p is McNemar's on the shared films, after Holm's correction."

_GROUPS_NOTE = (
    "Films of one patient or copies of one film count once in p, yet each for itself in the "
    "interval, which is therefore too narrow."
)

SIGN_NOTE = "Changes are in percentage points: what the setting after the arrow added."


def recipe_names(contrast: RecipeContrast) -> tuple[str, ...]:
    """Name the recipes in the order they were named."""
    return tuple(comparison.recipe.name for comparison in contrast.comparisons)


def points_interval(low: float, high: float) -> str:
    """Write the interval of such a difference: `[−7.0, +6.5]`."""
    return f"[{points_text(low)}, {points_text(high)}]"


def worth_text(difference: Difference) -> str:
    """Say of one backbone what lies between two recipes, and whether it is real."""
    found, later, earlier = difference.accuracy, difference.later, difference.earlier
    shares = (
        f"{metric_value('accuracy', found.right_a / found.tested_a)} under {earlier} "
        f"({found.right_a:,} of {films_text(found.tested_a)}), "
        f"{metric_value('accuracy', found.right_b / found.tested_b)} under {later} "
        f"({found.right_b:,} of {found.tested_b:,})"
    )
    return f"{shares}: {_change_text(found)}. {_parts_text(difference)}"


def groups_note(contrast: RecipeContrast) -> str:
    """Say what the interval leaves out where films belong together; empty where none do."""
    groups = contrast.comparisons[-1].folds.groups
    return _GROUPS_NOTE if np.unique(groups).size < len(groups) else ""


def standing_texts(contrast: RecipeContrast) -> list[str]:
    """Say which backbone each recipe puts first, and with how much right."""
    return [
        f"Under {standing.recipe} no network is put first: the verdict says why."
        if comparison.verdict.headline == "withheld"
        else _standing_text(standing)
        for comparison, standing in zip(contrast.comparisons, contrast.standings, strict=True)
    ]


def _standing_text(standing: Standing) -> str:
    if standing.first is None:
        return (
            f"Under {standing.recipe} no network is put first: none ran on its published weights."
        )
    among = ", of the networks on their published weights" if standing.unverified else ""
    if not standing.tied and not standing.behind:
        only = "the only one on its published weights" if among else "the only one"
        return f"Under {standing.recipe}, {standing.first} was {only}."
    parts = []
    if standing.tied:
        parts.append(f"tied with {joined(standing.tied)}")
    if standing.behind:
        parts.append(f"ahead of {joined(standing.behind)}")
    return f"Under {standing.recipe}{among}, {standing.first} came first, {joined(parts)}."


def widths_text(contrast: RecipeContrast) -> str:
    """Say how much as many films as each recipe tests leave open; empty if none is first."""
    parts = [
        f"{100 * s.width:.1f} points {'wide ' if not k else ''}under {s.recipe} with "
        f"{films_text(s.tested)}"
        for k, s in enumerate(contrast.standings)
        if s.width is not None
    ]
    if not parts:
        return ""
    return f"The interval of the first one's accuracy is {joined(parts)}."


def external_texts(contrast: RecipeContrast) -> list[str]:
    """Say for each recipe whether its leader does worse on another cohort.

    Nothing is said where none was tried, or the verdict withholds the figures.
    """
    texts = [
        (comparison.recipe.name, external_text(comparison))
        for comparison in contrast.comparisons
        if comparison.verdict.headline != "withheld"
    ]
    return [f"Elsewhere, under {recipe}: {text}" for recipe, text in texts if text]


def reasons(contrast: RecipeContrast) -> list[str]:
    """List the verdicts' reasons once each; those of some recipes alone name them."""
    holders: dict[str, list[str]] = {}
    for comparison in contrast.comparisons:
        for reason in comparison.verdict.reasons:
            holders.setdefault(reason, []).append(comparison.recipe.name)
    return [
        reason if len(names) == len(contrast.comparisons) else f"{joined(names)}: {reason}"
        for reason, names in holders.items()
    ]


def validation_text(comparison: Comparison) -> str:
    """Say where a recipe's validation films come from, and what leaks."""
    recipe, folds = comparison.recipe, comparison.folds
    if not folds.validates_on_test:
        return f"{recipe.name}: validation films are apart from the test films."
    chosen = (
        "the epoch was chosen on them, so the figures are too good"
        if recipe.head.keeps_best_epoch
        else "no epoch was chosen on them, yet whoever tunes by the curves tunes on the test"
    )
    text = f"{recipe.name}: validation and test are the same films; {chosen}."
    n_leaks = len(folds.straddling_groups)
    if n_leaks:
        text += (
            f" The split is by film: {n_leaks:,} patients or copied films stand in training and "
            "in test."
        )
    return text


def step_title(step: StepWorth) -> str:
    """Name what a step changes: `Split and validation`."""
    first, *others = step.settings
    return joined([first, *(title.lower() for title in others)])


def step_change(step: StepWorth) -> str:
    """Write what a step changed, mean and range over the backbones: `−0.2 (−0.6 to 0.0)`."""
    changes = [d.accuracy.difference for d in step.counted]
    text = points_text(step.accuracy_change)
    if len(changes) == 1:
        return text
    return f"{text} ({points_text(min(changes))} to {points_text(max(changes))})"


def step_films(step: StepWorth) -> str:
    """Say on which films a step was judged: `the same 160`, or `32, then 160`."""
    found = step.differences[0].accuracy
    if step.has_same_films:
        return f"the same {found.tested_a:,}"
    return f"{found.tested_a:,}, then {found.tested_b:,}"


def mean_text(contrast: RecipeContrast) -> str:
    """Say over which networks the steps of the path are averaged."""
    step = contrast.path[0]
    if all(d.is_verified for d in step.differences):
        return "mean over the backbones"
    if any(d.is_verified for d in step.differences):
        return "mean over the networks on their published weights"
    return "mean over networks none of which ran on its published weights"


def path_text(contrast: RecipeContrast) -> str:
    """Say how the path is to be read, and what it adds up to."""
    names = recipe_names(contrast)
    by_way = f", by way of {joined(names[1:-1])}" if len(names) > 2 else ""
    total = sum(step.accuracy_change for step in contrast.path)
    several = f" ({mean_text(contrast)})" if len(contrast.path[0].differences) > 1 else ""
    return (
        f"From {names[0]} to {names[-1]}{by_way}, one setting after the other, each step trained "
        f"anew. The steps add up to {points_text(total)} points of accuracy{several}. In another "
        "order they would share it out differently; on few films most of it is chance."
    )


def settles_text(step: StepWorth) -> str:
    """Say whether the films show that a step changed the calls of any backbone."""
    if not step.has_same_films:
        return "other films are tested, so the change is theirs as well"
    untouched = [d.title for d in step.differences if d.is_untouched]
    if len(untouched) == len(step.differences):
        return "no score changed"
    p = min(d.adjusted_p for d in step.counted)
    shown = "no difference" if p > SIGNIFICANCE_LEVEL else "a difference"
    text = f"{shown} shown (p{NO_BREAK}{_equals(p)})"
    return f"{text}; nothing changed for {joined(untouched)}" if untouched else text


def _equals(p: float) -> str:
    text = p_text(p)
    return (text if text.startswith("<") else f"= {text}").replace(" ", NO_BREAK)


def _change_text(found: OverlapDifference) -> str:
    interval = points_interval(found.low, found.high)
    size = f"{abs(100 * found.difference):.1f}"
    if size == "0.0":
        return f"no difference {interval}"
    return f"{size} points {'more' if found.difference > 0 else 'fewer'} {interval}"


def _parts_text(difference: Difference) -> str:
    found, earlier, later = difference.accuracy, difference.earlier, difference.later
    if not found.shared:
        return "They tested no film in common, so it cannot be told whether the recipe made it."
    is_same_set = found.shared == found.tested_a == found.tested_b
    films = f"On {'the same' if is_same_set else 'the'} {films_text(found.shared)}"
    films += "" if is_same_set else " that both tested"
    draw = f"{points_text(found.draw)} points"
    if not found.only_a and not found.only_b:
        alike = f"{films} they are right and wrong alike"
        if points_text(found.draw) == "0.0":
            return f"{alike}."
        only = "one of them"
        if found.shared in (found.tested_a, found.tested_b):
            only = later if found.shared == found.tested_a else earlier
        return f"{alike}: the rest lies on films that only {only} tested."
    p = f"p{NO_BREAK}{_equals(difference.adjusted_p)}"
    alone = (
        f"{films}, {earlier} alone is right on {found.only_a:,} and {later} alone on "
        f"{found.only_b:,} ({p})"
    )
    if found.only_a == found.only_b:
        chance = ""
    elif difference.adjusted_p > SIGNIFICANCE_LEVEL:
        chance = ", which may be chance"
    else:
        chance = ", which is more than chance"
    calls = f"{alone}: the calls make {points_text(found.calls)} points{chance}"
    if is_same_set:
        return f"{calls}."
    return f"{calls}{',' if chance else ''} and the choice of films {draw}."


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
    worst = gravest(contrast.comparisons)
    start = min(_start(comparison) for comparison in contrast.comparisons)
    return render_page(
        "recipes",
        words=words,
        contrast=contrast,
        cohort=cohort,
        films=films_text(len(cohort)),
        counts=[(label, f"{n:,}") for label, n in cohort.n_per_class.items()],
        positive=last.positive,
        names=recipe_names(contrast),
        date=day_of(last.provenance),
        headline=worst.verdict.headline,
        verdict_title=redact(summarise(worst).title),
        verdict_text=redact(summarise(worst).text),
        looked=[redact(text) for text in summarise(worst).looked],
        unverified=unverified_text(last),
        reasons=[redact(reason) for reason in reasons(contrast)],
        glosses=[
            sensitivity_gloss(last.positive),
            specificity_gloss(last.positive, others),
        ],
        worths=_worths(contrast),
        elsewhere=external_texts(contrast),
        titles=[metric_title(metric) for metric in headline_metrics(last)],
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
                (difference.title, worth_text(difference))
                for difference in contrast.differences
                if difference.earlier == earlier
            ],
        }
        for earlier in recipe_names(contrast)[:-1]
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
                for name in recipe_names(contrast)
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
        "training": seconds_text(result.seconds.train),
    }


def _step_view(contrast: RecipeContrast, number: int) -> dict[str, Any]:
    step = contrast.path[number]
    return {
        "title": step_title(step),
        "changes": list(zip(step.settings, step.before, step.after, strict=True)),
        "accuracy": points_text(step.accuracy_change),
        "range": step_change(step),
        "auroc": difference_text("auroc", step.auroc_change, is_zero_signed=False),
        "films": step_films(step),
        "settles": settles_text(step),
        "backbones": [
            (
                difference.title,
                points_text(difference.accuracy.difference),
                points_interval(difference.accuracy.low, difference.accuracy.high),
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


def save_recipes(
    contrast: RecipeContrast, folder: str | Path, *, cache_dir: str | Path | None = None
) -> RecipeContrast:
    """Write several recipes as one folder, whole or not at all.

    Args:
        contrast: What `compare_recipes` returned.
        folder: Created whole; an earlier run of that name, of one recipe or several,
            is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The contrast as written, its studies' peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    cache = Path(cache_dir) if cache_dir is not None else None
    files: dict[str, str] = {}
    comparisons = []
    for comparison in contrast.comparisons:
        written, run = Report(comparison, cache).files()
        comparisons.append(written)
        files |= {f"{comparison.recipe.name}/{name}": text for name, text in run.items()}
    contrast = replace(contrast, comparisons=tuple(comparisons))
    files["report.html"] = render_recipes(contrast)
    files["results.json"] = to_json(describe_recipes(contrast, word=worth_text))
    write_run(folder, files)
    return contrast

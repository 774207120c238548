"""Several recipes side by side as JSON: what their `results.json` holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypedDict

from hilum.classifier import EstimateJson, Figure, WeightsJson
from hilum.runs.audit import SummaryJson, VerdictJson, describe_summary, describe_verdict
from hilum.runs.comparison import RecipeJson, RecipeSettingsJson
from hilum.runs.documents import as_document
from hilum.runs.figures import (
    ConfusionJson,
    EvaluationJson,
    GroupedCohortJson,
    SecondsJson,
    UnavailableJson,
    describe_grouped,
)
from hilum.runs.privacy import cohorts_of, redacted, redactor
from hilum.studies import (
    Comparison,
    Difference,
    RecipeContrast,
    Standing,
    StepWorth,
    summarise,
)


class RanksJson(TypedDict):
    """Which backbone a recipe puts first.

    Attributes:
        tested: Films.
        width: Of the 95 % interval of the first's accuracy; null where none is first.
        tied: Titles of those that its films do not tell from the first.
        behind: Titles of the others on their published weights.
        unverified: Titles of those on other weights, which have no rank.
    """

    tested: int
    width: Figure
    first: str | None
    tied: list[str]
    behind: list[str]
    unverified: list[str]


class StandingJson(RecipeJson, RanksJson):
    """One recipe, and which backbone it puts first.

    Attributes:
        folder: Where its whole run lies.
        straddling_groups: Patients or copied films in training and in test.
    """

    folder: str
    straddling_groups: int
    verdict: VerdictJson
    first_screen: SummaryJson


class SettingJson(TypedDict):
    """A setting on which recipes differ, and what each decides, in words."""

    setting: str
    values: dict[str, str]


class UnderRecipeJson(TypedDict):
    """One backbone under one recipe."""

    tested: int
    size_px: int
    metrics: dict[str, EstimateJson]
    confusion: ConfusionJson
    seconds: SecondsJson


class BackboneUnderRecipesJson(TypedDict):
    """One backbone under every recipe, by the recipe's name."""

    name: str
    title: str
    weights: WeightsJson
    under: dict[str, UnderRecipeJson]


class AccuracyDifferenceJson(TypedDict):
    """The accuracy of the later (b) less that of the earlier (a), and where it comes from.

    Attributes:
        right_a: Films called rightly under a, of `tested_a`.
        shared: Films that both tested.
        only_a: Shared films that a alone called rightly.
        calls: The part of the difference that calls on shared films make.
        draw: The rest: other films were tested.
    """

    right_a: int
    tested_a: int
    right_b: int
    tested_b: int
    difference: float
    low: Figure
    high: Figure
    shared: int
    only_a: int
    only_b: int
    mcnemar_p: Figure
    calls: float
    draw: float


class MeasuredDifferenceJson(TypedDict):
    """One backbone under two recipes, the later less the earlier.

    Attributes:
        adjusted_p: McNemar's, after Holm's correction over all differences.
        auroc: The difference.
    """

    backbone: str
    earlier: str
    later: str
    accuracy: AccuracyDifferenceJson
    adjusted_p: Figure
    auroc: Figure


class DifferenceJson(MeasuredDifferenceJson):
    """One backbone under two recipes, the later less the earlier.

    Attributes:
        text: The same in words.
    """

    text: str


class StepBackboneJson(TypedDict):
    """What one step is worth for one backbone.

    Attributes:
        is_untouched: Every score stayed the same.
    """

    name: str
    accuracy: AccuracyDifferenceJson
    adjusted_p: Figure
    is_untouched: bool
    auroc: Figure


class ChangedSettingsJson(TypedDict):
    """What one step changes.

    Attributes:
        accuracy_change: Mean over the backbones on their published weights.
    """

    settings: list[str]
    before: list[str]
    after: list[str]
    has_same_films: bool
    accuracy_change: Figure
    auroc_change: Figure


class StepJson(ChangedSettingsJson):
    """One step from the first recipe to the last."""

    backbones: list[StepBackboneJson]


class RecipesJson(TypedDict):
    """Several recipes side by side.

    Attributes:
        recipes: In the order in which they were named.
        differences: Every recipe but the last against the last.
        path: From the first recipe to the last.
    """

    schema: Literal["hilum.recipes/1"]
    positive: str
    classes: list[str]
    cohort: GroupedCohortJson
    seed: int
    recipes: list[StandingJson]
    settings: list[SettingJson]
    backbones: list[BackboneUnderRecipesJson]
    differences: list[DifferenceJson]
    path: list[StepJson]
    unavailable: list[UnavailableJson]
    peak_rss_bytes: int | None


def describe_recipes(contrast: RecipeContrast, *, word: Callable[[Difference], str]) -> RecipesJson:
    """Tell several recipes; neither paths nor file names are told.

    Args:
        contrast: The recipes side by side.
        word: Says in words what a difference is worth.
    """
    last = contrast.comparisons[-1]
    return {
        "schema": "hilum.recipes/1",
        "positive": last.positive,
        "classes": list(last.cohort.classes),
        "cohort": describe_grouped(last.cohort, last.folds.groups),
        "seed": last.seed,
        "recipes": [
            _describe_standing(comparison, standing)
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
                "weights": as_document(result.weights, WeightsJson),
                "under": {
                    c.recipe.name: _describe_under(c, result.name) for c in contrast.comparisons
                },
            }
            for result in last.backbones
        ],
        "differences": [
            {**as_document(difference, MeasuredDifferenceJson), "text": word(difference)}
            for difference in contrast.differences
        ],
        "path": [_describe_step(step) for step in contrast.path],
        "unavailable": [as_document(absent, UnavailableJson) for absent in last.unavailable],
        "peak_rss_bytes": last.peak_rss_bytes,
    }


def _describe_standing(comparison: Comparison, standing: Standing) -> StandingJson:
    redact = redactor(*cohorts_of(comparison))
    return {
        **as_document(comparison.recipe, RecipeSettingsJson),
        "folder": comparison.recipe.name,
        "validates_on_test": comparison.folds.validates_on_test,
        "straddling_groups": len(comparison.folds.straddling_groups),
        "verdict": redacted(describe_verdict(comparison.verdict), redact),
        "first_screen": describe_summary(summarise(comparison), redact),
        **as_document(standing, RanksJson),
    }


def _describe_under(comparison: Comparison, name: str) -> UnderRecipeJson:
    (result,) = (result for result in comparison.backbones if result.name == name)
    figures = as_document(result.evaluation, EvaluationJson)
    return {
        "tested": len(result.evaluation.films),
        "size_px": result.size_px,
        "metrics": figures["metrics"],
        "confusion": figures["confusion"],
        "seconds": as_document(result.seconds, SecondsJson),
    }


def _describe_step(step: StepWorth) -> StepJson:
    return {
        **as_document(step, ChangedSettingsJson),
        "backbones": [
            {
                "name": difference.backbone,
                "accuracy": as_document(difference.accuracy, AccuracyDifferenceJson),
                "adjusted_p": difference.adjusted_p,
                "is_untouched": difference.is_untouched,
                "auroc": difference.auroc,
            }
            for difference in step.differences
        ],
    }

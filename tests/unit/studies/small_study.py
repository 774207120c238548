"""A small study on phantoms with the plain backbone, judged but not audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fake_engine import GridEngine, grid_backbone, opens
from hilum.backbones.weights import Backbone
from hilum.cohort.cohort import Cohort
from hilum.phantoms.cohort import write_phantoms
from hilum.phantoms.plan import parse_plants
from hilum.studies.extraction import StudyContext
from hilum.studies.options import ComparisonOptions, StudyPlan
from hilum.studies.preparation import StudyDesign, Survey, design_study, survey_films
from hilum.studies.progress import Silence
from hilum.studies.recipes import find_recipe
from hilum.studies.results import BackboneResult
from hilum.studies.statistics import judge_backbone

RECIPE = find_recipe("hilum", folds=3, repeats=1, views=1, epochs=30)


@dataclass(frozen=True)
class SmallStudy:
    """What the stages after a comparison are given."""

    survey: Survey
    design: StudyDesign
    backbones: tuple[Backbone, ...]
    results: tuple[BackboneResult, ...]
    context: StudyContext


def draw_cohort(folder: Path, n_films: int, *plants: str, seed: int, n_classes: int = 2) -> Cohort:
    """Draw phantoms with faults, as many classes as asked for."""
    table = write_phantoms(
        folder, n_films=n_films, n_classes=n_classes, seed=seed, plants=parse_plants(plants)
    )
    return Cohort.from_csv(table)


def open_quiet_context(folder: Path) -> StudyContext:
    """Open a context for the plain backbone."""
    return StudyContext(folder / "cache", opens(GridEngine()), Silence())


def study(
    cohort: Cohort, context: StudyContext, *, names: Sequence[str] = ("grid",), seed: int = 0
) -> SmallStudy:
    """Survey a cohort, split it, train heads that keep their weights, and judge them."""
    lite = grid_backbone()
    backbones = tuple(replace(lite, record=replace(lite.record, name=name)) for name in names)
    options = ComparisonOptions(seed=seed)
    plan = StudyPlan(
        positive="Opacity",
        recipe=RECIPE,
        options=options,
        decisions=options.decisions(),
        keeps_heads=True,
    )
    survey, costs = survey_films(cohort, backbones, plan.views, context)
    design = design_study(survey, plan)
    results = tuple(
        judge_backbone(design, backbone, cost, context)
        for backbone, cost in zip(backbones, costs, strict=True)
    )
    return SmallStudy(survey, design, backbones, results, context)

"""A small study on phantoms with the plain backbone, judged but not audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fake_engine import GridEngine, grid_backbone, opens
from hilum.backbones.weights import Backbone
from hilum.cohort.manifest import Cohort
from hilum.cohort.phantoms import parse_plants, write_phantoms
from hilum.features.views import rotated_views
from hilum.studies.comparing import judge_backbone
from hilum.studies.comparison import BackboneResult
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork, Survey, lay_ground, survey_films
from hilum.studies.options import ComparisonOptions, StudyPlan
from hilum.studies.recipes import find_recipe
from hilum.studies.watching import Silence

RECIPE = find_recipe("hilum", folds=3, repeats=1, views=1, epochs=30)


@dataclass(frozen=True)
class SmallStudy:
    """What the stages after a comparison are given."""

    survey: Survey
    ground: Groundwork
    backbones: tuple[Backbone, ...]
    results: tuple[BackboneResult, ...]
    workshop: Workshop


def draw_cohort(folder: Path, n_films: int, *plants: str, seed: int, n_classes: int = 2) -> Cohort:
    """Draw phantoms with faults, as many classes as asked for."""
    table = write_phantoms(
        folder, n_films=n_films, n_classes=n_classes, seed=seed, plants=parse_plants(plants)
    )
    return Cohort.from_csv(table)


def open_quiet_workshop(folder: Path) -> Workshop:
    """Open a workshop for the plain backbone."""
    return Workshop(folder / "cache", opens(GridEngine()), Silence())


def study(
    cohort: Cohort, workshop: Workshop, *, names: Sequence[str] = ("grid",), seed: int = 0
) -> SmallStudy:
    """Survey a cohort, split it, train heads that keep their weights, and judge them."""
    lite = grid_backbone()
    backbones = tuple(replace(lite, record=replace(lite.record, name=name)) for name in names)
    options = ComparisonOptions(seed=seed)
    plan = StudyPlan(
        positive="Opacity", recipe=RECIPE, options=options, decisions=options.decisions()
    )
    views = rotated_views(RECIPE.rotated_views, seed)
    survey, costs = survey_films(cohort, backbones, views, workshop)
    ground = lay_ground(survey, plan)
    results = tuple(
        judge_backbone(
            ground,
            backbone,
            workshop.recall(ground.cohort.films, backbone, views),
            cost,
            workshop.watcher,
            decisions=plan.decisions,
            keeps_weights=True,
        )
        for backbone, cost in zip(backbones, costs, strict=True)
    )
    return SmallStudy(survey, ground, backbones, results, workshop)

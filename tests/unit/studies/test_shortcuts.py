"""What is settled before heads are trained, and what the audit makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fake_engine import GridEngine, grid_backbone, opens
from hilum.auditing.baselines import Baseline
from hilum.backbones.weights import Backbone
from hilum.cohort.cohort import Cohort
from hilum.duplicates.duplicates import Duplicate
from hilum.features.views import rotated_views
from hilum.phantoms.cohort import write_phantoms
from hilum.studies.extraction import StudyContext
from hilum.studies.options import ShortcutPlan, StudyPlan
from hilum.studies.preparation import (
    StudyDesign,
    design_study,
    draw_folds,
    measure_affinity,
    survey_films,
)
from hilum.studies.progress import Silence
from hilum.studies.recipes import find_recipe
from hilum.studies.shortcuts import (
    DRAW_SEEDS,
    ReferenceBackbone,
    measure_leak,
    try_shortcuts,
)
from hilum.studies.statistics import judge_backbone

RECIPE = find_recipe("hilum", folds=3, repeats=2, views=1, epochs=8)


def test_affinity_passes_over_duplicates_and_the_film_itself() -> None:
    features = np.array([[1, 0], [1, 0.01], [0.6, 0.8], [0, 0]], np.float32)
    affinity = measure_affinity(features, [Duplicate(0, 1, "copy", 0.0, 0.99)])
    np.testing.assert_allclose(affinity[:3], [0.6, 0.608, 0.608], atol=1e-3)
    assert affinity[3] == 0


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyDesign, Backbone, StudyContext]:
    folder = tmp_path_factory.mktemp("ground")
    cohort = Cohort.from_csv(write_phantoms(folder / "films", n_films=36))
    context = StudyContext(folder / "cache", opens(GridEngine()), Silence())
    backbone = grid_backbone()
    plan = StudyPlan(positive="Opacity", recipe=replace(RECIPE, split_seed=42))
    survey, _ = survey_films(cohort, (backbone,), rotated_views(1, 0), context)
    return design_study(survey, plan), backbone, context


def reference_of(
    laid: tuple[StudyDesign, Backbone, StudyContext],
) -> tuple[ReferenceBackbone, float]:
    design, backbone, context = laid
    extraction = context.extract(design.cohort.films, backbone, rotated_views(1, 0))
    result = judge_backbone(design, backbone, extraction.cost, context)
    return ReferenceBackbone(backbone, result.heads), result.evaluation.metrics["auroc"].value


def shortcuts_of(
    design: StudyDesign, reference: ReferenceBackbone, plan: ShortcutPlan, context: StudyContext
) -> tuple[Baseline, ...]:
    """Measure what a plan names, on a design that was made for another."""
    planned = replace(design, plan=replace(design.plan, shortcuts=plan))
    return try_shortcuts(planned, reference, context).baselines


def test_the_leak_is_measured_against_the_studys_own_folds(
    laid: tuple[StudyDesign, Backbone, StudyContext],
) -> None:
    """Whatever seed the recipe splits by: scores of training films must never count."""
    reference, auroc = reference_of(laid)
    leak = measure_leak(laid[0], reference, laid[2])
    assert leak is not None
    assert leak.grouped.value == pytest.approx(auroc)
    assert leak.n_groups > 0


def test_a_leak_needs_films_that_belong_together(
    laid: tuple[StudyDesign, Backbone, StudyContext],
) -> None:
    design, _, context = laid
    reference, _ = reference_of(laid)
    alone = replace(design, folds=replace(design.folds, groups=np.arange(len(design.cohort))))
    assert measure_leak(alone, reference, context) is None


def test_every_baseline_stands_on_the_films_of_the_model(
    laid: tuple[StudyDesign, Backbone, StudyContext],
) -> None:
    design, _, context = laid
    reference, auroc = reference_of(laid)
    baselines = shortcuts_of(design, reference, ShortcutPlan(), context)
    assert [b.name for b in baselines] == [
        "metadata", "frame", "processing", "objects", "objectless",
        "histogram", "centre", "blur", "lungs", "lungless",
    ]  # fmt: skip
    for baseline in baselines:
        if baseline.name in ("lungs", "lungless"):
            continue  # on the films whose lungs were found
        assert baseline.n_films == len(design.cohort)
        assert baseline.model_auroc.value == pytest.approx(auroc)
    fewer = shortcuts_of(design, reference, ShortcutPlan(has_probes=False), context)
    assert [b.name for b in fewer] == ["metadata", "processing", "objects", "histogram"]
    assert shortcuts_of(design, reference, ShortcutPlan(False, False), context) == ()


def test_other_draws_are_the_same_whatever_the_seed(
    laid: tuple[StudyDesign, Backbone, StudyContext],
) -> None:
    design, _, context = laid
    reference, _ = reference_of(laid)
    found = try_shortcuts(design, reference, context)
    assert [draw.seed for draw in found.draws] == list(DRAW_SEEDS)
    assert "descriptive" not in {b.bearing for draw in found.draws for b in draw.baselines}
    options = replace(design.plan.options, seed=7)
    folds = draw_folds(design.cohort, design.recipe, 7, design.relations.duplicates)
    other = replace(design, plan=replace(design.plan, options=options), folds=folds)
    again = try_shortcuts(other, reference, context)
    for first, second in zip(found.draws, again.draws, strict=True):
        assert [b.auroc.value for b in first.baselines] == [b.auroc.value for b in second.baselines]
    assert any("feature map" in reason for reason in found.untried)


def test_files_that_are_all_alike_tell_nothing(tmp_path: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in ("Normal", "Opacity"):
        (tmp_path / "films" / label).mkdir(parents=True)
        for k in range(12):
            level = 60 + 60 * (label == "Opacity")
            pixels = rng.integers(level, level + 80, (80, 80), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{k}.bmp")
    context = StudyContext(tmp_path / "cache", opens(GridEngine()), Silence())
    cohort = Cohort.from_folder(tmp_path / "films")
    survey, _ = survey_films(cohort, (grid_backbone(),), rotated_views(1, 0), context)
    design = design_study(survey, StudyPlan(positive="Opacity", recipe=RECIPE))
    reference, _ = reference_of((design, grid_backbone(), context))
    (metadata, *_) = shortcuts_of(design, reference, ShortcutPlan(has_probes=False), context)
    assert metadata.name == "metadata"
    assert metadata.auroc.value <= 0.55
    assert metadata.details == {}

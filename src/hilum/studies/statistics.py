"""The statistics of a study: from the heads' scores to figures, ties and decisions.

Every kind of score is judged by the same two functions: a backbone's own, the average of several,
and those of the backbone that each fold chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hilum.backbones import Backbone
from hilum.evaluation import (
    Decisions,
    Evaluation,
    NestedPick,
    PairedComparison,
    SubgroupComparison,
    age_band,
    compare_pairs,
    compare_subgroups,
    decide,
    decide_as_chosen,
    evaluate,
    fold_inflation,
    pick_by_validation,
    rank_tiers,
)
from hilum.features import ExtractionCost
from hilum.studies.extraction import StudyContext
from hilum.studies.preparation import StudyDesign
from hilum.studies.results import BackboneResult, Ensemble, Seconds, WeightsRecord


def judge_backbone(
    design: StudyDesign, backbone: Backbone, cost: ExtractionCost, context: StudyContext
) -> BackboneResult:
    """Train all heads of one backbone and measure them on films they never saw.

    Args:
        design: What was settled before.
        backbone: The network, whose features are stored.
        cost: What they cost.
        context: Where they are found.
    """
    cohort, folds, watcher = design.cohort, design.folds, context.watcher
    features = context.load_features(cohort.films, backbone, design.plan.views).values
    watcher.begin(f"{backbone.title}: heads", "heads")
    heads = context.train_heads(
        features,
        cohort.y,
        folds.splits,
        design.recipe.head,
        n_classes=len(cohort.classes),
        seed=design.seed,
        keeps_weights=design.plan.keeps_heads,
    )
    evaluation = judge_scores(design, heads.scores)
    n_heads = len(folds.splits)
    watcher.end(
        f"{n_heads} head{'s' if n_heads > 1 else ''}, "
        f"accuracy {evaluation.metrics['accuracy'].value:.3f}"
    )
    record = backbone.record
    return BackboneResult(
        name=backbone.name,
        title=backbone.title,
        parameters=record.parameters,
        size_px=record.input.size_px,
        feature_width=record.feature_width,
        weights=WeightsRecord.of(backbone),
        heads=heads,
        evaluation=evaluation,
        seconds=Seconds(extract=cost.seconds, train=heads.seconds),
        views_per_second=cost.views_per_second,
        decisions=decide_by_scores(design, heads.scores),
    )


@dataclass(frozen=True)
class Assessment:
    """What the backbones' scores say together; the fields are those of a `Comparison`."""

    comparisons: tuple[PairedComparison, ...]
    tiers: tuple[tuple[str, ...], ...]
    ensemble: Ensemble | None
    pick: NestedPick | None
    subgroups: tuple[SubgroupComparison, ...]


def assess(design: StudyDesign, results: Sequence[BackboneResult]) -> Assessment:
    """Compare the backbones, average them, and see what choosing among them is worth.

    Args:
        design: What was settled before any head was trained.
        results: Best first; at least one.
    """
    verified = [result for result in results if result.weights.is_verified]
    comparisons = compare_pairs(
        {result.name: result.evaluation.tested for result in results},
        inflation=fold_inflation(design.folds.splits),
    )
    pick = _pick(design, verified) if len(verified) > 1 else None
    first = (verified or results)[0]
    told = first if pick is None else pick
    return Assessment(
        comparisons=comparisons,
        tiers=rank_tiers([result.name for result in verified], comparisons),
        ensemble=_average(design, verified) if len(verified) > 1 else None,
        pick=pick,
        subgroups=_by_subgroup(design, told.evaluation, told.decisions),
    )


def judge_scores(
    design: StudyDesign, scores: Float[np.ndarray, "heads films classes"]
) -> Evaluation:
    """Measure scores on films that their heads never saw."""
    return evaluate(design.head_scores(scores), rng=design.rng())


def decide_by_scores(
    design: StudyDesign, scores: Float[np.ndarray, "heads films classes"]
) -> Decisions | None:
    """Calibrate scores and fix their threshold on validation films, and see what follows.

    Returns:
        None where no decisions are planned, or where the recipe validates on its test films:
        a threshold that saw them would flatter itself.
    """
    plan = design.plan.decisions
    if plan is None or design.folds.validates_on_test:
        return None
    return decide(
        design.head_scores(scores),
        plan.policy,
        plan.prevalences,
        balances_classes=design.recipe.head.balances_classes,
        rng=design.rng(),
    )


def average_scores(
    results: Sequence[BackboneResult],
) -> Float[np.ndarray, "heads films classes"]:
    """Average several backbones' scores, head by head: those of one split belong together."""
    return np.asarray(np.mean([result.heads.scores for result in results], axis=0))


def _average(design: StudyDesign, results: Sequence[BackboneResult]) -> Ensemble:
    scores = average_scores(results)
    return Ensemble(
        members=tuple(result.name for result in results),
        evaluation=judge_scores(design, scores),
        decisions=decide_by_scores(design, scores),
    )


def _pick(design: StudyDesign, results: Sequence[BackboneResult]) -> NestedPick | None:
    plan = design.plan.decisions
    if design.folds.validates_on_test:
        return None
    picked, chosen = pick_by_validation(
        [design.head_scores(result.heads.scores) for result in results],
        balances_classes=design.recipe.head.balances_classes,
    )
    evaluation = evaluate(picked, rng=design.rng())
    decisions = [result.decisions for result in results if result.decisions is not None]
    return NestedPick(
        evaluation=evaluation,
        times_chosen={result.name: int(np.sum(chosen == k)) for k, result in enumerate(results)},
        decisions=None
        if plan is None
        else decide_as_chosen(
            decisions,
            chosen[evaluation.films],
            evaluation.tested,
            plan.prevalences,
            rng=design.rng(),
            inflation=evaluation.inflation,
        ),
    )


def _by_subgroup(
    design: StudyDesign, evaluation: Evaluation, decisions: Decisions | None
) -> tuple[SubgroupComparison, ...]:
    """Compare subgroups at the operating point, where there is one."""
    films = [design.cohort.films[row] for row in evaluation.films]
    return compare_subgroups(
        {
            "sex": [film.sex for film in films],
            "age": [None if film.age is None else age_band(film.age) for film in films],
            "view": [film.view for film in films],
            "source": [film.source for film in films],
        },
        evaluation.tested,
        rng=design.rng(),
        is_called=None if decisions is None else decisions.is_called,
        probabilities=None if decisions is None else decisions.probabilities,
        inflation=evaluation.inflation,
    )

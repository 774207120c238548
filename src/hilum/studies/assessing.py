"""The statistics of a study: from the heads' scores to figures, ties and decisions.

Every kind of score is judged by the same two functions: a backbone's own, the average of
several, and those of whichever backbone a fold chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hilum.evaluation.comparing import compare_pairs
from hilum.evaluation.deciding import decide, decide_as_chosen
from hilum.evaluation.decisions import Decisions
from hilum.evaluation.evaluating import evaluate
from hilum.evaluation.folding import fold_inflation
from hilum.evaluation.results import Evaluation, PairedComparison
from hilum.evaluation.selecting import NestedPick, pick_by_validation
from hilum.evaluation.subgroups import SubgroupComparison, age_band, compare_subgroups
from hilum.evaluation.tiers import rank_tiers
from hilum.studies.comparison import BackboneResult, Ensemble
from hilum.studies.groundwork import Groundwork
from hilum.studies.options import DecisionPlan


@dataclass(frozen=True)
class Assessment:
    """What the backbones' scores say together; the fields are those of a `Comparison`."""

    comparisons: tuple[PairedComparison, ...]
    tiers: tuple[tuple[str, ...], ...]
    ensemble: Ensemble | None
    pick: NestedPick | None
    subgroups: tuple[SubgroupComparison, ...]


def assess(
    ground: Groundwork, results: Sequence[BackboneResult], plan: DecisionPlan | None
) -> Assessment:
    """Compare the backbones, average them, and see what choosing among them is worth.

    Args:
        ground: What was settled before any head was trained.
        results: Best first; at least one.
        plan: How scores become decisions; None where only the scores are wanted.
    """
    verified = [result for result in results if result.weights.is_verified]
    comparisons = compare_pairs(
        {result.name: result.evaluation.tested for result in results},
        inflation=fold_inflation(ground.folds.splits),
    )
    pick = _pick(ground, verified, plan) if len(verified) > 1 else None
    first = (verified or results)[0].evaluation
    return Assessment(
        comparisons=comparisons,
        tiers=rank_tiers([result.name for result in verified], comparisons),
        ensemble=_average(ground, verified, plan) if len(verified) > 1 else None,
        pick=pick,
        subgroups=_by_subgroup(ground, first if pick is None else pick.evaluation),
    )


def judge_scores(
    ground: Groundwork, scores: Float[np.ndarray, "heads films classes"]
) -> Evaluation:
    """Measure scores on films that their heads never saw."""
    return evaluate(ground.head_scores(scores), rng=ground.rng())


def decide_by_scores(
    ground: Groundwork,
    scores: Float[np.ndarray, "heads films classes"],
    plan: DecisionPlan | None,
) -> Decisions | None:
    """Calibrate scores and fix their threshold on validation films, and see what follows.

    Returns:
        None where no decisions are planned, or where the recipe validates on its test films:
        a threshold that saw them would flatter itself.
    """
    if plan is None or ground.folds.validates_on_test:
        return None
    return decide(
        ground.head_scores(scores),
        plan.policy,
        plan.prevalences,
        balances_classes=ground.recipe.head.balances_classes,
        rng=ground.rng(),
    )


def average_scores(
    results: Sequence[BackboneResult],
) -> Float[np.ndarray, "heads films classes"]:
    """Average several backbones' scores, head by head: those of one split belong together."""
    return np.asarray(np.mean([result.heads.scores for result in results], axis=0))


def _average(
    ground: Groundwork, results: Sequence[BackboneResult], plan: DecisionPlan | None
) -> Ensemble:
    scores = average_scores(results)
    return Ensemble(
        members=tuple(result.name for result in results),
        evaluation=judge_scores(ground, scores),
        decisions=decide_by_scores(ground, scores, plan),
    )


def _pick(
    ground: Groundwork, results: Sequence[BackboneResult], plan: DecisionPlan | None
) -> NestedPick | None:
    if ground.folds.validates_on_test:
        return None
    picked, chosen = pick_by_validation(
        [ground.head_scores(result.heads.scores) for result in results],
        balances_classes=ground.recipe.head.balances_classes,
    )
    evaluation = evaluate(picked, rng=ground.rng())
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
            rng=ground.rng(),
        ),
    )


def _by_subgroup(ground: Groundwork, evaluation: Evaluation) -> tuple[SubgroupComparison, ...]:
    films = [ground.cohort.films[row] for row in evaluation.films]
    return compare_subgroups(
        {
            "sex": [film.sex for film in films],
            "age": [None if film.age is None else age_band(film.age) for film in films],
            "view": [film.view for film in films],
            "source": [film.source for film in films],
        },
        evaluation.tested,
        rng=ground.rng(),
    )

"""From a cohort to a classifier: a study, and the heads of one of its backbones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from hilum.backbones.catalog import find_backbones
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.classifier.guard import DomainGuard, fit_guard
from hilum.classifier.heads import HeadStack
from hilum.classifier.references import ReferenceMaps
from hilum.cohort.manifest import Cohort
from hilum.errors import RecipeError, UnknownBackboneError
from hilum.evaluation.decisions import Decisions, OperatingPolicy
from hilum.features.views import rotated_views
from hilum.heads.training import TrainedHeads
from hilum.studies.comparing import run_study
from hilum.studies.comparison import Comparison, Recipe
from hilum.studies.extracting import Workshop, open_workshop
from hilum.studies.options import (
    ComparisonOptions,
    TrainOptions,
    converted,
    plan_study,
    takes,
)
from hilum.studies.preparing import choose_backbones, fed_as
from hilum.studies.recipes import as_recipe
from hilum.studies.reference_films import average_references

Choice = Literal["named", "only", "smallest of the best tier"]
"""How the backbone was chosen."""


@dataclass(frozen=True, repr=False)
class TrainedClassifier:
    """A classifier before it is written; `hilum.save_bundle` writes it.

    Attributes:
        classes: In the order of the probabilities.
        positive: The class that the operating point speaks of.
        backbone: The network under the heads, fed as in the study.
        choice: How it was chosen.
        heads: The heads of all folds.
        guard: What the training films are like.
        references: What explanations compare a film with; None where the backbone shows no
            feature map.
        policy: By which rule the threshold was chosen.
        study: What stands behind it: the comparison, or the `results.json` of its run.
        cache_dir: Where the backbone's graph lies.
    """

    classes: tuple[str, ...]
    positive: str
    backbone: Backbone
    choice: Choice
    heads: HeadStack
    guard: DomainGuard
    references: ReferenceMaps | None
    policy: OperatingPolicy
    study: Comparison | Mapping[str, object]
    cache_dir: Path

    def __repr__(self) -> str:
        """Say what it is."""
        return (
            f"TrainedClassifier({' / '.join(self.classes)}, positive {self.positive}, on "
            f"{self.backbone.title}); write it with hilum.save_bundle"
        )


@takes(TrainOptions)
def train(cohort: Cohort, options: TrainOptions) -> TrainedClassifier:
    """Study a cohort, and make a classifier of the heads of all its folds.

    The study is that of `compare`: its figures come from films that the heads which
    scored them never saw. The classifier averages all heads.

    Args:
        cohort: The films and their labels.
        options: By keyword.

    Returns:
        The classifier; `hilum.save_bundle` writes it to a folder.

    Raises:
        RecipeError: The recipe keeps no validation films to fix a threshold on; and as for
            `compare`.
        HilumError: As for `compare`.
    """
    return train_with(cohort, options, open_workshop(options))


def train_with(cohort: Cohort, options: TrainOptions, workshop: Workshop) -> TrainedClassifier:
    """Train in a workshop of the caller's; see `train`."""
    recipe, backbone = as_recipe(options.recipe), options.backbone
    check_recipe(recipe)
    if backbone is not None:
        _check_single(backbone)
    names = None if backbone is None else [backbone]
    plan = plan_study(cohort, recipe, converted(options, ComparisonOptions, backbones=names))
    plan = replace(plan, keeps_heads=True)
    comparison = run_study(cohort, plan, workshop)
    chosen, choice = choose_backbone(
        [result.name for result in comparison.backbones],
        {result.name: result.parameters for result in comparison.backbones},
        comparison.tiers,
        is_named=backbone is not None,
    )
    (result,) = (result for result in comparison.backbones if result.name == chosen)
    assert result.decisions is not None  # the recipe was checked
    (found,), _ = choose_backbones(
        [backbone or chosen],
        WeightsShelf(workshop.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
    )
    return assemble(
        comparison.cohort,
        comparison.folds.groups,
        fed_as(recipe, found),
        result.heads,
        result.decisions,
        workshop,
        positive=plan.positive,
        seed=options.seed,
        choice=choice,
        # The heads stand in the classifier from here on.
        study=replace(
            comparison,
            backbones=tuple(
                replace(each, heads=replace(each.heads, weights=()))
                for each in comparison.backbones
            ),
        ),
    )


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe without films to fix a threshold on.

    Raises:
        RecipeError: It validates on its test films.
    """
    if recipe.folds == 0:
        raise RecipeError(
            f"The recipe '{recipe.name}' validates on its test films, so no threshold and no "
            "calibration can be fixed for a classifier.",
            fix="Train with the recipe 'hilum'.",
        )


def _check_single(backbone: str) -> None:
    n_meant = len(find_backbones([backbone]))
    if n_meant != 1:
        raise UnknownBackboneError(
            f"'{backbone}' stands for {n_meant} backbones; a classifier has one.",
            fix="Name one, or leave --backbone out: the smallest of the best tier is taken.",
        )


def choose_backbone(
    ranked: list[str],
    parameters: Mapping[str, int],
    tiers: tuple[tuple[str, ...], ...],
    *,
    is_named: bool,
) -> tuple[str, Choice]:
    """Choose the backbone of a classifier among those of a study.

    Args:
        ranked: All of them, best first.
        parameters: Of each.
        tiers: Those that the films cannot tell apart, the best tier first.
        is_named: The user named one, so there is no choice.

    Returns:
        Of the best tier the one with the fewest parameters: nothing shows that a larger
        one is better. Where nothing was ranked, the first.
    """
    if is_named or len(ranked) == 1:
        return ranked[0], "named" if is_named else "only"
    tier = tiers[0] if tiers else ranked[:1]
    return min(tier, key=lambda name: parameters[name]), "smallest of the best tier"


def assemble(
    cohort: Cohort,
    groups: Int[np.ndarray, " films"],
    backbone: Backbone,
    heads: TrainedHeads,
    decisions: Decisions,
    workshop: Workshop,
    *,
    positive: str,
    seed: int,
    choice: Choice,
    study: Comparison | Mapping[str, object],
) -> TrainedClassifier:
    """Put heads, calibration, operating point and guard together.

    Args:
        cohort: The training films.
        groups: Group of each.
        backbone: The network, fed as in the study.
        heads: Its heads, their weights kept.
        decisions: Their calibrators and thresholds.
        workshop: Where features are found.
        positive: The class that the operating point speaks of.
        seed: Where draws begin.
        choice: How the backbone was chosen.
        study: What stands behind it.
    """
    upright: Float[np.ndarray, "films width"]
    upright = workshop.recall(cohort.films, backbone, rotated_views(0, seed)).values[:, 0]
    point = decisions.operating_point
    return TrainedClassifier(
        classes=cohort.classes,
        positive=positive,
        backbone=backbone,
        choice=choice,
        heads=HeadStack.of(
            heads.weights,
            decisions.calibrators,
            positive=cohort.classes.index(positive),
            threshold=point.threshold,
        ),
        guard=fit_guard(upright, groups, rng=np.random.default_rng(seed)),
        references=average_references(cohort, backbone, workshop, np.random.default_rng(seed)),
        policy=point.policy,
        study=study,
        cache_dir=workshop.cache_dir,
    )

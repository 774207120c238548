"""From a cohort to a classifier: a study, and the heads of one of its backbones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from hilum.backbones.catalog import find_backbones
from hilum.backbones.engine import open_engine
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
from hilum.studies.plans import StudyPlan, plan_decisions, plan_shortcuts
from hilum.studies.preparing import choose_backbones, fed_as
from hilum.studies.recipes import find_recipe
from hilum.studies.reference_films import average_references
from hilum.studies.watching import Watcher

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


def train(
    cohort: Cohort,
    *,
    positive: str | None = None,
    backbone: str | None = None,
    recipe: str | Recipe = "hilum",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    weights_dir: str | Path | None = None,
    allows_unverified_weights: bool = False,
    probes: bool = True,
    masks: str | Path | None = None,
    operating_point: str = "sensitivity=0.95",
    watcher: Watcher | None = None,
    command_line: tuple[str, ...] = (),
) -> TrainedClassifier:
    """Study a cohort, and make a classifier of the heads of all its folds.

    The study is that of `compare`: its figures come from films that the heads which
    scored them never saw. The classifier averages all heads.

    Args:
        cohort: The films and their labels.
        positive: The class that sensitivity speaks of; may be left out where one of
            two classes is plainly without disease.
        backbone: A name from the catalog, or `onnx:PATH`. If not given, all that are
            available are compared, and the smallest of the best tier is taken.
        recipe: How to split and train: a name or a changed recipe.
        seed: Where every draw begins.
        cache_dir: Where graphs and features are kept; the user's cache if not given.
        weights_dir: A folder of weight files placed by hand.
        allows_unverified_weights: Run a named backbone on weights that are not the
            published ones; the bundle says so.
        probes: Try what parts of the films predict by themselves.
        masks: A folder of lung masks.
        operating_point: By which rule the threshold is chosen on validation films.
        watcher: Told what is going on.
        command_line: Kept in the provenance.

    Returns:
        The classifier; `hilum.save_bundle` writes it to a folder.

    Raises:
        RecipeError: The recipe keeps no validation films to fix a threshold on; and as for
            `compare`.
        HilumError: As for `compare`.
    """
    recipe = find_recipe(recipe) if isinstance(recipe, str) else recipe
    check_recipe(recipe)
    if backbone is not None:
        _check_single(backbone)
    workshop = open_workshop(cache_dir, open_engine, watcher)
    plan = StudyPlan(
        positive=cohort.positive_class(positive),
        recipe=recipe,
        seed=seed,
        backbones=None if backbone is None else [backbone],
        weights_dir=None if weights_dir is None else Path(weights_dir),
        allows_unverified_weights=allows_unverified_weights,
        shortcuts=plan_shortcuts(cohort, probes=probes, masks=masks),
        decisions=plan_decisions(operating_point, None),
        keeps_heads=True,
        command_line=command_line,
    )
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
        WeightsShelf(workshop.cache_dir, plan.weights_dir),
        allows_unverified=allows_unverified_weights,
    )
    return assemble(
        comparison.cohort,
        comparison.folds.groups,
        fed_as(recipe, found),
        result.heads,
        result.decisions,
        workshop,
        positive=plan.positive,
        seed=seed,
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

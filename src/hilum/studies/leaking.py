"""What a leak would have been worth: the same study with groups torn apart."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from hilum.auditing.leaks import LeakWorth
from hilum.auditing.measuring import weigh_leak
from hilum.cohort.splitting import Split, repeated_folds
from hilum.errors import FoldsError
from hilum.features.views import rotated_views
from hilum.heads.training import train_heads
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork
from hilum.studies.shortcuts import Champion

_FOLDS, _REPEATS = 5, 5
"""For recipes with a single split, in which too few films are tested to tell."""


def measure_leak(ground: Groundwork, champion: Champion, workshop: Workshop) -> LeakWorth | None:
    """Study one backbone with groups kept together, and with films dealt out one by one.

    Returns:
        The difference; None where no films belong together, or they are too few for folds.
    """
    groups = ground.folds.groups
    if len(np.unique(groups)) == len(groups):
        return None
    cohort, recipe = ground.cohort, ground.recipe
    n_folds, n_repeats = (recipe.folds, recipe.repeats) if recipe.folds else (_FOLDS, _REPEATS)
    seed = ground.seed if recipe.split_seed is None else recipe.split_seed

    def draw(kept: Int[np.ndarray, " films"]) -> tuple[Split, ...]:
        return repeated_folds(
            cohort.y, kept, n_folds=n_folds, n_repeats=n_repeats, seed=seed
        ).splits

    try:
        # Where the recipe has folds, its heads have been trained on them already.
        grouped = ground.folds.splits if recipe.folds else draw(groups)
        ungrouped = draw(np.arange(len(groups)))
    except FoldsError:
        return None
    views = rotated_views(recipe.rotated_views, ground.seed)
    features = workshop.recall(cohort.films, champion.backbone, views).values
    workshop.watcher.begin("Leak: films dealt out one by one", "heads")
    scores = [
        champion.heads.scores
        if splits is grouped and recipe.folds
        else train_heads(
            features,
            cohort.y,
            splits,
            recipe.head,
            n_classes=len(cohort.classes),
            seed=ground.seed,
            on_progress=workshop.watcher.advance,
        ).scores
        for splits in (grouped, ungrouped)
    ]
    leak = weigh_leak(
        champion.backbone.name,
        ground.head_scores(scores[0], grouped),
        ground.head_scores(scores[1], ungrouped),
        rng=ground.rng(),
    )
    workshop.watcher.end(f"AUROC {leak.ungrouped.value:.3f} instead of {leak.grouped.value:.3f}")
    return leak

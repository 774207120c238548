"""Shortcuts: what might predict the label without the disease, and a leak's worth.

Each is measured on the folds of the study, against one backbone: the one whose figures are
headlined. The probes show this backbone a part of each film only, and heads are trained anew on
that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from hilum.auditing import (
    TITLES,
    Baseline,
    BaselineName,
    LeakWorth,
    column_aurocs,
    measure_baseline,
    score_by_forest,
    score_by_source,
    tabulate_metadata,
    weigh_leak,
)
from hilum.backbones import Backbone
from hilum.cohort import Film
from hilum.errors import FilmChangedError, FoldsError
from hilum.evaluation import HeadScores, fold_inflation
from hilum.features import LungMask, View, bin_levels
from hilum.folds import Split, repeated_folds
from hilum.heads import TrainedHeads, train_heads
from hilum.studies.extraction import StudyContext
from hilum.studies.preparation import StudyDesign

ProbeName = Literal["frame", "centre", "blur", "lungs", "lungless"]
"""A baseline that is a part of the film."""

PROBES: tuple[ProbeName, ...] = ("frame", "centre", "blur")
LUNG_PROBES: tuple[ProbeName, ...] = ("lungs", "lungless")


@dataclass(frozen=True)
class ReferenceBackbone:
    """The backbone that shortcuts are measured against.

    Attributes:
        backbone: The network.
        heads: Its heads on the folds of the study.
    """

    backbone: Backbone
    heads: TrainedHeads


def try_shortcuts(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> tuple[Baseline, ...]:
    """Measure every baseline of the plan; those that can withhold the headline come first."""
    plan = design.plan.shortcuts
    baselines: list[Baseline] = []
    if plan.has_baselines:
        context.watcher.begin("Shortcuts: without pixels", "baselines")
        baselines += _without_network(design, reference)
        context.watcher.end(_summary(baselines))
    if plan.has_probes:
        baselines += _by_part(design, reference, PROBES, {}, context)
    if plan.has_probes and plan.masks:
        baselines += _by_part(design, reference, LUNG_PROBES, plan.masks, context)
    order = list(TITLES)
    return tuple(sorted(baselines, key=lambda baseline: order.index(baseline.name)))


def _without_network(design: StudyDesign, reference: ReferenceBackbone) -> Iterator[Baseline]:
    cohort, splits = design.cohort, design.folds.splits
    n_classes = len(cohort.classes)

    started = time.perf_counter()
    table = tabulate_metadata(cohort.films, design.film_traits.files)
    scores = score_by_forest(table.values, cohort.y, splits, n_classes=n_classes, seed=design.seed)
    details = column_aurocs(table, cohort.y == design.positive_index)
    yield _measured(design, reference, "metadata", scores, _since(started), details=details)

    started = time.perf_counter()
    bins = bin_levels(design.film_traits.levels)
    scores = score_by_forest(bins, cohort.y, splits, n_classes=n_classes, seed=design.seed)
    yield _measured(design, reference, "histogram", scores, _since(started))

    if len({film.source for film in cohort.films}) > 1:
        started = time.perf_counter()
        scores = score_by_source(
            [film.source for film in cohort.films], cohort.y, splits, n_classes=n_classes
        )
        yield _measured(design, reference, "source", scores, _since(started))


def _by_part(
    design: StudyDesign,
    reference: ReferenceBackbone,
    parts: tuple[ProbeName, ...],
    masks: Mapping[str, LungMask],
    context: StudyContext,
) -> list[Baseline]:
    """Show the backbone parts of the films, and train heads on what it sees there."""
    cohort = design.cohort
    kept = np.array(
        [row for row, film in enumerate(cohort.films) if not masks or film.film_id in masks]
    )
    splits = [split.among(kept) for split in design.folds.splits]
    if not _can_judge(splits, cohort.y[kept], design.positive_index, len(cohort.classes)):
        return []
    started = time.perf_counter()
    views = [View(part=part) for part in parts]

    def views_of(film: Film) -> tuple[View, ...]:
        return tuple(replace(view, mask=masks.get(film.film_id)) for view in views)

    films = [cohort.films[row] for row in kept]
    stage = f"Shortcuts: {', '.join(TITLES[part].lower() for part in parts)}"
    extraction = context.extract(films, reference.backbone, views_of, stage=stage)
    if extraction.unreadable:
        raise FilmChangedError(
            "Films or lung masks changed while the study ran.", fix="Run the study again."
        )
    features = extraction.table.values
    seconds_each = (time.perf_counter() - started) / len(parts)
    context.watcher.begin(f"{stage}, heads", "heads")
    measured = []
    for k, part in enumerate(parts):
        heads = train_heads(
            features[:, k : k + 1],
            cohort.y[kept],
            splits,
            design.recipe.head,
            n_classes=len(cohort.classes),
            seed=design.seed,
            on_progress=context.watcher.advance,
        )
        seconds = seconds_each + heads.seconds
        measured.append(_measured(design, reference, part, heads.scores, seconds, kept=kept))
    context.watcher.end(_summary(measured))
    return measured


def _can_judge(
    splits: Sequence[Split], y: Int[np.ndarray, " kept"], positive: int, n_classes: int
) -> bool:
    """Tell whether every head sees every class, and films of both sides are tested."""
    tested = np.unique(np.concatenate([split.test for split in splits]))
    return len(np.unique(y[tested] == positive)) == 2 and all(
        len(np.unique(y[split.train])) == n_classes and len(split.validation) > 0
        for split in splits
    )


def _measured(
    design: StudyDesign,
    reference: ReferenceBackbone,
    name: BaselineName,
    scores: Float[np.ndarray, "heads kept classes"],
    seconds: float,
    *,
    kept: Int[np.ndarray, " kept"] | None = None,
    details: Mapping[str, float] | None = None,
) -> Baseline:
    splits = design.folds.splits
    model = design.head_scores(reference.heads.scores)
    if kept is None:
        baseline = replace(model, scores=scores).tested()
    else:
        of_kept = HeadScores(
            scores=scores,
            y_true=model.y_true[kept],
            splits=[split.among(kept) for split in splits],
            groups=model.groups[kept],
            positive=model.positive,
        ).tested()
        baseline = replace(of_kept, films=kept[of_kept.films])
    return measure_baseline(
        name,
        baseline,
        model.tested(),
        inflation=fold_inflation(splits),
        rng=design.rng(),
        details=details or {},
        seconds=seconds,
    )


def _summary(baselines: list[Baseline]) -> str:
    return ", ".join(
        f"{baseline.title.lower()} {baseline.auroc.value:.3f}" for baseline in baselines
    )


def _since(started: float) -> float:
    return time.perf_counter() - started


_FOLDS, _REPEATS = 5, 5
"""For recipes with a single split, in which too few films are tested to tell."""


def measure_leak(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> LeakWorth | None:
    """Study one backbone with groups kept together, and with every film by itself.

    Returns:
        The difference; None where no films belong together, or they are too few for folds.
    """
    groups = design.folds.groups
    if len(np.unique(groups)) == len(groups):
        return None
    cohort, recipe = design.cohort, design.recipe
    n_folds, n_repeats = (recipe.folds, recipe.repeats) if recipe.folds else (_FOLDS, _REPEATS)

    def draw(kept: Int[np.ndarray, " films"]) -> tuple[Split, ...]:
        return repeated_folds(
            cohort.y, kept, n_folds=n_folds, n_repeats=n_repeats, seed=design.plan.split_seed
        ).splits

    try:
        # Where the recipe has folds, its heads have been trained on them already.
        grouped = design.folds.splits if recipe.folds else draw(groups)
        ungrouped = draw(np.arange(len(groups)))
    except FoldsError:
        return None
    features = context.load_features(cohort.films, reference.backbone, design.plan.views).values
    context.watcher.begin("Leak: films dealt out one by one", "heads")
    scores = [
        reference.heads.scores
        if splits is grouped and recipe.folds
        else train_heads(
            features,
            cohort.y,
            splits,
            recipe.head,
            n_classes=len(cohort.classes),
            seed=design.seed,
            on_progress=context.watcher.advance,
        ).scores
        for splits in (grouped, ungrouped)
    ]
    leak = weigh_leak(
        reference.backbone.name,
        design.head_scores(scores[0], grouped),
        design.head_scores(scores[1], ungrouped),
        rng=design.rng(),
    )
    context.watcher.end(f"AUROC {leak.ungrouped.value:.3f} instead of {leak.grouped.value:.3f}")
    return leak

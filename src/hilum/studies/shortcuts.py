"""Shortcuts: everything that might predict the label without the disease, tried.

Each on the folds of the study, against one backbone: that whose figures are headlined.
The probes show the backbone a part of each film only, and heads are trained anew on that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from hilum.auditing.baselines import TITLES, Baseline, BaselineName
from hilum.auditing.forests import score_by_forest
from hilum.auditing.histograms import bin_levels
from hilum.auditing.measuring import measure_baseline, splits_among
from hilum.auditing.metadata import column_aurocs, tabulate_metadata
from hilum.auditing.sources import score_by_source
from hilum.backbones.weights import Backbone
from hilum.cohort.manifest import Film
from hilum.cohort.splitting import Split
from hilum.errors import FilmChangedError
from hilum.evaluation.folding import fold_inflation
from hilum.evaluation.scored_films import HeadScores
from hilum.features.masks import LungMask
from hilum.features.views import View
from hilum.heads.training import TrainedHeads, train_heads
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork
from hilum.studies.options import ShortcutPlan

ProbeName = Literal["frame", "centre", "blur", "lungs", "lungless"]
"""A baseline that is a part of the film."""

PROBES: tuple[ProbeName, ...] = ("frame", "centre", "blur")
LUNG_PROBES: tuple[ProbeName, ...] = ("lungs", "lungless")


@dataclass(frozen=True)
class Champion:
    """The backbone that shortcuts are measured against.

    Attributes:
        backbone: The network.
        heads: Its heads on the folds of the study.
    """

    backbone: Backbone
    heads: TrainedHeads


def try_shortcuts(
    ground: Groundwork, champion: Champion, plan: ShortcutPlan, workshop: Workshop
) -> tuple[Baseline, ...]:
    """Measure every baseline of the plan; those that can withhold the headline come first."""
    baselines: list[Baseline] = []
    if plan.has_baselines:
        workshop.watcher.begin("Shortcuts: without pixels", "baselines")
        baselines += _without_network(ground, champion)
        workshop.watcher.end(_summary(baselines))
    if plan.has_probes:
        baselines += _by_part(ground, champion, PROBES, {}, workshop)
    if plan.has_probes and plan.masks:
        baselines += _by_part(ground, champion, LUNG_PROBES, plan.masks, workshop)
    order = list(TITLES)
    return tuple(sorted(baselines, key=lambda baseline: order.index(baseline.name)))


def _without_network(ground: Groundwork, champion: Champion) -> Iterator[Baseline]:
    cohort, splits = ground.cohort, ground.folds.splits
    n_classes = len(cohort.classes)

    started = time.perf_counter()
    table = tabulate_metadata(cohort.films, ground.portraits.traits)
    scores = score_by_forest(table.values, cohort.y, splits, n_classes=n_classes, seed=ground.seed)
    details = column_aurocs(table, cohort.y == ground.positive_index)
    yield _measured(ground, champion, "metadata", scores, _since(started), details=details)

    started = time.perf_counter()
    bins = bin_levels(ground.portraits.levels)
    scores = score_by_forest(bins, cohort.y, splits, n_classes=n_classes, seed=ground.seed)
    yield _measured(ground, champion, "histogram", scores, _since(started))

    if len({film.source for film in cohort.films}) > 1:
        started = time.perf_counter()
        scores = score_by_source(
            [film.source for film in cohort.films], cohort.y, splits, n_classes=n_classes
        )
        yield _measured(ground, champion, "source", scores, _since(started))


def _by_part(
    ground: Groundwork,
    champion: Champion,
    parts: tuple[ProbeName, ...],
    masks: Mapping[str, LungMask],
    workshop: Workshop,
) -> list[Baseline]:
    """Show the backbone parts of the films, and train heads on what it sees there."""
    cohort = ground.cohort
    kept = np.array(
        [row for row, film in enumerate(cohort.films) if not masks or film.film_id in masks]
    )
    splits = splits_among(ground.folds.splits, kept)
    if not _can_judge(splits, cohort.y[kept], ground.positive_index, len(cohort.classes)):
        return []
    started = time.perf_counter()
    views = [View(part=part) for part in parts]

    def views_of(film: Film) -> tuple[View, ...]:
        return tuple(replace(view, mask=masks.get(film.film_id)) for view in views)

    films = [cohort.films[row] for row in kept]
    stage = f"Shortcuts: {', '.join(TITLES[part].lower() for part in parts)}"
    extraction = workshop.extract(films, champion.backbone, views_of, stage=stage)
    if extraction.unreadable:
        raise FilmChangedError(
            "Films or lung masks changed while the study ran.", fix="Run the study again."
        )
    features = extraction.table.values
    seconds_each = (time.perf_counter() - started) / len(parts)
    workshop.watcher.begin(f"{stage}, heads", "heads")
    measured = []
    for k, part in enumerate(parts):
        heads = train_heads(
            features[:, k : k + 1],
            cohort.y[kept],
            splits,
            ground.recipe.head,
            n_classes=len(cohort.classes),
            seed=ground.seed,
            on_progress=workshop.watcher.advance,
        )
        seconds = seconds_each + heads.seconds
        measured.append(_measured(ground, champion, part, heads.scores, seconds, kept=kept))
    workshop.watcher.end(_summary(measured))
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
    ground: Groundwork,
    champion: Champion,
    name: BaselineName,
    scores: Float[np.ndarray, "heads kept classes"],
    seconds: float,
    *,
    kept: Int[np.ndarray, " kept"] | None = None,
    details: Mapping[str, float] | None = None,
) -> Baseline:
    splits = ground.folds.splits
    model = ground.head_scores(champion.heads.scores)
    if kept is None:
        baseline = replace(model, scores=scores).tested()
    else:
        of_kept = HeadScores(
            scores=scores,
            y_true=model.y_true[kept],
            splits=splits_among(splits, kept),
            groups=model.groups[kept],
            positive=model.positive,
        ).tested()
        baseline = replace(of_kept, films=kept[of_kept.films])
    return measure_baseline(
        name,
        baseline,
        model.tested(),
        inflation=fold_inflation(splits),
        rng=ground.rng(),
        details=details or {},
        seconds=seconds,
    )


def _summary(baselines: list[Baseline]) -> str:
    return ", ".join(
        f"{baseline.title.lower()} {baseline.auroc.value:.3f}" for baseline in baselines
    )


def _since(started: float) -> float:
    return time.perf_counter() - started

"""Shortcuts: what might predict the label without the disease, and a leak's worth.

Each is measured on the folds of the study, against one backbone: the one whose figures are
headlined. The probes show this backbone a part of each film only, and heads in closed form are
solved anew on that. Everything that hangs on the folds is measured again on other draws of them, so
that no verdict hangs on a seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Int

from hilum.auditing import (
    BEARINGS,
    TITLES,
    Baseline,
    BaselineName,
    Draw,
    LeakWorth,
    Place,
    column_aurocs,
    locate_evidence,
    measure_baseline,
    measure_compression,
    score_by_source,
    score_by_table,
    tabulate_metadata,
    weigh_leak,
)
from hilum.backbones import Backbone
from hilum.cohort import Film
from hilum.errors import FilmChangedError, FoldsError, NoTrialsError
from hilum.evaluation import HeadScores, fold_inflation
from hilum.features import UPRIGHT, LungMask, View, bin_levels, stream_maps
from hilum.folds import Split, repeated_folds
from hilum.heads import TrainedHeads, score_in_closed_form, solve_heads
from hilum.studies.extraction import StudyContext
from hilum.studies.preparation import StudyDesign

ProbeName = Literal["frame", "centre", "blur", "objectless", "lungs", "lungless"]
"""A baseline that is a part of the film."""

PROBES: tuple[ProbeName, ...] = ("frame", "objectless", "centre", "blur")
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


DRAW_SEEDS = (11, 23, 37, 53, 71)
"""Where the further draws of the folds begin: not at the user's seed, so that the same films get
the same verdict whatever it is."""

_FEWER_BOOTSTRAPS = 500
"""For a draw, whose intervals are weighed and not shown."""

Scorer = Callable[[Sequence[Split]], Float[np.ndarray, "heads kept classes"]]


@dataclass(frozen=True)
class _Candidate:
    """Something that may predict the label, ready to be scored on any folds.

    Attributes:
        name: Which baseline.
        score: Scores the test films of each split by what the others teach.
        kept: Rows of the cohort that it exists for.
        details: Figures for the reader.
        seconds: What it cost to get ready.
    """

    name: BaselineName
    score: Scorer
    kept: Int[np.ndarray, " kept"]
    details: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Shortcuts:
    """What was found beside the network's own figures.

    Attributes:
        baselines: On the folds of the study; those without disease come first.
        draws: On other draws of the folds.
        place: Where the evidence stands; None where that cannot be told.
        untried: What was not tried, and why.
    """

    baselines: tuple[Baseline, ...] = ()
    draws: tuple[Draw, ...] = ()
    place: Place | None = None
    untried: tuple[str, ...] = ()


def try_shortcuts(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> Shortcuts:
    """Measure everything of the plan, on the folds of the study and on other draws."""
    plan, watcher = design.plan.shortcuts, context.watcher
    candidates: list[_Candidate] = []
    if plan.has_baselines:
        candidates += _without_network(design)
    place, untried = None, []
    if plan.has_probes:
        everything = np.arange(len(design.cohort))
        candidates += _by_part(design, reference, PROBES, everything, {}, context)
        place = _locate(design, reference, context)
        untried += ["where the evidence stands: this network has no feature map"] * (place is None)
        of_lungs = _by_lungs(design, reference, context)
        candidates += of_lungs
        if not of_lungs:
            untried.append(
                "the lungs alone, and the film without them: too few films have a lung mask"
                if plan.masks
                else "the lungs alone, and the film without them: the lungs were found for sure "
                "on too few films"
            )
    else:
        untried.append("the frame, small objects and the place of the evidence: turned off")
    order = list(TITLES)
    candidates.sort(key=lambda candidate: order.index(candidate.name))
    model = design.head_scores(reference.heads.scores)
    watcher.begin("Shortcuts: heads", "baselines")
    baselines = []
    for done, candidate in enumerate(candidates, start=1):
        baselines.append(_measure(design, candidate, model))
        watcher.advance(done, len(candidates))
    watcher.end(_summary(baselines))
    return Shortcuts(
        baselines=tuple(baselines),
        draws=_draw_again(design, reference, candidates, context),
        place=place,
        untried=tuple(untried),
    )


def _without_network(design: StudyDesign) -> Iterator[_Candidate]:
    cohort, film_traits = design.cohort, design.film_traits
    n_classes = len(cohort.classes)
    everything = np.arange(len(cohort))

    def by_table(name: BaselineName, table: Float[np.ndarray, "films columns"]) -> _Candidate:
        return _Candidate(
            name,
            lambda splits: score_by_table(table, cohort.y, splits, n_classes=n_classes),
            everything,
        )

    table = tabulate_metadata(cohort.films, film_traits.files)
    details = column_aurocs(table, cohort.y == design.positive_index)
    yield replace(by_table("metadata", table.values), details=details)
    levels = [bin_levels(film_traits.levels), measure_compression(film_traits.files)]
    yield by_table("histogram", np.concatenate(levels, axis=1))
    yield by_table("processing", film_traits.processing)
    yield by_table("objects", film_traits.objects)
    sources = [film.source for film in cohort.films]
    if len(set(sources)) > 1:
        yield _Candidate(
            "source",
            lambda splits: score_by_source(sources, cohort.y, splits, n_classes=n_classes),
            everything,
        )


_LEAST_FOUND = 0.4
"""Share of the films of each class on which the lungs must be found for sure: on fewer, those that
are found may be another kind of film."""


def _by_lungs(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> list[_Candidate]:
    """Try the lungs alone and the rest, by given masks, or where the lungs are found for sure."""
    cohort, masks = design.cohort, design.plan.shortcuts.masks
    if masks:
        has_mask = np.array([film.film_id in masks for film in cohort.films])
        kept = np.flatnonzero(has_mask)
    else:
        is_sure = design.film_traits.lungs[:, 0] > 0
        found = [is_sure[cohort.y == k].mean() for k in range(len(cohort.classes))]
        if min(found) < _LEAST_FOUND:
            return []
        kept = np.flatnonzero(is_sure)
    return _by_part(design, reference, LUNG_PROBES, kept, masks, context)


_MUCH_LUNG = 0.1
"""Of the frame's area: on ordinary films lungs take about a twentieth."""


def frame_holds_lung(design: StudyDesign) -> bool | None:
    """Tell whether the frame of the films holds lung, as it does where they are cropped tightly.

    Returns:
        None where that is not known: the lungs were found for sure on too few films.
    """
    is_sure, share, is_cut_off = design.film_traits.lungs.T
    if is_cut_off.mean() > _LEAST_FOUND:
        return True
    if is_sure.mean() < _LEAST_FOUND:
        return None
    return bool(np.median(share[is_sure > 0]) > _MUCH_LUNG)


def _by_part(
    design: StudyDesign,
    reference: ReferenceBackbone,
    parts: tuple[ProbeName, ...],
    kept: Int[np.ndarray, " kept"],
    masks: Mapping[str, LungMask],
    context: StudyContext,
) -> list[_Candidate]:
    """Show the backbone parts of some films, whose features heads are then solved on."""
    cohort = design.cohort
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
    seconds_each = _since(started) / len(parts)
    return [
        _in_closed_form(design, part, extraction.table.values[:, k], kept, seconds_each)
        for k, part in enumerate(parts)
    ]


def _in_closed_form(
    design: StudyDesign,
    name: BaselineName,
    features: Float32[np.ndarray, "kept width"],
    kept: Int[np.ndarray, " kept"],
    seconds: float = 0.0,
) -> _Candidate:
    y, n_classes = design.cohort.y[kept], len(design.cohort.classes)
    return _Candidate(
        name,
        lambda splits: score_in_closed_form(features, y, splits, n_classes=n_classes),
        kept,
        seconds=seconds,
    )


def _measure(
    design: StudyDesign, candidate: _Candidate, model: HeadScores, n_bootstraps: int = 2000
) -> Baseline:
    """Score a candidate on the model's folds, and set it beside the model."""
    started = time.perf_counter()
    kept = candidate.kept
    splits = [split.among(kept) for split in model.splits]
    of_kept = HeadScores(
        scores=candidate.score(splits),
        y_true=model.y_true[kept],
        splits=splits,
        groups=model.groups[kept],
        positive=model.positive,
    ).tested()
    return measure_baseline(
        candidate.name,
        replace(of_kept, films=kept[of_kept.films]),
        model.tested(),
        inflation=fold_inflation(model.splits),
        rng=design.rng(),
        details=candidate.details,
        seconds=candidate.seconds + _since(started),
        n_bootstraps=n_bootstraps,
    )


def _draw_again(
    design: StudyDesign,
    reference: ReferenceBackbone,
    candidates: Sequence[_Candidate],
    context: StudyContext,
) -> tuple[Draw, ...]:
    """Measure the candidates on other draws of the folds, the whole film among them.

    Returns:
        Nothing where the recipe has a single split, which is not drawn again, or where the films
        are too few for one of the draws.
    """
    cohort, recipe = design.cohort, design.recipe
    if not (candidates and recipe.folds):
        return ()
    everything = np.arange(len(cohort))
    upright = context.load_features(cohort.films, reference.backbone, lambda _: (UPRIGHT,))
    whole = _in_closed_form(design, "centre", upright.values[:, 0], everything)
    telling = [each for each in candidates if BEARINGS[each.name] != "descriptive"]
    context.watcher.begin("Shortcuts: other draws of the folds", "draws")
    draws = []
    for done, seed in enumerate(DRAW_SEEDS, start=1):
        try:
            splits = repeated_folds(
                cohort.y,
                design.folds.groups,
                n_folds=recipe.folds,
                n_repeats=1,
                seed=seed,
                class_names=cohort.classes,
            ).splits
            model = design.head_scores(whole.score(splits), splits)
            baselines = [_measure(design, each, model, _FEWER_BOOTSTRAPS) for each in telling]
        except (FoldsError, NoTrialsError):
            context.watcher.end("too few films")
            return ()
        # The model's own interval is that which every baseline on all films is set beside.
        auroc = next(b.model_auroc for b in baselines if b.n_films == len(cohort))
        draws.append(Draw(seed, auroc, tuple(baselines)))
        context.watcher.advance(done, len(DRAW_SEEDS))
    context.watcher.end(f"{len(draws)} draws")
    return tuple(draws)


def _locate(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> Place | None:
    """Find where the evidence of heads in closed form stands on films that they never saw."""
    backbone = reference.backbone
    if backbone.record.pooling != "average":
        return None  # a score is a sum over places only where features are their mean
    started = time.perf_counter()
    engine = context.engine(backbone, context.cache_dir, "maps")
    if engine.map_shape is None:
        return None
    cohort, splits = design.cohort, [s for s in design.folds.splits if s.repeat == 0]
    upright = context.load_features(cohort.films, backbone, lambda _: (UPRIGHT,)).values[:, 0]
    heads = solve_heads(upright, cohort.y, splits, n_classes=len(cohort.classes))
    head_of = {
        int(row): head for head, split in zip(heads, splits, strict=True) for row in split.test
    }
    rows_of: dict[str, list[int]] = {}
    for row in head_of:
        rows_of.setdefault(cohort.films[row].sha256, []).append(row)
    evidence = np.full((len(cohort), *engine.map_shape), np.nan)
    context.watcher.begin("Shortcuts: place of the evidence", "films")
    films = [film for film in cohort.films if film.sha256 in rows_of]
    for done, (film, cells) in enumerate(stream_maps(films, engine), start=1):
        for row in rows_of[film.sha256]:
            evidence[row] = head_of[row].scores(cells)[..., design.positive_index]
        context.watcher.advance(done, len(films))
    known = np.flatnonzero(~np.isnan(evidence).any(axis=(1, 2)))
    place = locate_evidence(
        evidence[known],
        cohort.y[known] == design.positive_index,
        [cohort.films[row].film_id for row in known],
        seconds=_since(started),
    )
    context.watcher.end("" if place is None else f"{place.share:.0%} on one place")
    return place


def _can_judge(
    splits: Sequence[Split], y: Int[np.ndarray, " kept"], positive: int, n_classes: int
) -> bool:
    """Tell whether every head sees every class, and films of both sides are tested."""
    tested = np.unique(np.concatenate([split.test for split in splits]))
    return len(np.unique(y[tested] == positive)) == 2 and all(
        len(np.unique(y[split.train])) == n_classes and len(split.validation) > 0
        for split in splits
    )


def _summary(baselines: Sequence[Baseline]) -> str:
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
        else context.train_heads(
            features,
            cohort.y,
            splits,
            recipe.head,
            n_classes=len(cohort.classes),
            seed=design.seed,
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

"""Leave one source out: is each source's disease known to heads that never saw the source?

Where films come from several hospitals or collections, folds mix them all, and heads may learn what
tells the collections apart. Here every source is tested by heads that saw none of its films, nor
any film of a patient who has one there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from hilum.backbones import Backbone
from hilum.errors import FoldsError
from hilum.evaluation import (
    ScoredFilms,
    calibrate_heads,
    call_tested,
    external_metrics,
    head_thresholds,
    inflation_of_part,
    judge_calls,
    pool_calibrated,
)
from hilum.folds import Split, repeated_folds
from hilum.studies.external import measure_external
from hilum.studies.extraction import StudyContext
from hilum.studies.preparation import StudyDesign
from hilum.studies.results import BackboneResult, ExternalFigures, SourceTest, SourceValidation

HEADS_PER_SOURCE = 5
"""Each validates on another part of the other sources, and their scores are averaged."""

LEAST_FILMS = 5
"""Of a source with fewer films, no figure would mean anything."""


@dataclass(frozen=True)
class _Source:
    """One source and the heads that may test it; without splits, the reason why not."""

    name: str
    films: Int[np.ndarray, " tested"]
    splits: tuple[Split, ...] = ()
    why_untested: str = ""


def validate_by_source(
    design: StudyDesign,
    backbones: Sequence[Backbone],
    results: Sequence[BackboneResult],
    context: StudyContext,
) -> SourceValidation | None:
    """Test every source by heads that were trained on all the others.

    Films whose source is unknown, and films that belong to one patient or one film with any
    of the source's, take no part in training: they may be of that source. Everything else is
    as in the study: the same features, the same way to train heads.

    Args:
        design: What the study stands on.
        backbones: Those of the study; their features are stored.
        results: One for each of `backbones`, in their order, with its figures on the folds.
        context: Where features are found.

    Returns:
        One test per source, the largest first; None where fewer than two sources are known.
    """
    started = time.perf_counter()
    counts = Counter(film.source for film in design.cohort.films if film.source is not None)
    if len(counts) < 2:
        return None
    sources = [
        _prepare(design, name) for name in sorted(counts, key=lambda name: (-counts[name], name))
    ]
    figures = _train_and_test(design, sources, backbones, results, context)
    y, positive = design.cohort.y, design.positive_index
    return SourceValidation(
        tests=tuple(
            SourceTest(
                source=source.name,
                n_films=len(source.films),
                n_positives=int(np.sum(y[source.films] == positive)),
                why_untested=source.why_untested,
                transfers=tuple(of_source),
            )
            for source, of_source in zip(sources, figures, strict=True)
        ),
        seconds=time.perf_counter() - started,
    )


def _prepare(design: StudyDesign, name: str) -> _Source:
    """Cut the films of the other sources for training and validation, if they suffice."""
    cohort, groups = design.cohort, design.folds.groups
    is_tested = np.array([film.source == name for film in cohort.films])
    is_unknown = np.array([film.source is None for film in cohort.films])
    source = _Source(name, np.flatnonzero(is_tested))
    if len(source.films) < LEAST_FILMS:
        return replace(
            source, why_untested=f"It has fewer than {LEAST_FILMS} films, too few for any figure."
        )
    rest = np.flatnonzero(~np.isin(groups, groups[is_tested]) & ~is_unknown)
    y = cohort.y[rest]
    for k, label in enumerate(cohort.classes):
        n_groups = len(np.unique(groups[rest][y == k]))
        if n_groups < HEADS_PER_SOURCE:
            few = "only 1 patient or single film" if n_groups == 1 else "too few patients"
            return replace(
                source,
                why_untested=f"The other sources hold {few if n_groups else 'no film'} of class "
                f"'{label}'.",
            )
    try:
        folds = repeated_folds(
            y,
            groups[rest],
            n_folds=HEADS_PER_SOURCE,
            n_repeats=1,
            seed=design.seed,
            class_names=cohort.classes,
        )
    except FoldsError as error:
        return replace(source, why_untested=f"In the other sources: {error.message}")
    splits = tuple(
        Split(
            repeat=0,
            fold=split.fold,
            train=rest[np.union1d(split.train, split.validation)],
            # What a fold would test is what this head validates on.
            validation=rest[split.test],
            test=source.films,
        )
        for split in folds.splits
    )
    return replace(source, splits=splits)


def _train_and_test(
    design: StudyDesign,
    sources: Sequence[_Source],
    backbones: Sequence[Backbone],
    results: Sequence[BackboneResult],
    context: StudyContext,
) -> list[list[ExternalFigures]]:
    """List each source's figures; one backbone's features are in memory at a time."""
    figures: list[list[ExternalFigures]] = [[] for _ in sources]
    splits = [split for source in sources for split in source.splits]
    if not splits:
        return figures
    cohort, watcher = design.cohort, context.watcher
    for backbone, result in zip(backbones, results, strict=True):
        watcher.begin(f"{backbone.title}: one source left out", "heads")
        heads = context.train_heads(
            context.load_features(cohort.films, backbone, design.plan.views).values,
            cohort.y,
            splits,
            design.recipe.head,
            n_classes=len(cohort.classes),
            seed=design.seed,
        )
        by_source = iter(np.split(heads.scores, len(splits) // HEADS_PER_SOURCE))
        for source, of_source in zip(sources, figures, strict=True):
            if source.splits:
                of_source.append(_figures(design, source, result, next(by_source)))
        n_tested = sum(bool(source.splits) for source in sources)
        watcher.end(f"{n_tested} of {len(sources)} sources tested, {len(splits)} heads")
    return figures


def _figures(
    design: StudyDesign,
    source: _Source,
    result: BackboneResult,
    scores: Float[np.ndarray, "heads films classes"],
) -> ExternalFigures:
    tested = result.evaluation.tested
    # Some sources are hard for any heads, so each is compared with itself.
    own = tested.take(np.isin(tested.films, source.films))
    internal = external_metrics(
        own,
        rng=design.rng(),
        inflation=inflation_of_part(result.evaluation.inflation, len(own), len(tested)),
    )
    films = ScoredFilms(
        films=source.films,
        y_true=design.cohort.y[source.films],
        scores=scores[:, source.films].mean(axis=0),
        groups=design.folds.groups[source.films],
        positive=design.positive_index,
    )
    point = pooled = None
    if result.decisions is not None:
        # Thresholds are fixed on films of the other sources, and applied to this one.
        _, probabilities = calibrate_heads(
            design.head_scores(scores, source.splits),
            balances_classes=design.recipe.head.balances_classes,
        )
        policy = result.decisions.operating_point.policy
        thresholds = head_thresholds(probabilities, policy)
        is_called = call_tested(probabilities, thresholds)
        point = judge_calls(films, is_called, thresholds, policy)
        pooled = pool_calibrated(probabilities).scores
    return measure_external(
        result.name,
        films,
        internal,
        rng=design.rng(),
        operating_point=point,
        probabilities=pooled,
    )

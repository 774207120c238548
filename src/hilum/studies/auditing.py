"""The audit within a study, and by itself: shortcuts, checks, and the verdict that follows."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Int

from hilum.auditing import (
    CHECKS,
    AuditReport,
    Circumstances,
    Elsewhere,
    Evidence,
    LeakWorth,
    Reason,
    Scope,
    Unequal,
    Verdict,
    associate_sources,
    give_verdict,
    is_above_chance,
    run_checks,
    weigh_baselines,
)
from hilum.backbones import Backbone, LocalWeights, graph_key
from hilum.cohort import Cohort
from hilum.duplicates import join_duplicates
from hilum.errors import CohortError, FoldsError
from hilum.evaluation import (
    SIGNIFICANCE_LEVEL,
    Estimate,
    NestedPick,
    SubgroupComparison,
    age_band,
    fold_inflation,
    stratify_auroc,
)
from hilum.folds import conflicting_labels, group_films
from hilum.machine import peak_rss_bytes
from hilum.studies.collections import tell_collections
from hilum.studies.extraction import StudyContext, open_context
from hilum.studies.options import (
    AuditOptions,
    ComparisonOptions,
    converted,
    plan_study,
    takes,
)
from hilum.studies.preparation import (
    StudyDesign,
    Survey,
    check_cache,
    choose_backbones,
    design_study,
    hash_cohort,
    survey_films,
)
from hilum.studies.provenance import Provenance, describe_study
from hilum.studies.recipes import find_recipe
from hilum.studies.results import (
    BackboneResult,
    ExternalFigures,
    ExternalValidation,
    SourceValidation,
)
from hilum.studies.shortcuts import (
    ReferenceBackbone,
    Shortcuts,
    frame_holds_lung,
    measure_leak,
    try_shortcuts,
)
from hilum.studies.statistics import judge_backbone
from hilum.wording import interval_text, metric_value, metric_word, p_text


def check_labels_agree(cohort: Cohort) -> None:
    """Refuse a cohort in which one and the same file stands in two classes.

    Raises:
        CohortError: It does; the films are named.
    """
    clashes = conflicting_labels(cohort)
    if clashes:
        pairs = "\n  ".join(
            " = ".join(f"{film.path.name} ({film.label})" for film in clash)
            for clash in clashes[:10]
        )
        raise CohortError(
            f"Films that stand in two classes, byte for byte the same: {len(clashes)}\n  {pairs}\n",
            fix="Remove each from the class that it does not belong to.",
        )


@dataclass(frozen=True)
class Examination:
    """What was measured of a cohort beside the networks' own figures, before it is judged.

    Attributes:
        shortcuts: What predicts without the disease.
        leak: What splitting groups would have been worth.
        seconds: Wall-clock time by part.
    """

    shortcuts: Shortcuts
    leak: LeakWorth | None
    seconds: Mapping[str, float]


def examine_cohort(
    design: StudyDesign, reference: ReferenceBackbone, context: StudyContext
) -> Examination:
    """Measure what predicts without the disease, and what a leak is worth.

    Args:
        design: What was settled before.
        reference: The backbone that shortcuts are measured against.
        context: Where features are computed.
    """
    started = time.perf_counter()
    shortcuts = try_shortcuts(design, reference, context)
    tried = time.perf_counter()
    has_baselines = design.plan.shortcuts.has_baselines
    leak = measure_leak(design, reference, context) if has_baselines else None
    seconds = {"shortcuts": tried - started, "leak": time.perf_counter() - tried}
    return Examination(shortcuts, leak, seconds)


def judge_study(
    design: StudyDesign,
    reference: ReferenceBackbone,
    results: Sequence[BackboneResult],
    examination: Examination,
    *,
    pick: NestedPick | None = None,
    subgroups: Sequence[SubgroupComparison] = (),
    by_source: SourceValidation | None = None,
    external: ExternalValidation | None = None,
) -> AuditReport:
    """Run the checks, and give the verdict on everything that the study found out.

    Muted checks run as well: the verdict is given on the evidence, so muting never changes it.

    Args:
        design: What was settled before.
        reference: The backbone that shortcuts were measured against.
        results: All backbones, the reference backbone's among them.
        examination: What was measured beside them.
        pick: What choosing among the backbones is worth; its sensitivity and specificity
            are judged in the reference backbone's stead, which was chosen for being best.
        subgroups: The figures by sex, age, view and source.
        by_source: Every source under heads that never saw it.
        external: The heads on another cohort.
    """
    plan, shortcuts = design.plan.shortcuts, examination.shortcuts
    (model,) = (result for result in results if result.name == reference.backbone.name)
    circumstances = _circumstances(design, model, results, shortcuts, pick)
    baselines = weigh_baselines(circumstances)
    evidence = Evidence(
        cohort=design.cohort,
        positive=design.plan.positive,
        film_traits=design.film_traits,
        duplicates=design.relations.duplicates,
        affinity=design.relations.affinity,
        folds=design.folds,
        baselines=baselines,
        masked=frozenset(plan.masks) if plan.masks and plan.has_probes else None,
        leak=examination.leak,
    )
    findings = run_checks(CHECKS, evidence, design.plan.options.muted_checks())
    circumstances = replace(
        circumstances,
        findings=findings,
        elsewhere=_look_elsewhere(model, by_source, external),
        unequal=[
            *_list_unequal(subgroups),
            *_stratify(design, model),
            *_doubt_patients(external),
        ],
        scope=_scope(design.cohort, by_source, external),
    )
    return AuditReport(
        model=reference.backbone.name,
        findings=findings,
        relations=design.relations,
        baselines=baselines,
        leak=examination.leak,
        verdict=give_verdict(circumstances),
        seconds=examination.seconds,
        draws=shortcuts.draws,
        place=shortcuts.place,
    )


def _look_elsewhere(
    model: BackboneResult,
    by_source: SourceValidation | None,
    external: ExternalValidation | None,
) -> list[Elsewhere]:
    """Gather how the model does on films that no head of it saw."""
    internal = model.evaluation.metrics["auroc"]
    tested: list[tuple[Literal["external", "source"], str, tuple[ExternalFigures, ...]]] = []
    if external is not None:
        tested.append(("external", external.cohort.name, external.transfers))
    if by_source is not None:
        tested += [("source", test.source, test.transfers) for test in by_source.tests]
    return [
        _elsewhere(kind, name, figures, internal)
        for kind, name, of_backbones in tested
        for figures in of_backbones
        if figures.name == model.name
    ]


def _elsewhere(
    kind: Literal["external", "source"], name: str, figures: ExternalFigures, internal: Estimate
) -> Elsewhere:
    confusion = figures.confusion
    n_positives = confusion.tp + confusion.fn
    n_others = confusion.tn + confusion.fp
    auroc, drop = figures.metrics.get("auroc"), figures.drops.get("auroc")
    if auroc is not None and drop is not None:
        # The drop is from the study's figure on these very films, where it has one.
        internal = replace(internal, value=auroc.value + drop.value)
    side = "sensitivity" if n_positives else "specificity"
    lost = None
    if auroc is None and side in figures.drops:
        fall = figures.drops[side]
        before = figures.metrics[side].value + fall.value
        lost = (fall.value / before, fall.low > 0) if before > 0 else None
    return Elsewhere(
        kind=kind,
        name=name,
        n_films=n_positives + n_others,
        n_scarcest=min(n_positives, n_others),
        auroc=auroc,
        internal=internal,
        drop=drop,
        lost_calls=lost,
        side=side,
    )


def _doubt_patients(external: ExternalValidation | None) -> Iterator[Unequal]:
    if external is not None and external.may_share_patients:
        yield Unequal(
            "shared patients",
            f"Nearly all patients of {external.cohort.name} are named as patients of this cohort "
            "are. If they are the same people, the other cohort is no test: give them names of "
            "their own, such as a prefix for each hospital.",
            "limits",
        )


_UNEQUAL = 0.1
"""Difference of sensitivity, specificity or AUROC between two levels that bears on the claim."""


def _list_unequal(subgroups: Sequence[SubgroupComparison]) -> Iterator[Unequal]:
    """List the attributes whose levels are served unequally, and not by chance."""
    for compared in subgroups:
        if not compared.adjusted_p < SIGNIFICANCE_LEVEL:
            continue
        tests = {
            "sensitivity": compared.p_sensitivity,
            "specificity": compared.p_specificity,
            "auroc": compared.p_auroc,
        }
        metric = min(tests, key=lambda name: (math.isnan(tests[name]), tests[name]))
        figures = [
            (level.level, getattr(level, metric).value)
            for level in compared.subgroups
            if getattr(level, metric) is not None and not level.is_small
        ]
        if len(figures) < 2:
            continue
        least, most = (pick(figures, key=lambda figure: figure[1]) for pick in (min, max))
        if most[1] - least[1] >= _UNEQUAL:
            values = [metric_value(metric, figure[1]) for figure in (most, least)]
            yield Unequal(
                compared.attribute,
                f"The {metric_word(metric)} differs by {compared.attribute}: {values[0]} "
                f"for {most[0]}, {values[1]} for {least[0]} (p {p_text(compared.adjusted_p)}, "
                "corrected for all such tests).",
                "limits",
            )


_FALLEN = 0.02
"""A smaller fall of the AUROC within strata is nothing to speak of."""


def _stratify(design: StudyDesign, model: BackboneResult) -> Iterator[Unequal]:
    """Ask whether the model ranks films that agree in sex, age, view or source."""
    tested = model.evaluation.tested
    films = [design.cohort.films[row] for row in tested.films]
    attributes: dict[str, list[str | None]] = {
        "sex": [film.sex for film in films],
        "age": [None if film.age is None else age_band(film.age) for film in films],
        "view": [film.view for film in films],
        "source": [film.source for film in films],
    }
    for attribute, levels in attributes.items():
        if len(set(levels) - {None}) < 2:
            continue
        found = stratify_auroc(tested, levels, inflation=fold_inflation(design.folds.splits))
        if found is None or found.fall.low <= 0 or found.fall.value < _FALLEN:
            continue
        reached = (
            f"Among films of the same {attribute} the AUROC is {found.auroc.value:.3f} "
            f"{interval_text(found.auroc.low, found.auroc.high)}, over all of them "
            f"{found.crude.value:.3f}"
        )
        if not is_above_chance(found.auroc):
            yield Unequal(
                attribute, f"{reached}: the network may know the {attribute} alone.", "withholds"
            )
        else:
            yield Unequal(
                attribute, f"{reached}: part of its figure is knowing the {attribute}.", "limits"
            )


def _scope(
    cohort: Cohort, by_source: SourceValidation | None, external: ExternalValidation | None
) -> Scope:
    sources = {film.source for film in cohort.films} - {None}
    tested = [] if by_source is None else [test for test in by_source.tests if test.transfers]
    return Scope(
        n_sources=len(sources),
        n_sources_tested=len(tested),
        external=() if external is None else (external.cohort.name,),
    )


def _audit_without_folds(
    survey: Survey, guide: Backbone, error: FoldsError, muted: frozenset[str]
) -> AuditReport:
    """Audit films that are too few to train and to test on, as far as it goes."""
    evidence = Evidence(
        cohort=survey.cohort,
        film_traits=survey.film_traits,
        duplicates=survey.relations.duplicates,
        affinity=survey.relations.affinity,
    )
    too_few = Reason("folds", "withholds", f"No network can be tested here. {error.message}")
    return AuditReport(
        model=guide.name,
        findings=run_checks(CHECKS, evidence, muted),
        relations=survey.relations,
        baselines=(),
        leak=None,
        verdict=Verdict("withheld", (too_few,)),
        seconds={},
    )


def _circumstances(
    design: StudyDesign,
    model: BackboneResult,
    results: Sequence[BackboneResult],
    shortcuts: Shortcuts,
    pick: NestedPick | None,
) -> Circumstances:
    cohort, films = design.cohort, design.cohort.films
    judged = model if pick is None else pick
    point = None if judged.decisions is None else judged.decisions.operating_point
    honest = judged.evaluation.metrics
    clashes = [
        duplicate
        for duplicate in design.relations.duplicates
        if films[duplicate.first].label != films[duplicate.second].label
    ]
    same = {row for t in clashes if t.kind in ("bytes", "pixels") for row in (t.first, t.second)}
    alike = {row for duplicate in clashes for row in (duplicate.first, duplicate.second)} - same
    return Circumstances(
        positive=design.plan.positive,
        model=model.title,
        auroc=model.evaluation.metrics["auroc"],
        sensitivity=honest["sensitivity"] if point is None else point.sensitivity,
        specificity=honest["specificity"] if point is None else point.specificity,
        at="highest score" if point is None else "operating point",
        baselines=shortcuts.baselines,
        draws=shortcuts.draws,
        place=shortcuts.place,
        frame_holds_lung=frame_holds_lung(design),
        untried=shortcuts.untried,
        source_association=associate_sources(cohort, design.plan.positive),
        n_leaks=len(design.folds.straddling_groups),
        n_conflicts=len(same),
        n_likely_conflicts=len(alike),
        n_without_patient=sum(film.patient is None for film in films),
        n_films=len(films),
        has_probes=any(baseline.name == "frame" for baseline in shortcuts.baselines),
        validates_on_test=design.folds.validates_on_test,
        is_chosen=pick is not None,
        seen_in=design.plan.options.seen_in,
        confirmed=design.plan.options.confirmed or {},
        collections=tell_collections(cohort, design.plan.options.collections, results),
        unverified=[result.title for result in results if not result.weights.is_verified],
    )


@dataclass(frozen=True)
class Audit:
    """A cohort, audited.

    Attributes:
        cohort: The films that were read, and those that were not.
        positive: The class that sensitivity speaks of.
        groups: Group of each film: films of one group stay together in every split.
        report: What was found, and whether the cohort carries the claim.
        model: The small network that the shortcuts were measured against; None where the
            films are too few to train and test on.
        provenance: Versions, hardware, command line, hashes.
        peak_rss_bytes: Largest resident memory of the run so far; None where unknown.
    """

    cohort: Cohort
    positive: str
    groups: Int[np.ndarray, " films"]
    report: AuditReport
    model: BackboneResult | None
    provenance: Provenance
    peak_rss_bytes: int | None


@takes(AuditOptions)
def audit(cohort: Cohort, options: AuditOptions) -> Audit:
    """Find out what is wrong with a cohort, and whether it carries the claim.

    The checks are those of every comparison. What predicts the label without the disease
    is measured against one small network, by the recipe `hilum`. A cohort that is too
    small to train on, or contradicts itself, is audited as far as it goes.

    Args:
        cohort: The films and their labels.
        options: By keyword.

    Raises:
        HilumError: Whatever `hilum.compare` may raise, but for cohorts that are too small
            or whose labels contradict each other.
    """
    return audit_with(cohort, options, open_context(options))


def audit_with(cohort: Cohort, options: AuditOptions, context: StudyContext) -> Audit:
    """Audit in a context of the caller's; see `audit`."""
    plan = plan_study(cohort, find_recipe("hilum"), converted(options, ComparisonOptions))
    plan = replace(plan, decisions=None)
    chosen, _ = choose_backbones(
        None if options.backbone is None else [options.backbone],
        LocalWeights(context.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
    )
    guide = min(chosen, key=lambda candidate: candidate.record.parameters)
    check_cache(context.cache_dir)
    survey, (cost,) = survey_films(cohort, (guide,), plan.views, context)
    model = None
    try:
        design = design_study(survey, plan)
    except FoldsError as error:
        report = _audit_without_folds(survey, guide, error, plan.options.muted_checks())
        duplicates = join_duplicates(report.relations.duplicates, len(survey.cohort))
        groups = group_films(survey.cohort, duplicates)
    else:
        groups = design.folds.groups
        model = judge_backbone(design, guide, cost, context)
        reference = ReferenceBackbone(guide, model.heads)
        examination = examine_cohort(design, reference, context)
        report = judge_study(design, reference, [model], examination)
    return Audit(
        cohort=survey.cohort,
        positive=plan.positive,
        groups=groups,
        report=report,
        model=model,
        provenance=describe_study(
            context.command_line,
            films_sha256=hash_cohort(survey.cohort),
            graphs={guide.name: graph_key(guide)},
            seed=options.seed,
        ),
        peak_rss_bytes=peak_rss_bytes(),
    )

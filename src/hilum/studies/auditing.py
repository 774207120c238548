"""The audit within a study, and by itself: shortcuts, checks, and the verdict that follows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from hilum.auditing import (
    CHECKS,
    AuditReport,
    Baseline,
    Circumstances,
    Evidence,
    Reason,
    Verdict,
    associate_sources,
    give_verdict,
    run_checks,
)
from hilum.backbones import Backbone, LocalWeights, graph_key
from hilum.cohort import Cohort
from hilum.duplicates import join_duplicates
from hilum.errors import CohortError, FoldsError
from hilum.evaluation import NestedPick
from hilum.folds import conflicting_labels, group_films
from hilum.machine import peak_rss_bytes
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
from hilum.studies.results import BackboneResult
from hilum.studies.shortcuts import ReferenceBackbone, measure_leak, try_shortcuts
from hilum.studies.statistics import judge_backbone


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


def audit_study(
    design: StudyDesign,
    reference: ReferenceBackbone,
    results: Sequence[BackboneResult],
    context: StudyContext,
    *,
    pick: NestedPick | None = None,
) -> AuditReport:
    """Measure what predicts without the disease, run the checks, give the verdict.

    Muted checks run as well: the verdict is given on the evidence, so muting never changes it.

    Args:
        design: What was settled before.
        reference: The backbone that shortcuts are measured against.
        results: All backbones, the reference backbone's among them.
        context: Where features are computed.
        pick: What choosing among the backbones is worth; its sensitivity and specificity
            are judged in the reference backbone's stead, which was chosen for being best.
    """
    plan = design.plan.shortcuts
    started = time.perf_counter()
    baselines = try_shortcuts(design, reference, context)
    tried = time.perf_counter()
    leak = measure_leak(design, reference, context) if plan.has_baselines else None
    seconds = {"shortcuts": tried - started, "leak": time.perf_counter() - tried}
    evidence = Evidence(
        cohort=design.cohort,
        positive=design.plan.positive,
        film_traits=design.film_traits,
        duplicates=design.relations.duplicates,
        affinity=design.relations.affinity,
        folds=design.folds,
        baselines=baselines,
        masked=frozenset(plan.masks) if plan.masks and plan.has_probes else None,
        leak=leak,
    )
    return AuditReport(
        model=reference.backbone.name,
        findings=run_checks(CHECKS, evidence, design.plan.options.muted_checks()),
        relations=design.relations,
        baselines=baselines,
        leak=leak,
        verdict=give_verdict(_circumstances(design, reference, results, baselines, pick)),
        seconds=seconds,
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
    reference: ReferenceBackbone,
    results: Sequence[BackboneResult],
    baselines: Sequence[Baseline],
    pick: NestedPick | None,
) -> Circumstances:
    cohort, films = design.cohort, design.cohort.films
    (model,) = (result for result in results if result.name == reference.backbone.name)
    metrics = model.evaluation.metrics
    honest = metrics if pick is None else pick.evaluation.metrics
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
        auroc=metrics["auroc"],
        sensitivity=honest["sensitivity"],
        specificity=honest["specificity"],
        baselines=baselines,
        source_association=associate_sources(cohort, design.plan.positive),
        n_leaks=len(design.folds.straddling_groups),
        n_conflicts=len(same),
        n_likely_conflicts=len(alike),
        n_without_patient=sum(film.patient is None for film in films),
        n_films=len(films),
        has_probes=any(baseline.name == "frame" for baseline in baselines),
        validates_on_test=design.folds.validates_on_test,
        is_chosen=pick is not None,
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
        report = audit_study(design, ReferenceBackbone(guide, model.heads), [model], context)
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

"""The audit within a study: shortcuts, checks, and the verdict that follows."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hilum.auditing.baselines import Baseline
from hilum.auditing.checks import CHECKS
from hilum.auditing.evidence import Evidence, run_checks
from hilum.auditing.report import AuditReport
from hilum.auditing.sources import associate_sources
from hilum.auditing.verdict import Circumstances, Reason, Verdict, give_verdict
from hilum.backbones.weights import Backbone
from hilum.cohort.grouping import conflicting_labels
from hilum.cohort.manifest import Cohort
from hilum.errors import CohortError, FoldsError
from hilum.evaluation.selecting import NestedPick
from hilum.studies.comparison import BackboneResult
from hilum.studies.extracting import Workshop
from hilum.studies.groundwork import Groundwork, Survey
from hilum.studies.leaking import measure_leak
from hilum.studies.options import ShortcutPlan
from hilum.studies.shortcuts import Champion, try_shortcuts


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
    ground: Groundwork,
    champion: Champion,
    results: Sequence[BackboneResult],
    plan: ShortcutPlan,
    workshop: Workshop,
    *,
    pick: NestedPick | None = None,
    muted: frozenset[str] = frozenset(),
) -> AuditReport:
    """Measure what predicts without the disease, run the checks, give the verdict.

    Args:
        ground: What was settled before.
        champion: The backbone that shortcuts are measured against.
        results: All backbones, the champion's among them.
        plan: Which shortcuts to try.
        workshop: Where features are computed.
        pick: What choosing among the backbones is worth; its sensitivity and specificity
            are judged in the champion's stead, who was chosen for being best.
        muted: Codes of the checks whose findings raise no alarm. The verdict is given on
            the evidence, so they never change it.
    """
    started = time.perf_counter()
    baselines = try_shortcuts(ground, champion, plan, workshop)
    tried = time.perf_counter()
    leak = measure_leak(ground, champion, workshop) if plan.has_baselines else None
    seconds = {"shortcuts": tried - started, "leak": time.perf_counter() - tried}
    evidence = Evidence(
        cohort=ground.cohort,
        positive=ground.positive,
        portraits=ground.portraits,
        twins=ground.kinship.twins,
        affinity=ground.kinship.affinity,
        folds=ground.folds,
        baselines=baselines,
        masked=frozenset(plan.masks) if plan.masks and plan.has_probes else None,
        leak=leak,
    )
    return AuditReport(
        model=champion.backbone.name,
        findings=run_checks(CHECKS, evidence, muted),
        kinship=ground.kinship,
        baselines=baselines,
        leak=leak,
        verdict=give_verdict(_circumstances(ground, champion, results, baselines, pick)),
        seconds=seconds,
    )


def audit_without_folds(
    survey: Survey, guide: Backbone, error: FoldsError, *, muted: frozenset[str] = frozenset()
) -> AuditReport:
    """Audit films that are too few to train and to test on, as far as it goes.

    Args:
        survey: What looking at the films has told.
        guide: The backbone that compared them.
        error: Why there are no folds.
        muted: Codes of the checks whose findings raise no alarm.
    """
    evidence = Evidence(
        cohort=survey.cohort,
        portraits=survey.portraits,
        twins=survey.kinship.twins,
        affinity=survey.kinship.affinity,
    )
    too_few = Reason("folds", "withholds", f"No network can be tested here. {error.message}")
    return AuditReport(
        model=guide.name,
        findings=run_checks(CHECKS, evidence, muted),
        kinship=survey.kinship,
        baselines=(),
        leak=None,
        verdict=Verdict("withheld", (too_few,)),
        seconds={},
    )


def _circumstances(
    ground: Groundwork,
    champion: Champion,
    results: Sequence[BackboneResult],
    baselines: Sequence[Baseline],
    pick: NestedPick | None,
) -> Circumstances:
    cohort, films = ground.cohort, ground.cohort.films
    (model,) = (result for result in results if result.name == champion.backbone.name)
    metrics = model.evaluation.metrics
    honest = metrics if pick is None else pick.evaluation.metrics
    clashes = [
        twin for twin in ground.kinship.twins if films[twin.first].label != films[twin.second].label
    ]
    same = {row for t in clashes if t.kind in ("bytes", "pixels") for row in (t.first, t.second)}
    alike = {row for twin in clashes for row in (twin.first, twin.second)} - same
    return Circumstances(
        positive=ground.positive,
        model=model.title,
        auroc=metrics["auroc"],
        sensitivity=honest["sensitivity"],
        specificity=honest["specificity"],
        baselines=baselines,
        source_association=associate_sources(cohort, ground.positive),
        n_leaks=len(ground.folds.straddling_groups),
        n_conflicts=len(same),
        n_likely_conflicts=len(alike),
        n_without_patient=sum(film.patient is None for film in films),
        n_films=len(films),
        has_probes=any(baseline.name == "frame" for baseline in baselines),
        validates_on_test=ground.folds.validates_on_test,
        is_chosen=pick is not None,
        unverified=[result.title for result in results if not result.weights.is_verified],
    )

"""The audit by itself: can this cohort carry a claim? One small network, no competition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from hilum.auditing.report import AuditReport
from hilum.auditing.twins import join_twins
from hilum.backbones.compiling import graph_key
from hilum.backbones.weights import WeightsShelf
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.errors import FoldsError
from hilum.features.views import rotated_views
from hilum.machine import peak_rss_bytes
from hilum.studies.comparing import judge_backbone
from hilum.studies.comparison import BackboneResult
from hilum.studies.extracting import Workshop, open_workshop
from hilum.studies.groundwork import lay_ground, survey_films
from hilum.studies.options import (
    AuditOptions,
    ComparisonOptions,
    converted,
    plan_study,
    takes,
)
from hilum.studies.preparing import check_cache, choose_backbones, hash_cohort
from hilum.studies.provenance import Provenance, describe_study
from hilum.studies.recipes import find_recipe
from hilum.studies.scrutiny import audit_study, audit_without_folds
from hilum.studies.shortcuts import Champion


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
    return audit_with(cohort, options, open_workshop(options))


def audit_with(cohort: Cohort, options: AuditOptions, workshop: Workshop) -> Audit:
    """Audit in a workshop of the caller's; see `audit`."""
    plan = plan_study(cohort, find_recipe("hilum"), converted(options, ComparisonOptions))
    chosen, _ = choose_backbones(
        None if options.backbone is None else [options.backbone],
        WeightsShelf(workshop.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
    )
    guide = min(chosen, key=lambda candidate: candidate.record.parameters)
    check_cache(workshop.cache_dir)
    views = rotated_views(plan.recipe.rotated_views, options.seed)
    survey, (cost,) = survey_films(cohort, (guide,), views, workshop)
    model = None
    try:
        ground = lay_ground(survey, plan)
    except FoldsError as error:
        report = audit_without_folds(survey, guide, error, muted=plan.options.muted_checks())
        twins = join_twins(report.kinship.twins, len(survey.cohort))
        groups = group_films(survey.cohort, twins)
    else:
        groups = ground.folds.groups
        table = workshop.recall(survey.cohort.films, guide, views)
        model = judge_backbone(ground, guide, table, cost, workshop.watcher)
        champion = Champion(guide, model.heads)
        report = audit_study(
            ground, champion, [model], plan.shortcuts, workshop, muted=plan.options.muted_checks()
        )
    return Audit(
        cohort=survey.cohort,
        positive=plan.positive,
        groups=groups,
        report=report,
        model=model,
        provenance=describe_study(
            workshop.command_line,
            films_sha256=hash_cohort(survey.cohort),
            graphs={guide.name: graph_key(guide)},
            seed=options.seed,
        ),
        peak_rss_bytes=peak_rss_bytes(),
    )

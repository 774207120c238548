"""The audit by itself: can this cohort carry a claim? One small network, no competition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from hilum.auditing.report import AuditReport
from hilum.auditing.twins import join_twins
from hilum.backbones.compiling import Output, graph_key
from hilum.backbones.engine import Engine, open_engine
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.cohort.grouping import group_films
from hilum.cohort.manifest import Cohort
from hilum.errors import FoldsError
from hilum.features.views import rotated_views
from hilum.memory import peak_rss_bytes
from hilum.studies.comparing import judge_backbone
from hilum.studies.comparison import BackboneResult
from hilum.studies.extracting import open_workshop
from hilum.studies.groundwork import lay_ground, survey_films
from hilum.studies.plans import StudyPlan, plan_shortcuts
from hilum.studies.preparing import check_cache, choose_backbones, hash_cohort
from hilum.studies.provenance import Provenance, describe_study
from hilum.studies.recipes import find_recipe
from hilum.studies.scrutiny import audit_study, audit_without_folds
from hilum.studies.shortcuts import Champion
from hilum.studies.watching import Watcher


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


def audit(
    cohort: Cohort,
    *,
    positive: str | None = None,
    backbone: str | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    weights_dir: str | Path | None = None,
    allows_unverified_weights: bool = False,
    probes: bool = True,
    masks: str | Path | None = None,
    engine: Callable[[Backbone, Path, Output], Engine] = open_engine,
    watcher: Watcher | None = None,
    command_line: tuple[str, ...] = (),
) -> Audit:
    """Find out what is wrong with a cohort, and whether it carries the claim.

    The checks are those of every comparison. What predicts the label without the disease
    is measured against one small network, by the recipe `hilum`. A cohort that is too
    small to train on, or contradicts itself, is audited as far as it goes.

    Args:
        cohort: The films and their labels.
        positive: The class that sensitivity speaks of; may be left out where one of
            two classes is plainly without disease.
        backbone: Name from the catalog; the smallest that is available if not given.
        seed: Where every draw begins.
        cache_dir: Where graphs and features are kept; the user's cache if not given.
        weights_dir: A folder of weight files placed by hand.
        allows_unverified_weights: Run on weights that are not the published ones.
        probes: Try what parts of the films predict by themselves.
        masks: A folder of lung masks, named as the films are and ending in `.png`.
        engine: Opens a backbone.
        watcher: Told what is going on.
        command_line: Kept in the provenance.

    Raises:
        HilumError: Whatever `hilum.compare` may raise, but for cohorts that are too small
            or whose labels contradict each other.
    """
    workshop = open_workshop(cache_dir, engine, watcher)
    plan = StudyPlan(
        positive=cohort.positive_class(positive),
        recipe=find_recipe("hilum"),
        seed=seed,
        shortcuts=plan_shortcuts(cohort, probes=probes, masks=masks),
        decisions=None,
    )
    chosen, _ = choose_backbones(
        None if backbone is None else [backbone],
        WeightsShelf(workshop.cache_dir, None if weights_dir is None else Path(weights_dir)),
        allows_unverified=allows_unverified_weights,
    )
    guide = min(chosen, key=lambda candidate: candidate.record.parameters)
    check_cache(workshop.cache_dir)
    views = rotated_views(plan.recipe.rotated_views, seed)
    survey, (cost,) = survey_films(cohort, (guide,), views, workshop)
    model = None
    try:
        ground = lay_ground(survey, plan)
    except FoldsError as error:
        report = audit_without_folds(survey, guide, error)
        twins = join_twins(report.kinship.twins, len(survey.cohort))
        groups = group_films(survey.cohort, twins)
    else:
        groups = ground.folds.groups
        table = workshop.recall(survey.cohort.films, guide, views)
        model = judge_backbone(ground, guide, table, cost, workshop.watcher)
        champion = Champion(guide, model.heads)
        report = audit_study(ground, champion, [model], plan.shortcuts, workshop)
    return Audit(
        cohort=survey.cohort,
        positive=plan.positive,
        groups=groups,
        report=report,
        model=model,
        provenance=describe_study(
            command_line,
            films_sha256=hash_cohort(survey.cohort),
            graphs={guide.name: graph_key(guide)},
            seed=seed,
        ),
        peak_rss_bytes=peak_rss_bytes(),
    )

"""The main job: which backbone separates the classes of a cohort, and how sure is it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hilum.backbones import LocalWeights, graph_key
from hilum.cohort import Cohort
from hilum.duplicates import Duplicate
from hilum.machine import peak_rss_bytes
from hilum.studies.auditing import check_labels_agree, examine_cohort, judge_study
from hilum.studies.external import (
    ExternalFilms,
    check_external,
    check_readable,
    prepare_external,
    validate_externally,
)
from hilum.studies.extraction import StudyContext, open_context
from hilum.studies.options import CompareOptions, StudyPlan, plan_study, takes
from hilum.studies.preparation import (
    check_cache,
    choose_backbones,
    design_study,
    draw_folds,
    fed_as,
    hash_cohort,
    survey_films,
)
from hilum.studies.provenance import SomeProvenance, count_runs, describe_study
from hilum.studies.recipes import as_recipe
from hilum.studies.results import BackboneResult, Comparison
from hilum.studies.shortcuts import ReferenceBackbone
from hilum.studies.sources import validate_by_source
from hilum.studies.statistics import Assessment, assess, judge_backbone


@takes(CompareOptions)
def compare(cohort: Cohort, options: CompareOptions) -> Comparison:
    """Compare pretrained backbones as frozen feature extractors on a cohort.

    Args:
        cohort: The films and their labels.
        options: By keyword.

    Returns:
        The finished study; `hilum.save_run` writes it to a folder.

    Raises:
        CohortError: The films cannot be compared.
        PositiveClassError: It cannot be told which class is meant.
        FoldsError: A class is too small for the folds.
        UnknownBackboneError: A name is in no catalog.
        UnknownCheckError: A muted code is no check's.
        WeightsError: A named backbone is not available here.
        UntrustedModelError: A weight file or model file is not what it should be.
        RecipeError: There is no such recipe or rule, the seed is negative, or a prevalence
            is no share.
        CacheError: The cache folder cannot be written, or has no room.
    """
    return compare_with(cohort, options, open_context(options))


def compare_with(cohort: Cohort, options: CompareOptions, context: StudyContext) -> Comparison:
    """Compare backbones in a context of the caller's; see `compare`."""
    return run_study(cohort, plan_study(cohort, as_recipe(options.recipe), options), context)


def run_study(
    cohort: Cohort,
    plan: StudyPlan,
    context: StudyContext,
    *,
    duplicates: Sequence[Duplicate] | None = None,
) -> Comparison:
    """Run one study to its end; see `compare`.

    Args:
        cohort: The films and their labels.
        plan: What is studied, and how.
        context: Where features are computed.
        duplicates: Films known to be one film, from an earlier study of the same films.
    """
    recipe, options, seed = plan.recipe, plan.options, plan.options.seed
    chosen, unavailable = choose_backbones(
        options.backbones,
        LocalWeights(context.cache_dir, options.weights_dir),
        allows_unverified=options.allows_unverified_weights,
    )
    chosen = tuple(fed_as(recipe, backbone) for backbone in chosen)
    check_labels_agree(cohort)
    if options.external is not None:
        check_external(cohort, options.external)
    check_cache(context.cache_dir)
    if options.external is not None:
        check_readable(options.external, context)
    draw_folds(cohort, recipe, seed)  # fails before any work, not after it

    if options.external is not None:
        plan = replace(plan, keeps_heads=True)
    survey, costs = survey_films(cohort, chosen, plan.views, context, duplicates)
    design = design_study(survey, plan)
    cohort, folds = design.cohort, design.folds
    external_films = None
    if options.external is not None:
        external_films = prepare_external(survey, options.external, chosen, context)
    judged = [
        (backbone, judge_backbone(design, backbone, cost, context))
        for backbone, cost in zip(chosen, costs, strict=True)
    ]
    judged.sort(key=lambda pair: _rank(pair[1]))
    results = [result for _, result in judged]
    backbones = [backbone for backbone, _ in judged]
    first = next((k for k, result in enumerate(results) if result.weights.is_verified), 0)
    reference = ReferenceBackbone(backbones[first], results[first].heads)
    context.watcher.begin("Statistics", "figures")
    assessment = assess(design, results)
    context.watcher.end(_summary(assessment))
    examination = examine_cohort(design, reference, context)
    by_source = external = None
    if plan.decisions is not None:
        by_source = validate_by_source(design, backbones, results, context)
    if external_films is not None:
        external = validate_externally(
            design, external_films, backbones, results, context, ensemble=assessment.ensemble
        )
    audit = judge_study(
        design,
        reference,
        results,
        examination,
        pick=assessment.pick,
        subgroups=assessment.subgroups,
        by_source=by_source,
        external=external,
    )
    films_sha256 = hash_cohort(cohort)
    return Comparison(
        cohort=cohort,
        positive=plan.positive,
        recipe=recipe,
        seed=seed,
        folds=folds,
        backbones=tuple(results),
        comparisons=assessment.comparisons,
        unavailable=unavailable,
        audit=audit,
        provenance=describe_study(
            context.command_line,
            films_sha256=films_sha256,
            graphs={backbone.name: graph_key(backbone) for backbone in chosen},
            **_provenance(
                plan.split_seed,
                external_films,
                earlier_runs=count_runs(context.cache_dir, films_sha256, seed),
            ),
        ),
        peak_rss_bytes=peak_rss_bytes(),
        tiers=assessment.tiers,
        ensemble=assessment.ensemble,
        pick=assessment.pick,
        subgroups=assessment.subgroups,
        by_source=by_source,
        external=external,
    )


def _provenance(
    split_seed: int, external_films: ExternalFilms | None, *, earlier_runs: int
) -> SomeProvenance:
    if external_films is None:
        return {"split_seed": split_seed, "earlier_runs": earlier_runs}
    return {
        "split_seed": split_seed,
        "external_films_sha256": hash_cohort(external_films.cohort),
        "earlier_runs": earlier_runs,
    }


def _rank(result: BackboneResult) -> tuple[float, float, int]:
    metrics = result.evaluation.metrics
    return -metrics["accuracy"].value, -metrics["auroc"].value, result.parameters


def _summary(assessment: Assessment) -> str:
    tiers = len(assessment.tiers)
    return f"{tiers} tier{'' if tiers == 1 else 's'}" if tiers else "no backbone to rank"

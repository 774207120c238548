"""The main job: which backbone separates the classes of a cohort, and how sure is it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hilum.auditing.twins import Twin
from hilum.backbones.compiling import Output, graph_key
from hilum.backbones.engine import Engine, open_engine
from hilum.backbones.weights import Backbone, WeightsShelf
from hilum.cohort.manifest import Cohort
from hilum.features.extraction import ExtractionCost, FeatureTable
from hilum.features.views import rotated_views
from hilum.heads.training import train_heads
from hilum.memory import peak_rss_bytes
from hilum.studies.admitting import Admission, admit_external, check_external, look_ahead
from hilum.studies.assessing import Assessment, assess, decide_by_scores, judge_scores
from hilum.studies.by_source import validate_by_source
from hilum.studies.comparison import (
    BackboneResult,
    Comparison,
    Recipe,
    Seconds,
    WeightsRecord,
)
from hilum.studies.external import validate_externally
from hilum.studies.extracting import Workshop, open_workshop
from hilum.studies.groundwork import Groundwork, lay_ground, survey_films
from hilum.studies.plans import DecisionPlan, StudyPlan, plan_decisions, plan_shortcuts
from hilum.studies.preparing import (
    check_cache,
    choose_backbones,
    draw_folds,
    fed_as,
    hash_cohort,
)
from hilum.studies.provenance import SomeProvenance, describe_study
from hilum.studies.recipes import find_recipe
from hilum.studies.scrutiny import audit_study, check_labels_agree
from hilum.studies.shortcuts import Champion
from hilum.studies.watching import Watcher


def compare(
    cohort: Cohort,
    *,
    positive: str | None = None,
    backbones: Sequence[str] | None = None,
    recipe: str | Recipe = "hilum",
    seed: int = 0,
    cache_dir: str | Path | None = None,
    weights_dir: str | Path | None = None,
    allows_unverified_weights: bool = False,
    probes: bool = True,
    masks: str | Path | None = None,
    operating_point: str = "sensitivity=0.95",
    prevalences: Sequence[float] | None = None,
    external: Cohort | None = None,
    engine: Callable[[Backbone, Path, Output], Engine] = open_engine,
    watcher: Watcher | None = None,
    command_line: tuple[str, ...] = (),
) -> Comparison:
    """Compare pretrained backbones as frozen feature extractors on a cohort.

    Args:
        cohort: The films and their labels.
        positive: The class that sensitivity speaks of; may be left out where one of
            two classes is plainly without disease.
        backbones: Names from the catalog; all that are available if not given.
        recipe: How to split and train: a name or a changed recipe.
        seed: Where every draw begins: folds, angles, heads, bootstrap.
        cache_dir: Where graphs and features are kept; the user's cache if not given.
        weights_dir: A folder of weight files placed by hand; that of HILUM_WEIGHTS_DIR
            if not given. Weights are looked for in the cache as well.
        allows_unverified_weights: Run named backbones on weights that are not the
            published ones; titles, verdict and report say so.
        probes: Try what parts of the films predict by themselves: frame, centre, blur.
            Without them the verdict is `limited` at best.
        masks: A folder of lung masks, named as the films are and ending in `.png`; the
            lungs alone, and the films without them, are then tried as well.
        operating_point: By which rule a threshold is chosen on validation films:
            `sensitivity=0.95` or another target, `specificity=0.9` likewise, or `youden`.
        prevalences: Shares of positive films for which predictive values are given.
        external: Another cohort with the same classes, whose films the heads score.
        engine: Opens a backbone.
        watcher: Told what is going on.
        command_line: Kept in the provenance.

    Returns:
        The finished study; `hilum.save_run` writes it to a folder.

    Raises:
        CohortError: The films cannot be compared.
        PositiveClassError: It cannot be told which class is meant.
        FoldsError: A class is too small for the folds.
        UnknownBackboneError: A name is in no catalog.
        WeightsError: A named backbone is not available here.
        UntrustedModelError: A weight file or model file is not what it should be.
        RecipeError: There is no such recipe or rule, the seed is negative, or a prevalence
            is no share.
        CacheError: The cache folder cannot be written, or has no room.
    """
    return run_study(
        cohort,
        StudyPlan(
            positive=cohort.positive_class(positive),
            recipe=find_recipe(recipe) if isinstance(recipe, str) else recipe,
            seed=seed,
            backbones=backbones,
            weights_dir=None if weights_dir is None else Path(weights_dir),
            allows_unverified_weights=allows_unverified_weights,
            shortcuts=plan_shortcuts(cohort, probes=probes, masks=masks),
            decisions=plan_decisions(operating_point, prevalences),
            external=external,
            command_line=command_line,
        ),
        open_workshop(cache_dir, engine, watcher),
    )


def run_study(
    cohort: Cohort, plan: StudyPlan, workshop: Workshop, *, twins: Sequence[Twin] | None = None
) -> Comparison:
    """Run one study to its end; see `compare`.

    Args:
        cohort: The films and their labels.
        plan: What is studied, and how.
        workshop: Where features are computed.
        twins: Films known to be one film, from an earlier study of the same films.
    """
    recipe, seed = plan.recipe, plan.seed
    chosen, unavailable = choose_backbones(
        plan.backbones,
        WeightsShelf(workshop.cache_dir, plan.weights_dir),
        allows_unverified=plan.allows_unverified_weights,
    )
    chosen = tuple(fed_as(recipe, backbone) for backbone in chosen)
    check_labels_agree(cohort)
    if plan.external is not None:
        check_external(cohort, plan.external)
    check_cache(workshop.cache_dir)
    if plan.external is not None:
        look_ahead(plan.external, workshop)
    draw_folds(cohort, recipe, seed)  # fails before any work, not after it

    views = rotated_views(recipe.rotated_views, seed)
    survey, costs = survey_films(cohort, chosen, views, workshop, twins)
    ground = lay_ground(survey, plan)
    cohort, folds = ground.cohort, ground.folds
    admission = None
    if plan.external is not None:
        admission = admit_external(survey, plan.external, chosen, workshop)
    judged = []
    for backbone, cost in zip(chosen, costs, strict=True):
        table = workshop.recall(cohort.films, backbone, views)
        result = judge_backbone(
            ground,
            backbone,
            table,
            cost,
            workshop.watcher,
            decisions=plan.decisions,
            keeps_weights=plan.keeps_heads or admission is not None,
        )
        judged.append((backbone, result))
    judged.sort(key=lambda pair: _rank(pair[1]))
    results = [result for _, result in judged]
    backbones = [backbone for backbone, _ in judged]
    first = next((k for k, result in enumerate(results) if result.weights.is_verified), 0)
    champion = Champion(backbones[first], results[first].heads)
    workshop.watcher.begin("Statistics", "figures")
    assessment = assess(ground, results, plan.decisions)
    workshop.watcher.end(_summary(assessment))
    audit = audit_study(ground, champion, results, plan.shortcuts, workshop, pick=assessment.pick)
    by_source = external = None
    if plan.decisions is not None:
        by_source = validate_by_source(ground, backbones, results, workshop)
    if admission is not None:
        external = validate_externally(
            ground, admission, backbones, results, workshop, ensemble=assessment.ensemble
        )
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
            plan.command_line,
            films_sha256=hash_cohort(cohort),
            graphs={backbone.name: graph_key(backbone) for backbone in chosen},
            **_provenance(seed if recipe.split_seed is None else recipe.split_seed, admission),
        ),
        peak_rss_bytes=peak_rss_bytes(),
        tiers=assessment.tiers,
        ensemble=assessment.ensemble,
        pick=assessment.pick,
        subgroups=assessment.subgroups,
        by_source=by_source,
        external=external,
    )


def _provenance(split_seed: int, admission: Admission | None) -> SomeProvenance:
    if admission is None:
        return {"split_seed": split_seed}
    films_sha256 = hash_cohort(admission.cohort)
    return {"split_seed": split_seed, "external_films_sha256": films_sha256}


def judge_backbone(
    ground: Groundwork,
    backbone: Backbone,
    table: FeatureTable,
    cost: ExtractionCost,
    watcher: Watcher,
    *,
    decisions: DecisionPlan | None = None,
    keeps_weights: bool = False,
) -> BackboneResult:
    """Train all heads of one backbone and measure them on films they never saw.

    Args:
        ground: What was settled before.
        backbone: The network.
        table: Its features.
        cost: What they cost.
        watcher: Told what is going on.
        decisions: How scores become decisions; None where only the scores are wanted.
        keeps_weights: Keep the heads themselves, to score other films.
    """
    cohort, folds = ground.cohort, ground.folds
    watcher.begin(f"{backbone.title}: heads", "heads")
    heads = train_heads(
        table.values,
        cohort.y,
        folds.splits,
        ground.recipe.head,
        n_classes=len(cohort.classes),
        seed=ground.seed,
        keeps_weights=keeps_weights,
        on_progress=watcher.advance,
    )
    evaluation = judge_scores(ground, heads.scores)
    n_heads = len(folds.splits)
    watcher.end(
        f"{n_heads} head{'s' if n_heads > 1 else ''}, "
        f"accuracy {evaluation.metrics['accuracy'].value:.3f}"
    )
    record = backbone.record
    return BackboneResult(
        name=backbone.name,
        title=backbone.title,
        parameters=record.parameters,
        size_px=record.input.size_px,
        feature_width=record.feature_width,
        weights=WeightsRecord.of(backbone),
        heads=heads,
        evaluation=evaluation,
        seconds=Seconds(extract=cost.seconds, train=heads.seconds),
        views_per_second=cost.views_per_second,
        decisions=decide_by_scores(ground, heads.scores, decisions),
    )


def _rank(result: BackboneResult) -> tuple[float, float, int]:
    metrics = result.evaluation.metrics
    return -metrics["accuracy"].value, -metrics["auroc"].value, result.parameters


def _summary(assessment: Assessment) -> str:
    tiers = len(assessment.tiers)
    return f"{tiers} tier{'' if tiers == 1 else 's'}" if tiers else "no backbone to rank"

"""One comparison as JSON: what its `results.json` and `provenance.json` hold.

Neither paths nor file names are among it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NotRequired, TypedDict

from hilum.backbones import Pooling, Scaling
from hilum.classifier import EstimateJson, Figure
from hilum.evaluation import NestedPick, SubgroupComparison
from hilum.runs.audit import (
    ShortcutsJson,
    SummaryJson,
    VerdictJson,
    describe_shortcuts,
    describe_summary,
    describe_verdict,
)
from hilum.runs.documents import as_document
from hilum.runs.figures import (
    BackboneJson,
    CohortJson,
    ConfusionJson,
    DecisionsJson,
    EvaluationJson,
    GroupedCohortJson,
    NetBenefitJson,
    OperatingPointJson,
    RecalibrationJson,
    UnavailableJson,
    describe_backbone,
    describe_cohort,
    describe_decisions,
    describe_grouped,
)
from hilum.runs.privacy import cohorts_of, redacted, redacted_sources, redactor
from hilum.studies import (
    SOURCE,
    Comparison,
    Ensemble,
    ExternalValidation,
    PaperTable,
    Withheld,
    set_beside_paper,
    summarise,
)


class HeadJson(TypedDict):
    """How one head is built and trained."""

    hidden_units: int
    dropout: float
    learning_rate: float
    learning_rate_decay: float
    batch_size: int
    max_epochs: int
    patience_epochs: int | None
    keeps_best_epoch: bool
    standardises: bool
    balances_classes: bool


class RecipeSettingsJson(TypedDict):
    """How a study is run.

    Attributes:
        folds: 0 for a single split.
        input_px: Null for the network's own.
        scaling: Null for the network's own.
        split_seed: Null for the study's.
    """

    name: str
    summary: str
    rotated_views: int
    head: HeadJson
    folds: int
    repeats: int
    input_px: int | None
    scaling: Scaling | None
    pooling: Pooling
    split_seed: int | None


class RecipeJson(RecipeSettingsJson):
    """How a study was run.

    Attributes:
        validates_on_test: Early stopping watched the test films.
    """

    validates_on_test: bool


class PairJson(TypedDict):
    """Two backbones on the same films; differences are those of `a` less `b`.

    Attributes:
        adjusted_p: `mcnemar_p` after Holm's correction over both tests of all pairs.
        tied: Neither test shows a difference.
        adjusted_delong_p: `delong_p` likewise.
        films_needed: To show the difference; null where it is shown, or no number is known.
        mcnemar_p_films: As `mcnemar_p`, which is by groups, with every film as a group of its
            own; null where each is one, and in runs of older versions.
        delong_p_films: Likewise.
    """

    a: str
    b: str
    accuracy_difference: Figure
    auroc_difference: Figure
    mcnemar_p: Figure
    delong_p: Figure
    adjusted_p: Figure
    tied: bool
    adjusted_delong_p: Figure
    films_needed: int | None
    mcnemar_p_films: Figure
    delong_p_films: Figure


class EnsembleJson(EvaluationJson):
    """The average of several backbones' scores."""

    members: list[str]
    decisions: DecisionsJson | None


class PickJson(EvaluationJson):
    """The backbone chosen anew for every film, by heads and validation films without it.

    Attributes:
        times_chosen: For how many films each backbone was chosen.
    """

    times_chosen: dict[str, int]
    decisions: DecisionsJson | None


class SubgroupJson(TypedDict):
    """The films of one level of an attribute.

    Attributes:
        is_small: Too few groups on a side for its figures to say much.
        recalibration: Null where the subgroup is small or nothing was calibrated, and in runs of
            older versions.
    """

    level: str
    n_films: int
    n_positives: int
    n_groups: int
    auroc: EstimateJson | None
    sensitivity: EstimateJson | None
    specificity: EstimateJson | None
    is_small: bool
    recalibration: RecalibrationJson | None


class SubgroupsJson(TypedDict):
    """One attribute: its levels, and whether they differ.

    Attributes:
        is_at_operating_point: Sensitivity and specificity are of the calls at the operating
            point; null in runs of older versions, where they never were.
        p_auroc_films: As `p_auroc`, which is by groups, with every film as a group of its own;
            null where each is one.
        p_sensitivity_films: Likewise.
        p_specificity_films: Likewise.
    """

    attribute: str
    subgroups: list[SubgroupJson]
    n_unknown: int
    p_auroc: Figure
    p_sensitivity: Figure
    p_specificity: Figure
    adjusted_p: Figure
    is_at_operating_point: bool | None
    p_auroc_films: Figure
    p_sensitivity_films: Figure
    p_specificity_films: Figure


class ExternalFiguresJson(TypedDict):
    """One backbone's figures on external films.

    Attributes:
        name: The backbone's; `ensemble` for the average of all.
        drops: The study's figure less the external one.
        recalibration: Of the study's calibrated probabilities; null where one side has no films
            or nothing was calibrated, and in runs of older versions.
        net_benefit: At the operating point, for films mixed as these; null likewise.
    """

    name: str
    metrics: dict[str, EstimateJson]
    drops: dict[str, EstimateJson]
    confusion: ConfusionJson
    operating_point: OperatingPointJson | None
    recalibration: RecalibrationJson | None
    net_benefit: NetBenefitJson | None


class SourceTestJson(TypedDict):
    """One source's films under heads that were trained on all others.

    Attributes:
        why_untested: Empty where it was tested.
    """

    source: str
    n_films: int
    n_positives: int
    why_untested: str
    transfers: list[ExternalFiguresJson]


class BySourceJson(TypedDict):
    """Every source tested by heads that never saw it."""

    tests: list[SourceTestJson]
    seconds: float


class ExternalJson(TypedDict):
    """The heads on another cohort.

    Attributes:
        n_known: Films left out, as they stand in the study's cohort too.
        n_shared_patients: Patients named alike in both; null where that cannot be told.
        n_of_shared_patients: Their films, which were left out.
    """

    cohort: CohortJson
    n_known: int
    n_shared_patients: int | None
    n_of_shared_patients: NotRequired[int]
    transfers: list[ExternalFiguresJson]
    seconds: float


class SetSizeJson(TypedDict):
    """Films of a test set: of the positive class, and of all others."""

    positives: int
    negatives: int


class PublishedFigureJson(TypedDict):
    """A figure in print, and what its digits amount to."""

    printed: str
    value: float
    low: float
    high: float


class RepeatedFigureJson(TypedDict):
    """The same figure here, and Fisher's exact test of the two."""

    value: float
    low: float
    high: float
    p: float
    adjusted_p: float


class PaperRowJson(TypedDict):
    """One network in the paper's table and here.

    Attributes:
        ours: Null where nothing of ours may stand.
        withheld: Why.
    """

    name: str
    published: dict[str, PublishedFigureJson]
    ours: dict[str, RepeatedFigureJson] | None
    withheld: Withheld | None


class PaperJson(TypedDict):
    """The paper's table beside ours.

    Attributes:
        implied: The smallest test set that yields every printed row.
    """

    source: str
    implied: SetSizeJson
    rows: list[PaperRowJson]


class ResultsJson(TypedDict):
    """One comparison: every figure; neither paths nor file names.

    Attributes:
        positive: The class that sensitivity speaks of.
        summary: The first screen; null in runs of an older version.
        backbones: The best first.
        comparisons: Every pair.
        tiers: Backbones that the films cannot tell apart, the best tier first.
        pick: Null where there was nothing to choose.
        published: Null where the recipe is not `paper`, or none of its networks ran.
        peak_rss_bytes: Largest resident memory of the run; null where unknown.
    """

    schema: Literal["hilum.results/1"]
    positive: str
    classes: list[str]
    cohort: GroupedCohortJson
    recipe: RecipeJson
    seed: int
    summary: SummaryJson | None
    verdict: VerdictJson
    audit: ShortcutsJson
    backbones: list[BackboneJson]
    comparisons: list[PairJson]
    tiers: list[list[str]]
    ensemble: EnsembleJson | None
    pick: PickJson | None
    subgroups: list[SubgroupsJson]
    by_source: BySourceJson | None
    external: ExternalJson | None
    unavailable: list[UnavailableJson]
    published: PaperJson | None
    peak_rss_bytes: int | None


def describe_comparison(comparison: Comparison) -> ResultsJson:
    """Tell everything that a comparison found."""
    folds, ensemble, pick = comparison.folds, comparison.ensemble, comparison.pick
    by_source, external = comparison.by_source, comparison.external
    redact = redactor(*cohorts_of(comparison))
    return {
        "schema": "hilum.results/1",
        "positive": comparison.positive,
        "classes": list(comparison.cohort.classes),
        "cohort": describe_grouped(comparison.cohort, folds.groups),
        "recipe": {
            **as_document(comparison.recipe, RecipeSettingsJson),
            "validates_on_test": folds.validates_on_test,
        },
        "seed": comparison.seed,
        "summary": describe_summary(summarise(comparison), redact),
        "verdict": redacted(describe_verdict(comparison.verdict), redact),
        "audit": redacted(describe_shortcuts(comparison.audit), redact),
        "backbones": [describe_backbone(result) for result in comparison.backbones],
        "comparisons": [as_document(pair, PairJson) for pair in comparison.comparisons],
        "tiers": [list(tier) for tier in comparison.tiers],
        "ensemble": None if ensemble is None else _describe_ensemble(ensemble),
        "pick": None if pick is None else _describe_pick(pick),
        "subgroups": [_describe_subgroups(groups, redact) for groups in comparison.subgroups],
        "by_source": None
        if by_source is None
        else as_document(redacted_sources(by_source, redact), BySourceJson),
        "external": None if external is None else _describe_external(external),
        "unavailable": [as_document(absent, UnavailableJson) for absent in comparison.unavailable],
        "published": describe_paper(set_beside_paper(comparison)),
        "peak_rss_bytes": comparison.peak_rss_bytes,
    }


def _describe_ensemble(ensemble: Ensemble) -> EnsembleJson:
    return {
        "members": list(ensemble.members),
        **as_document(ensemble.evaluation, EvaluationJson),
        "decisions": describe_decisions(ensemble.decisions),
    }


def _describe_pick(pick: NestedPick) -> PickJson:
    return {
        "times_chosen": dict(pick.times_chosen),
        **as_document(pick.evaluation, EvaluationJson),
        "decisions": describe_decisions(pick.decisions),
    }


def _describe_subgroups(
    comparison: SubgroupComparison, redact: Callable[[str], str]
) -> SubgroupsJson:
    told = as_document(comparison, SubgroupsJson)
    for group in told["subgroups"]:
        group["level"] = redact(group["level"])
    return told


def _describe_external(external: ExternalValidation) -> ExternalJson:
    return {
        "cohort": describe_cohort(external.cohort),
        "n_known": external.n_known,
        "n_shared_patients": external.n_shared_patients,
        "n_of_shared_patients": external.n_of_shared_patients,
        "transfers": [as_document(each, ExternalFiguresJson) for each in external.transfers],
        "seconds": external.seconds,
    }


def describe_paper(table: PaperTable | None) -> PaperJson | None:
    """Tell the paper's table beside ours; shares are fractions."""
    if table is None:
        return None
    return {
        "source": SOURCE,
        "implied": as_document(table.replication.size, SetSizeJson),
        "rows": [
            {
                "name": row.model,
                "published": {
                    metric: {
                        "printed": figure.printed,
                        "value": figure.published.lowest,
                        "low": figure.published.interval.low,
                        "high": figure.published.interval.high,
                    }
                    for metric, figure in row.figures.items()
                },
                "ours": {
                    metric: {
                        "value": figure.repeated.value,
                        "low": figure.repeated.interval.low,
                        "high": figure.repeated.interval.high,
                        "p": figure.repeated.p,
                        "adjusted_p": figure.repeated.adjusted_p,
                    }
                    for metric, figure in row.figures.items()
                    if figure.repeated
                }
                or None,
                "withheld": table.why_withheld(row),
            }
            for row in table.replication.rows
        ],
    }

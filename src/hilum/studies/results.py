"""Results: everything that one `hilum compare` found, ready to be shown.

Another cohort is scored by the heads of this one (`external`); and where films of this cohort come
from several sources, each source is tested by heads that saw none of its films (`by_source`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilum.auditing import AuditReport, Verdict
from hilum.backbones import Backbone, OwnWeights, PackagedWeights, Pooling, Scaling, WeightsSource
from hilum.cohort import Cohort
from hilum.evaluation import (
    Confusion,
    Decisions,
    Estimate,
    Evaluation,
    NestedPick,
    NetBenefit,
    OperatingPoint,
    PairedComparison,
    Recalibration,
    RocCurve,
    SubgroupComparison,
)
from hilum.folds import Folds
from hilum.heads import HeadRecipe, TrainedHeads
from hilum.studies.provenance import Provenance


@dataclass(frozen=True)
class Recipe:
    """A named way to run the whole study.

    Attributes:
        name: `hilum`, `paper` or `pyimagesearch`.
        summary: One sentence for the report.
        rotated_views: Rotated copies per training film beside the upright one.
        head: How heads are built and trained.
        folds: Folds per repeat; 0 for the single 80/20 split.
        repeats: How often the folds are drawn anew.
        input_px: Side of every backbone's input; None for the network's own.
        scaling: What happens to the grey levels; None for the network's own.
        pooling: From the last feature map to the feature vector.
        split_seed: Where the split is drawn from; None for the study's seed.
    """

    name: str
    summary: str
    rotated_views: int
    head: HeadRecipe
    folds: int
    repeats: int
    input_px: int | None = None
    scaling: Scaling | None = None
    pooling: Pooling = "average"
    split_seed: int | None = None


@dataclass(frozen=True)
class WeightsRecord:
    """Which pretrained weights stood behind a backbone.

    Attributes:
        origin: Where they come from, and what they were trained on.
        sha256: Hash of the file that was used.
        licence: SPDX name.
        is_verified: The file is the one that the catalog expects. If not, figures say
            nothing of the network whose name they bear.
    """

    origin: str
    sha256: str
    licence: str
    is_verified: bool = True

    @classmethod
    def of(cls, backbone: Backbone) -> WeightsRecord:
        """Tell what stands behind a backbone that a study runs."""
        source, file = backbone.record.weights, backbone.weights
        return cls(
            origin=_origin(source) if file.is_verified else "unverified file",
            sha256=file.sha256,
            licence=source.licence if file.is_verified else "unknown",
            is_verified=file.is_verified,
        )


@dataclass(frozen=True)
class Seconds:
    """Wall-clock time of the two long stages."""

    extract: float
    train: float


@dataclass(frozen=True)
class BackboneResult:
    """One row of the comparison.

    Attributes:
        name: The backbone's catalog name.
        title: The name as papers write it.
        parameters: Weights of the frozen part, counted one by one.
        size_px: Side of the square input.
        feature_width: Length of the pooled feature vector.
        weights: Where the pretrained weights came from.
        heads: Scores and curves of all splits, in the order of the folds' splits.
        evaluation: The figures.
        seconds: What it cost.
        views_per_second: Film views per second while features were computed; None
            when all of them were already stored.
        decisions: Calibration, operating point and what follows from them; None where no
            validation films were kept apart from the test films.
    """

    name: str
    title: str
    parameters: int
    size_px: int
    feature_width: int
    weights: WeightsRecord
    heads: TrainedHeads
    evaluation: Evaluation
    seconds: Seconds
    views_per_second: float | None
    decisions: Decisions | None = None


@dataclass(frozen=True)
class Ensemble:
    """The average of several backbones' scores, film by film, on the folds of the study.

    Attributes:
        members: Catalog names of the backbones that are averaged, at least two.
        evaluation: The figures.
        decisions: As for one backbone.
    """

    members: tuple[str, ...]
    evaluation: Evaluation
    decisions: Decisions | None


@dataclass(frozen=True)
class Unavailable:
    """A backbone that could not take part.

    Attributes:
        name: The backbone's catalog name.
        why: What kept it out.
        is_refused: A file of its weights is here, and is not what it should be.
    """

    name: str
    why: str
    is_refused: bool = False


@dataclass(frozen=True, repr=False)
class Comparison:
    """A finished study.

    Attributes:
        cohort: The films that were read, and those that were not.
        positive: The class that sensitivity speaks of.
        recipe: How the study was run.
        seed: Where every draw began.
        folds: Who trained, validated and tested.
        backbones: Best first: by accuracy, then AUROC, then fewer parameters.
        comparisons: Every pair of backbones.
        tiers: Names of the backbones in groups that the films cannot tell apart, the best
            group first.
        ensemble: The average of all backbones on verified weights; None if there are fewer
            than two.
        pick: What choosing the best backbone is worth on films that the choice never saw;
            None where there was nothing to choose, or no validation films to choose by.
        subgroups: The pick's figures by sex, age, view and source, where known; those of the
            first backbone where there is no pick.
        by_source: Every source tested by heads trained on the others; None where films are
            not known to come from several.
        external: The heads on another cohort; None if none was given.
        unavailable: Backbones that could not take part.
        audit: What is wrong with the cohort, and whether it carries the claim.
        provenance: Versions, hardware, command line, times.
        peak_rss_bytes: Largest resident memory of the run so far; None where unknown.
    """

    cohort: Cohort
    positive: str
    recipe: Recipe
    seed: int
    folds: Folds
    backbones: tuple[BackboneResult, ...]
    comparisons: tuple[PairedComparison, ...]
    unavailable: tuple[Unavailable, ...]
    audit: AuditReport
    provenance: Provenance
    peak_rss_bytes: int | None
    tiers: tuple[tuple[str, ...], ...] = ()
    ensemble: Ensemble | None = None
    pick: NestedPick | None = None
    subgroups: tuple[SubgroupComparison, ...] = ()
    by_source: SourceValidation | None = None
    external: ExternalValidation | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the cohort carries the claim."""
        return self.audit.verdict

    def __repr__(self) -> str:
        """Write the table that a person wants to see first."""
        rows = [
            f"Comparison of {len(self.backbones)} backbones on {self.cohort.name}: "
            f"{len(self.cohort)} films, positive class {self.positive}, "
            f"verdict {self.verdict.headline} {self.verdict.scope.text}"
        ]
        for result in self.backbones:
            figures = ", ".join(
                f"{name} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
                for name, estimate in result.evaluation.metrics.items()
            )
            rows.append(f"  {result.title}: {figures}")
        return "\n".join(rows)


def _origin(source: WeightsSource) -> str:
    match source:
        case PackagedWeights():
            place = source.package.replace("_", "-")
        case OwnWeights():
            place = "model file given by the user"
        case _:
            place = source.file
    return f"{place}, {source.trained_on}"


@dataclass(frozen=True)
class ExternalFigures:
    """One backbone's figures on external films: another cohort's, or a left-out source's.

    Attributes:
        name: The backbone's catalog name; `ensemble` for the average of all backbones.
        metrics: sensitivity and specificity, each where its side has films; accuracy, auroc
            and average_precision where both sides have.
        drops: For sensitivity, specificity and auroc, the study's figure less the external one,
            with its interval: above 0 where the external one is worse. The others depend on how
            the classes are mixed, so that their difference means no drop.
        confusion: Of the calls by the highest score.
        roc: None where one side has no films.
        operating_point: The threshold that the study fixed, applied to the external films; None
            where none was fixed.
        recalibration: Calibration slope and intercept of the study's calibrated probabilities on
            these films; None where one side has no films, or nothing was calibrated.
        net_benefit: Of the calls of the operating point, for films mixed as these; None likewise.
    """

    name: str
    metrics: Mapping[str, Estimate]
    drops: Mapping[str, Estimate]
    confusion: Confusion
    roc: RocCurve | None
    operating_point: OperatingPoint | None
    recalibration: Recalibration | None = None
    net_benefit: NetBenefit | None = None


@dataclass(frozen=True)
class ExternalValidation:
    """The heads of a study on the films of another cohort.

    Attributes:
        cohort: The other cohort: the films that were scored.
        n_known: Films of it that were left out, as they stand in this cohort as well:
            identical files, or copies.
        n_shared_patients: Patients named alike in both cohorts, None where that cannot be
            told.
        n_of_shared_patients: Their films, which were left out. 0 where nearly all are named alike:
            their names then tell nothing, and their films stay.
        transfers: Figures of each backbone, in the order of the comparison; the key of
            `results.json` has the same name.
        seconds: Wall-clock time.
    """

    cohort: Cohort
    n_known: int
    n_shared_patients: int | None
    transfers: tuple[ExternalFigures, ...]
    seconds: float
    n_of_shared_patients: int = 0

    @property
    def may_share_patients(self) -> bool:
        """Tell whether films stay whose patients are named as those of the study are."""
        return bool(self.n_shared_patients) and not self.n_of_shared_patients


@dataclass(frozen=True)
class SourceTest:
    """One source's films under heads that were trained on all others.

    Attributes:
        source: As the table names it.
        n_films: Its films.
        n_positives: Those of the positive class.
        why_untested: One sentence where it could not be tested, such as that the other
            sources hold no positive film; empty where it was.
        transfers: Figures of each backbone, in that order; empty where untested.
            Their drops are from the figures on the folds of the study, and the thresholds of
            their operating points were fixed on films of the other sources.
    """

    source: str
    n_films: int
    n_positives: int
    why_untested: str
    transfers: tuple[ExternalFigures, ...]


@dataclass(frozen=True)
class SourceValidation:
    """Leave one source out, for every source.

    Attributes:
        tests: One per source, the largest first.
        seconds: Wall-clock time.
    """

    tests: tuple[SourceTest, ...]
    seconds: float

"""The audit as JSON: `audit.json`, the `results.json` of an audit, and its part of a comparison's.

Films are named by their ids alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal, TypedDict

from hilum.auditing import (
    RULES,
    AuditReport,
    Bearing,
    Finding,
    Headline,
    Severity,
    Verdict,
    Weight,
)
from hilum.classifier import CohortVerdict, EstimateJson, Figure
from hilum.cohort import Cohort
from hilum.duplicates import DuplicateKind
from hilum.runs.documents import as_document
from hilum.runs.figures import (
    BackboneJson,
    GroupedCohortJson,
    describe_backbone,
    describe_grouped,
)
from hilum.runs.privacy import redacted, redactor
from hilum.studies import Audit, summarise_audit, weights_of


class GroundJson(TypedDict):
    """What stands behind one reason of the verdict, and what it does to the headline.

    Attributes:
        confirmed: Who looked at the films and what they saw, where a person has answered the
            reason; empty where nobody has.
    """

    cause: str
    weight: Weight
    confirmed: str | None


class ScopeJson(TypedDict):
    """On which films a verdict stands.

    Attributes:
        text: The end of a sentence.
        n_sources: Sources of the study's films; 0 where unknown.
        n_sources_tested: Those that heads without them were tried on.
        external: Names of the other cohorts that were tried.
    """

    text: str
    n_sources: int
    n_sources_tested: int
    external: list[str]


class DrawsJson(TypedDict):
    """Draws of the folds that were judged, and how many would have led to the same headline."""

    n: int
    agree: int


class GivenVerdictJson(TypedDict):
    """Whether the cohort carries the claim.

    Attributes:
        reasons: Sentences.
        grounds: One per reason, in their order.
        scope: On which films it stands.
        edge: Which figure stands nearest to a threshold that would change the headline; empty
            where none is near.
        tried: What was looked at.
        untried: What was not, and why.
    """

    headline: Headline
    reasons: list[str]
    grounds: list[GroundJson]
    scope: ScopeJson | None
    edge: str | None
    tried: list[str] | None
    untried: list[str] | None


class VerdictJson(GivenVerdictJson):
    """Whether the cohort carries the claim.

    Attributes:
        draws: Null in runs of a version that judged one draw alone.
    """

    draws: DrawsJson | None


class SummaryJson(TypedDict):
    """The first screen: what is said of a verdict wherever it is shown.

    Attributes:
        title: The headline with its scope.
        text: What led to it.
        looked: What was tried, what was not, how many draws of the folds agree, and how near an
            edge the headline stands.
        reasons: Those that weigh.
        cautions: What is told beside the verdict and weighs nothing.
        confirmed: What a person has answered.
        quote: The one line to quote; empty where there is none.
        elsewhere: The result on films from elsewhere.
        next_steps: What to do next.
    """

    headline: str
    title: str
    text: str
    looked: list[str]
    reasons: list[str]
    cautions: list[str]
    confirmed: list[str]
    quote: str
    elsewhere: str
    next_steps: list[str]


class MeasuredJson(TypedDict):
    """What one thing that is not the disease predicts alone.

    Attributes:
        share: Of the model's discrimination; its value is null where the model is at chance.
        p_below: Small where the model is better.
        p_chance: Small where the baseline is better than chance.
        caught: Share of the positive films that it tells from 95 % of the others.
        bearing: What it can show of the network.
        details: AUROC of each column by itself.
        sees: What it looks at.
    """

    name: str
    n_films: int
    auroc: EstimateJson
    model_auroc: EstimateJson
    share: EstimateJson
    p_below: Figure
    p_chance: Figure
    caught: EstimateJson | None
    bearing: Bearing | None
    details: dict[str, Figure]
    seconds: float
    title: str
    sees: str
    can_withhold: bool


class BaselineJson(MeasuredJson):
    """What one thing that is not the disease predicts alone.

    Attributes:
        weight: In the verdict; null where it has none.
    """

    weight: Weight | None


class LeakJson(TypedDict):
    """The same study with groups kept together, and with groups split.

    Attributes:
        grouped: AUROC with groups kept together.
        ungrouped: AUROC with each film by itself.
        gain: `ungrouped` less `grouped`.
    """

    backbone: str
    n_films: int
    n_groups: int
    grouped: EstimateJson
    ungrouped: EstimateJson
    gain: EstimateJson


class BoxJson(TypedDict):
    """A part of a film, in fractions of its height and width from the upper left.

    Attributes:
        side: Its height over the film's, and its width over the film's.
    """

    top: float
    left: float
    side: float


class SpotJson(TypedDict):
    """The strongest place of one film.

    Attributes:
        share: Of the film's evidence that lies there.
    """

    film_id: str
    share: float
    box: BoxJson


class PlaceJson(TypedDict):
    """Where the evidence for the positive class stands on its films.

    Attributes:
        share: Of the evidence, what the average film has on the place that holds most over all.
        own_share: What the average film has on its own strongest place.
        box: The place that all films share.
        centre: The middle of the evidence there, down and across, in fractions of the film.
        where: It in words.
        spots: The strongest place of each of the films that are called most surely.
    """

    n_films: int
    share: float
    own_share: float
    box: BoxJson
    centre: list[float]
    where: str
    spots: list[SpotJson]
    seconds: float


class ShortcutsJson(TypedDict):
    """What predicts without the disease, what a leak is worth, and how many copies there are.

    Attributes:
        model: The backbone that the baselines were measured against.
        place: Where the evidence stands; null where that was not measured.
        duplicates: Pairs of films that are one film, by kind.
        seconds: By part of the audit.
    """

    model: str
    baselines: list[BaselineJson]
    leak: LeakJson | None
    place: PlaceJson | None
    twins: dict[str, int]
    seconds: dict[str, float]


class DuplicateJson(TypedDict):
    """Two films that are one.

    Attributes:
        films: Their ids.
    """

    films: list[str]
    kind: DuplicateKind
    rotation_degrees: float
    correlation: float


class MutedJson(TypedDict, total=False):
    """What stands with a muted finding alone: its reader wants no alarm of it."""

    muted: bool


class FindingJson(MutedJson):
    """What one check of the cohort says.

    Attributes:
        evidence: Figures and film ids.
    """

    check: str
    severity: Severity
    title: str
    evidence: dict[str, Any]
    what_to_do: str


class AuditJson(TypedDict):
    """Everything that an audit found: `audit.json`.

    Attributes:
        rules: Every threshold of the verdict, by its name.
        patients_from: How the patients are known.
        checks: Every finding, the gravest first.
    """

    verdict: VerdictJson
    rules: dict[str, float]
    shortcuts: ShortcutsJson
    twins: list[DuplicateJson]
    patients_from: list[str]
    checks: list[FindingJson]


class AuditResultsJson(AuditJson):
    """The `results.json` of an audit by itself.

    Attributes:
        summary: The first screen; null in runs of an older version.
        model: Null where the films are too few to train on.
    """

    schema: Literal["hilum.audit/1"]
    summary: SummaryJson | None
    positive: str
    classes: list[str]
    cohort: GroupedCohortJson
    model: BackboneJson | None
    peak_rss_bytes: int | None


def describe_verdict(verdict: Verdict) -> VerdictJson:
    """Tell a verdict with all that stands behind it; reasons may name files and people."""
    return {
        **as_document(verdict, GivenVerdictJson),
        "draws": {"n": verdict.n_draws, "agree": verdict.n_agree},
    }


def describe_summary(summary: CohortVerdict, redact: Callable[[str], str]) -> SummaryJson:
    """Tell the first screen, without what names a person, a file or a place."""
    return redacted(as_document(summary, SummaryJson), redact)


def describe_shortcuts(report: AuditReport) -> ShortcutsJson:
    """Tell what predicts without the disease, what a leak is worth, and how many copies."""
    weights = weights_of(report)
    return {
        "model": report.model,
        "baselines": [
            {**as_document(baseline, MeasuredJson), "weight": weights.get(baseline.name)}
            for baseline in report.baselines
        ],
        "leak": None if report.leak is None else as_document(report.leak, LeakJson),
        "place": None if report.place is None else as_document(report.place, PlaceJson),
        "twins": dict(Counter(duplicate.kind for duplicate in report.relations.duplicates)),
        "seconds": dict(report.seconds),
    }


def describe_audit(report: AuditReport, cohort: Cohort) -> AuditJson:
    """Tell everything that the audit found, every check and every pair of copies.

    Reasons and findings may name files and people; `redacted` hides them.
    """
    films = cohort.films
    return {
        "verdict": describe_verdict(report.verdict),
        "rules": asdict(RULES),
        "shortcuts": describe_shortcuts(report),
        "twins": [
            {
                "films": [films[duplicate.first].film_id, films[duplicate.second].film_id],
                "kind": duplicate.kind,
                "rotation_degrees": duplicate.rotation_degrees,
                "correlation": duplicate.correlation,
            }
            for duplicate in report.relations.duplicates
        ],
        "patients_from": list(cohort.patients_from),
        "checks": [
            {**as_document(finding, FindingJson), **_muted(finding)} for finding in report.findings
        ],
    }


def _muted(finding: Finding) -> MutedJson:
    return {"muted": True} if finding.is_muted else {}


def describe_audit_run(audit: Audit) -> AuditResultsJson:
    """Tell the whole of an audit by itself."""
    cohort = audit.cohort
    return {
        "schema": "hilum.audit/1",
        "summary": describe_summary(summarise_audit(audit), redactor(cohort)),
        "positive": audit.positive,
        "classes": list(cohort.classes),
        "cohort": describe_grouped(cohort, audit.groups),
        "model": None if audit.model is None else describe_backbone(audit.model),
        **redacted(describe_audit(audit.report, cohort), redactor(cohort)),
        "peak_rss_bytes": audit.peak_rss_bytes,
    }

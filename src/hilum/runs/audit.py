"""The audit as JSON: `audit.json`, the `results.json` of an audit, and its part of a comparison's.

Films are named by their ids alone.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, TypedDict

from hilum.auditing import RULES, AuditReport, Finding, Headline, Severity, Weight
from hilum.classifier import EstimateJson, Figure
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
from hilum.studies import Audit


class GroundJson(TypedDict):
    """What stands behind one reason of the verdict, and what it does to the headline."""

    cause: str
    weight: Weight


class VerdictJson(TypedDict):
    """Whether the cohort carries the claim.

    Attributes:
        reasons: Sentences.
        grounds: One per reason, in their order.
    """

    headline: Headline
    reasons: list[str]
    grounds: list[GroundJson]


class MeasuredJson(TypedDict):
    """What one thing that is not the disease predicts alone.

    Attributes:
        share: Of the model's discrimination; its value is null where the model is at chance.
        p_below: Small where the model is better.
        p_chance: Small where the baseline is better than chance.
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


class ShortcutsJson(TypedDict):
    """What predicts without the disease, what a leak is worth, and how many copies there are.

    Attributes:
        model: The backbone that the baselines were measured against.
        duplicates: Pairs of films that are one film, by kind.
        seconds: By part of the audit.
    """

    model: str
    baselines: list[BaselineJson]
    leak: LeakJson | None
    twins: dict[str, int]
    seconds: dict[str, float]


class RulesJson(TypedDict):
    """Every threshold of the verdict."""

    withholding_share: float
    limiting_share: float
    chance_margin: float
    significance: float
    least_bound: float
    contradicted_share: float


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
        patients_from: How the patients are known.
        checks: Every finding, the gravest first.
    """

    verdict: VerdictJson
    rules: RulesJson
    shortcuts: ShortcutsJson
    twins: list[DuplicateJson]
    patients_from: list[str]
    checks: list[FindingJson]


class AuditResultsJson(AuditJson):
    """The `results.json` of an audit by itself.

    Attributes:
        model: Null where the films are too few to train on.
    """

    schema: Literal["hilum.audit/1"]
    positive: str
    classes: list[str]
    cohort: GroupedCohortJson
    model: BackboneJson | None
    peak_rss_bytes: int | None


def describe_shortcuts(report: AuditReport) -> ShortcutsJson:
    """Tell what predicts without the disease, what a leak is worth, and how many copies."""
    weights = {reason.cause: reason.weight for reason in report.verdict.grounds}
    return {
        "model": report.model,
        "baselines": [
            {**as_document(baseline, MeasuredJson), "weight": weights.get(baseline.name)}
            for baseline in report.baselines
        ],
        "leak": None if report.leak is None else as_document(report.leak, LeakJson),
        "twins": dict(Counter(duplicate.kind for duplicate in report.relations.duplicates)),
        "seconds": dict(report.seconds),
    }


def describe_audit(report: AuditReport, cohort: Cohort) -> AuditJson:
    """Tell everything that the audit found, every check and every pair of copies.

    Reasons and findings may name files and people; `redacted` hides them.
    """
    films = cohort.films
    return {
        "verdict": as_document(report.verdict, VerdictJson),
        "rules": as_document(RULES, RulesJson),
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
        "positive": audit.positive,
        "classes": list(cohort.classes),
        "cohort": describe_grouped(cohort, audit.groups),
        "model": None if audit.model is None else describe_backbone(audit.model),
        **redacted(describe_audit(audit.report, cohort), redactor(cohort)),
        "peak_rss_bytes": audit.peak_rss_bytes,
    }

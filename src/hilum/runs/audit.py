"""The audit as JSON: `audit.json`, the `results.json` of an audit, and its part of a comparison's.

Films are named by their ids alone.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, TypedDict

import numpy as np

from hilum.auditing import RULES, SIGHTS, AuditReport, Finding, Headline, Severity, Verdict, Weight
from hilum.classifier import EstimateJson, Figure
from hilum.cohort import Cohort
from hilum.duplicates import DuplicateKind
from hilum.runs.figures import (
    BackboneJson,
    GroupedCohortJson,
    describe_backbone,
    describe_cohort,
    describe_estimate,
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


class BaselineJson(TypedDict):
    """What one thing that is not the disease predicts alone.

    Attributes:
        share: Of the model's discrimination; its value is null where the model is at chance.
        p_below: Small where the model is better.
        p_chance: Small where the baseline is better than chance.
        details: AUROC of each column by itself.
        sees: What it looks at.
        weight: In the verdict; null where it has none.
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
    weight: Weight | None


class LeakJson(TypedDict):
    """The same study with groups kept together, and with groups torn apart.

    Attributes:
        grouped: AUROC with groups kept together.
        ungrouped: AUROC with films dealt out one by one.
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


def describe_verdict(verdict: Verdict) -> VerdictJson:
    """Tell the verdict: headline, reasons in words, and what stands behind each."""
    return {
        "headline": verdict.headline,
        "reasons": list(verdict.reasons),
        "grounds": [{"cause": reason.cause, "weight": reason.weight} for reason in verdict.grounds],
    }


def describe_shortcuts(report: AuditReport) -> ShortcutsJson:
    """Tell what predicts without the disease, what a leak is worth, and how many copies."""
    weights = {reason.cause: reason.weight for reason in report.verdict.grounds}
    leak = report.leak
    return {
        "model": report.model,
        "baselines": [
            {
                "name": baseline.name,
                "n_films": baseline.n_films,
                "auroc": describe_estimate(baseline.auroc),
                "model_auroc": describe_estimate(baseline.model_auroc),
                "share": describe_estimate(baseline.share),
                "p_below": baseline.p_below,
                "p_chance": baseline.p_chance,
                "details": dict(baseline.details),
                "seconds": baseline.seconds,
                "title": baseline.title,
                "sees": SIGHTS[baseline.name],
                "can_withhold": baseline.can_withhold,
                "weight": weights.get(baseline.name),
            }
            for baseline in report.baselines
        ],
        "leak": None
        if leak is None
        else {
            "backbone": leak.backbone,
            "n_films": leak.n_films,
            "n_groups": leak.n_groups,
            "grouped": describe_estimate(leak.grouped),
            "ungrouped": describe_estimate(leak.ungrouped),
            "gain": describe_estimate(leak.gain),
        },
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
        "rules": {
            "withholding_share": RULES.withholding_share,
            "limiting_share": RULES.limiting_share,
            "chance_margin": RULES.chance_margin,
            "significance": RULES.significance,
            "least_bound": RULES.least_bound,
            "contradicted_share": RULES.contradicted_share,
        },
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
        "checks": [_describe_finding(finding) for finding in report.findings],
    }


def _describe_finding(finding: Finding) -> FindingJson:
    told: FindingJson = {
        "check": finding.check,
        "severity": finding.severity,
        "title": finding.title,
        "evidence": dict(finding.evidence),
        "what_to_do": finding.what_to_do,
    }
    return {**told, "muted": True} if finding.is_muted else told


def describe_audit_run(audit: Audit) -> AuditResultsJson:
    """Tell the whole of an audit by itself."""
    cohort = audit.cohort
    groups = int(np.unique(audit.groups).size)
    return {
        "schema": "hilum.audit/1",
        "positive": audit.positive,
        "classes": list(cohort.classes),
        "cohort": {**describe_cohort(cohort), "groups": groups},
        "model": None if audit.model is None else describe_backbone(audit.model),
        **redacted(describe_audit(audit.report, cohort), redactor(cohort)),
        "peak_rss_bytes": audit.peak_rss_bytes,
    }

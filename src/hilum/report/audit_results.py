"""The audit as plain data, for `audit.json` and `results.json`; no paths, names or people."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from hilum.auditing.baselines import SIGHTS
from hilum.auditing.findings import Finding
from hilum.auditing.report import AuditReport
from hilum.auditing.verdict import RULES, Verdict
from hilum.cohort.manifest import Cohort


def verdict_results(verdict: Verdict) -> dict[str, Any]:
    """Gather the verdict: headline, reasons in words, and what stands behind each."""
    return {
        "headline": verdict.headline,
        "reasons": list(verdict.reasons),
        "grounds": [{"cause": reason.cause, "weight": reason.weight} for reason in verdict.grounds],
    }


def shortcut_results(report: AuditReport) -> dict[str, Any]:
    """Gather what predicts without the disease, what a leak is worth, and how many copies."""
    weights = {reason.cause: reason.weight for reason in report.verdict.grounds}
    return {
        "model": report.model,
        "baselines": [
            asdict(baseline)
            | {
                "title": baseline.title,
                "sees": SIGHTS[baseline.name],
                "can_withhold": baseline.can_withhold,
                "weight": weights.get(baseline.name),
            }
            for baseline in report.baselines
        ],
        "leak": None if report.leak is None else asdict(report.leak),
        "twins": dict(Counter(twin.kind for twin in report.kinship.twins)),
        "seconds": dict(report.seconds),
    }


def audit_results(report: AuditReport, cohort: Cohort) -> dict[str, Any]:
    """Gather everything that the audit found, every check and every pair of copies."""
    films = cohort.films
    return {
        "verdict": verdict_results(report.verdict),
        "rules": asdict(RULES),
        "shortcuts": shortcut_results(report),
        "twins": [
            {
                "films": [films[twin.first].film_id, films[twin.second].film_id],
                "kind": twin.kind,
                "rotation_degrees": twin.rotation_degrees,
                "correlation": twin.correlation,
            }
            for twin in report.kinship.twins
        ],
        "patients_from": list(cohort.patients_from),
        "checks": [_finding_results(finding) for finding in report.findings],
    }


def _finding_results(finding: Finding) -> dict[str, Any]:
    """Gather a finding; `muted` stands there where it holds, as findings seldom are."""
    told = asdict(finding)
    return told | {"muted": True} if told.pop("is_muted") else told

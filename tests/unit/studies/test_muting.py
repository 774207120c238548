"""Muting is about alarms: findings stay, and the verdict is given on the evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from small_study import draw_cohort, open_quiet_context, study

from hilum.auditing.register import CHECKS
from hilum.auditing.report import AuditReport
from hilum.studies.auditing import examine_cohort, judge_study
from hilum.studies.options import ComparisonOptions, ShortcutPlan
from hilum.studies.shortcuts import ReferenceBackbone


def test_muting_every_check_hides_nothing_and_leaves_the_verdict(tmp_path: Path) -> None:
    cohort = draw_cohort(tmp_path / "films", 24, "duplicates=2", "relabelled=2", seed=1)
    small = study(cohort, open_quiet_context(tmp_path))
    reference = ReferenceBackbone(small.backbones[0], small.results[0].heads)

    def audit(*muted: str) -> AuditReport:
        plan = replace(
            small.design.plan,
            options=ComparisonOptions(muted=muted),
            shortcuts=ShortcutPlan(has_baselines=False, has_probes=False),
        )
        design = replace(small.design, plan=plan)
        examination = examine_cohort(design, reference, small.context)
        return judge_study(design, reference, small.results, examination)

    loud, quiet = audit(), audit(*(check.code for check in CHECKS))
    assert {finding.severity for finding in loud.findings} > {"note"}
    assert all(finding.is_muted for finding in quiet.findings)
    assert tuple(replace(finding, is_muted=False) for finding in quiet.findings) == loud.findings
    assert quiet.verdict == loud.verdict
    assert quiet.verdict.headline != "supported"
    assert quiet.needs_attention == (quiet.verdict.headline == "withheld")

"""`hilum audit`: can this cohort carry a claim?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.data import CohortOptions, Data, read_cohorts
from hilum.cli.options import RunOutput, out_option, paths_hidden, with_flags
from hilum.cli.study import Finished, run_study
from hilum.studies import AuditOptions

if TYPE_CHECKING:
    from hilum.studies import StudyContext


@dataclass(frozen=True, kw_only=True)
class AuditOutput(RunOutput):
    """How an audit is told, and where its folder goes."""

    out: Path | None = out_option("Folder for the page and the data (default: none).")


@with_flags()
def audit_command(
    data: Data, films: CohortOptions, options: AuditOptions, output: AuditOutput
) -> None:
    """Find out whether your films can carry the claim, before anybody believes a figure.

    Looks for copies, torn patients and faulty films, and measures what predicts the
    label without the disease: how files are made, where they come from, the frame of
    the film. Then gives a verdict: supported, limited or withheld.

    Examples:

      hilum audit films

      hilum audit films --positive COVID-19 --out runs/audit

    Exit code: 0 done; 1 done, and the claim is withheld, some check failed, or some
    file could not be read; 2 nothing was written.
    """
    from hilum.report import save_audit, tell_audit
    from hilum.runs import claim_run_folder, describe_audit_run, to_json
    from hilum.studies import audit_with

    cohort, _ = read_cohorts(data, None, films)
    folder = output.out

    def study(context: StudyContext) -> Finished:
        audit = audit_with(cohort, options, context)
        if folder is not None:
            audit = save_audit(audit, folder, cache_dir=context.cache_dir)
        return Finished(
            json=lambda: to_json(describe_audit_run(audit)),
            tell=lambda: tell_audit(audit),
            place=None if folder is None else f"Report: {folder / 'report.html'}",
            cohorts=[audit.cohort],
            needs_attention=audit.report.needs_attention,
        )

    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(run_study(study, options, output, folder, claim_run_folder, private=private))

"""`hilum audit`: can this cohort carry a claim?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from hilum.cli.data import CohortOptions, Data, read_cohorts
from hilum.cli.options import RunOutput, out_option, paths_hidden, with_flags
from hilum.studies.options import AuditOptions


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
    from hilum.cli.running_audit import run_audit

    cohort, _ = read_cohorts(data, None, films)
    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(run_audit(cohort, options, output, private=private))

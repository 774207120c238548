"""`hilum audit`: can this cohort carry a claim?"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.data import CohortOptions, Data, read_cohorts
from hilum.cli.options import RunOutput, out_option, paths_hidden, with_flags
from hilum.cli.study import check_outside, command_line
from hilum.studies import AuditOptions

if TYPE_CHECKING:
    from hilum.cohort import Cohort


def run_audit(
    cohort: Cohort,
    options: AuditOptions,
    output: RunOutput,
    *,
    private: Mapping[Path | None, str],
) -> int:
    """Audit a cohort, write its folder if one was asked for, and print the result.

    Args:
        cohort: What to audit.
        options: What else the user asked for.
        output: Where the folder goes, and how the result is told.
        private: Places of films named on the command line, and what to keep in their stead.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.report import save_audit, tell_audit, tell_excluded
    from hilum.runs import claim_run_folder, describe_audit_run, to_json
    from hilum.studies import audit_with
    from hilum.studies import open_context as open_context

    folder = output.out
    if folder is not None:
        check_outside(folder, private)
    told = command_line({**paths_hidden(output, options), **private})
    claim = nullcontext() if folder is None else claim_run_folder(folder)
    with watching(is_quiet=output.is_quiet) as watcher, claim:
        context = open_context(options, watcher=watcher, command_line=told)
        finished = audit_with(cohort, options, context)
        if folder is not None:
            finished = save_audit(finished, folder, cache_dir=context.cache_dir)
    tell_excluded(finished.cohort)
    if output.is_json:
        typer.echo(to_json(describe_audit_run(finished)), nl=False)
    elif not output.is_quiet:
        tell_audit(finished)
    if folder is not None and not output.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=output.is_json)
    return 1 if finished.cohort.excluded or finished.report.needs_attention else 0


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
    cohort, _ = read_cohorts(data, None, films)
    private = {data: "DATA"} | paths_hidden(films)
    raise typer.Exit(run_audit(cohort, options, output, private=private))

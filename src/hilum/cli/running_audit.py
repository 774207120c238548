"""What `hilum audit` does once it knows the films: audit them, write, tell."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hilum.cli.options import RunOutput, paths_hidden
from hilum.cli.running import check_outside, command_line
from hilum.cli.telling import tell_excluded
from hilum.cli.telling_audit import tell_audit
from hilum.studies.options import AuditOptions

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort


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
    from hilum.report.audit_folder import save_audit
    from hilum.runs.audit import describe_audit_run
    from hilum.runs.place import claim_run_folder
    from hilum.runs.schema import to_json
    from hilum.studies.audits import audit_with
    from hilum.studies.extracting import open_workshop

    folder = output.out
    if folder is not None:
        check_outside(folder, private)
    told = command_line({**paths_hidden(output, options), **private})
    claim = nullcontext() if folder is None else claim_run_folder(folder)
    with watching(is_quiet=output.is_quiet) as watcher, claim:
        workshop = open_workshop(options, watcher=watcher, command_line=told)
        finished = audit_with(cohort, options, workshop)
        if folder is not None:
            finished = save_audit(finished, folder, cache_dir=workshop.cache_dir)
    tell_excluded(finished.cohort)
    if output.is_json:
        typer.echo(to_json(describe_audit_run(finished)), nl=False)
    elif not output.is_quiet:
        tell_audit(finished)
    if folder is not None and not output.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=output.is_json)
    return 1 if finished.cohort.excluded or finished.report.needs_attention else 0

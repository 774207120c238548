"""What `hilum audit` does once it knows the films: audit them, write, tell."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import typer

from hilum.cli.running import Wishes, check_outside
from hilum.cli.telling import tell_excluded
from hilum.cli.telling_audit import tell_audit

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort


def run_audit(cohort: Cohort, wishes: Wishes) -> int:
    """Audit a cohort, write its folder if one was asked for, and print the result.

    Args:
        cohort: What to audit.
        wishes: What else the user asked for.

    Returns:
        The exit code: 0 done, 1 done with findings that need attention.
    """
    from hilum.cli.progress import watching
    from hilum.report.audit_folder import save_audit
    from hilum.runs.audit import describe_audit_run
    from hilum.runs.place import claim_run_folder
    from hilum.runs.schema import to_json
    from hilum.studies.audits import audit

    folder = wishes.out
    if folder is not None:
        check_outside(folder, wishes.private)
    claim = nullcontext() if folder is None else claim_run_folder(folder)
    with watching(is_quiet=wishes.is_quiet) as watcher, claim:
        wanted = wishes.of_audit(watcher)
        wanted.pop("backbones")
        finished = audit(cohort, backbone=wishes.backbones, **wanted)
        if folder is not None:
            finished = save_audit(finished, folder, cache_dir=wishes.cache_dir)
    tell_excluded(finished.cohort)
    if wishes.is_json:
        typer.echo(to_json(describe_audit_run(finished)), nl=False)
    elif not wishes.is_quiet:
        tell_audit(finished)
    if folder is not None and not wishes.is_quiet:
        typer.echo(f"Report: {folder / 'report.html'}", err=wishes.is_json)
    return 1 if finished.cohort.excluded or finished.report.needs_attention else 0

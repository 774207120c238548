"""The folder of an audit: its page, its data, and the films that could not be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.audit_page import audited_films, draw_audit_figures, render_audit
from hilum.report.thumbnails import load_thumbnails
from hilum.runs.audit import describe_audit, describe_audit_run
from hilum.runs.place import check_run_folder, write_run
from hilum.runs.privacy import redacted, redactor
from hilum.runs.schema import to_json
from hilum.runs.tables import excluded_table
from hilum.studies.audits import Audit


def save_audit(audit: Audit, folder: str | Path, *, cache_dir: str | Path | None = None) -> Audit:
    """Write a finished audit to a folder.

    Args:
        audit: What `audit` returned.
        folder: Created whole; an earlier run of that name is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The audit as written, its peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    redact = redactor(audit.cohort)
    figures = draw_audit_figures(audit)
    page = render_audit(audit, figures, load_thumbnails(audited_films(audit), cache))
    audit = replace(audit, peak_rss_bytes=peak_rss_bytes())
    files = {
        "report.html": page,
        "results.json": to_json(describe_audit_run(audit)),
        "audit.json": to_json(redacted(describe_audit(audit.report, audit.cohort), redact)),
        "provenance.json": to_json(redacted(audit.provenance, redact)),
        **{f"figures/{stem}.svg": svg for stem, svg in figures.items()},
    }
    if audit.cohort.excluded:
        files["excluded.csv"] = excluded_table(audit.cohort)
    write_run(folder, files)
    return audit

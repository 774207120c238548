"""A finished naming on disk: its run folder.

Films are named by path in `imagenet.csv` and `excluded.csv` alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.naming_page import LESSON, films_named, render_naming
from hilum.report.thumbnails import load_thumbnails
from hilum.runs.naming import describe_naming
from hilum.runs.place import check_run_folder, write_run
from hilum.runs.privacy import redacted, redactor
from hilum.runs.schema import to_json
from hilum.runs.tables import excluded_table, imagenet_table
from hilum.studies.naming import Naming


def save_naming(
    naming: Naming, folder: str | Path, *, cache_dir: str | Path | None = None
) -> Naming:
    """Write a finished naming as a run folder.

    Args:
        naming: What `name_films` returned.
        folder: Created whole; an earlier run of that name is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The naming as written, its peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    folder = Path(folder)
    check_run_folder(folder)
    cache = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    report = render_naming(naming, load_thumbnails(films_named(naming), cache))
    naming = replace(naming, peak_rss_bytes=peak_rss_bytes())
    files = {
        "report.html": report,
        "results.json": to_json(describe_naming(naming, LESSON)),
        "imagenet.csv": imagenet_table(naming),
        "provenance.json": to_json(redacted(naming.provenance, redactor(naming.cohort))),
    }
    if naming.cohort.excluded:
        files["excluded.csv"] = excluded_table(naming.cohort)
    write_run(folder, files)
    return naming

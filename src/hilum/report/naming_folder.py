"""A finished naming on disk: its run folder, and its machine-readable result.

Films are named by path in `imagenet.csv` and `excluded.csv` alone.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hilum.backbones.imagenet import imagenet_classes
from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.naming_page import LESSON, films_named, render_naming
from hilum.report.placing import NAMING_SCHEMA, check_run_folder, write_run
from hilum.report.privacy import redacted, redactor
from hilum.report.run_folder import cohort_results, to_json
from hilum.report.tables import excluded_table, imagenet_table
from hilum.report.thumbnails import load_thumbnails
from hilum.studies.naming import BackboneNames, Likeness, Naming


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
        "results.json": to_json(naming_results(naming)),
        "imagenet.csv": imagenet_table(naming),
        "provenance.json": to_json(redacted(naming.provenance, redactor(naming.cohort))),
    }
    if naming.cohort.excluded:
        files["excluded.csv"] = excluded_table(naming.cohort)
    write_run(folder, files)
    return naming


def naming_results(naming: Naming) -> dict[str, Any]:
    """Gather the machine-readable result; it holds neither paths nor file names."""
    return {
        "schema": NAMING_SCHEMA,
        "classes": list(naming.cohort.classes),
        "cohort": cohort_results(naming.cohort),
        "lesson": list(LESSON),
        "backbones": [_backbone(naming, backbone) for backbone in naming.backbones],
        "unavailable": [asdict(absent) for absent in naming.unavailable],
        "peak_rss_bytes": naming.peak_rss_bytes,
    }


def _backbone(naming: Naming, backbone: BackboneNames) -> dict[str, Any]:
    things = imagenet_classes()
    return {
        "name": backbone.name,
        "title": backbone.title,
        "size_px": backbone.size_px,
        "weights": asdict(backbone.weights),
        "per_class": [
            {
                "label": names.label,
                "n_films": names.n_films,
                "top": [_likeness(likeness) for likeness in names.top],
                "commonest": _likeness(names.commonest),
            }
            for names in backbone.per_class
        ],
        "films": [
            {
                "film_id": film.film_id,
                "top": [
                    {"class": things[thing], "probability": probability}
                    for thing, probability in zip(numbers, probabilities, strict=True)
                ],
            }
            for film, numbers, probabilities in zip(
                naming.cohort.films, backbone.things, backbone.probabilities, strict=True
            )
        ],
    }


def _likeness(likeness: Likeness) -> dict[str, Any]:
    return {
        "class": likeness.thing,
        "index": likeness.index,
        "probability": likeness.probability,
        "share_first": likeness.share_first,
    }

"""The page of an audit: can this cohort carry a claim? And its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hilum.cohort import Film
from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.figures import draw_all, figures_of_audit
from hilum.report.films import SPOT_SIDE_PX, choose_examples, load_thumbnails
from hilum.report.pages import day_of, list_entries, render_page
from hilum.report.sections import method as method_wording
from hilum.report.sections.cohort import view_cohort, view_findings
from hilum.report.sections.duplicates import films_of_pairs, view_duplicates
from hilum.report.sections.shortcuts import spots_shown, view_shortcuts
from hilum.report.sections.verdict import view_verdict
from hilum.runs import (
    check_run_folder,
    describe_audit,
    describe_audit_run,
    excluded_table,
    redacted,
    redactor,
    to_json,
    write_run,
)
from hilum.studies import RECIPES, Audit, BackboneResult, summarise_audit
from hilum.wording import bytes_text, joined, metric_text, metric_title, seconds_text

_RECIPE = "hilum"
_SHORTEST_TOLD_SECONDS = 0.05


def audited_films(audit: Audit) -> tuple[Film, ...]:
    """Name the films whose thumbnails the page of an audit wants, each once.

    Args:
        audit: What `audit` returned.

    Returns:
        Six examples per class, then a few pairs of films that are one.
    """
    cohort = audit.cohort
    examples = [film for label in cohort.classes for film in choose_examples(cohort, label)]
    pairs = films_of_pairs(audit.report, cohort)
    return tuple({film.film_id: film for film in (*examples, *pairs)}.values())


def draw_audit_figures(audit: Audit) -> dict[str, str]:
    """Draw what the page of an audit shows.

    Args:
        audit: What `audit` returned.

    Returns:
        File stem to SVG document: `shortcuts`, where any were tried.
    """
    return {} if audit.model is None else draw_all(figures_of_audit(audit.report, audit.model))


def render_audit(audit: Audit, figures: Mapping[str, str], thumbnails: Mapping[str, bytes]) -> str:
    """Write the page of an audit.

    Args:
        audit: What `audit` returned.
        figures: What `draw_audit_figures` returned; a picture that is missing is left out.
        thumbnails: JPEG bytes by film id, for the films of `audited_films`; a film
            without one is shown by its id alone.

    Returns:
        A whole HTML page. The same arguments always give the same text.
    """
    cohort, positive, report = audit.cohort, audit.positive, audit.report
    redact = redactor(cohort)
    return render_page(
        "audit",
        cohort=cohort,
        date=day_of(audit.provenance),
        unverified=audit.model is not None and not audit.model.weights.is_verified,
        verdict=view_verdict(report.verdict, summarise_audit(audit), redact),
        shortcuts=view_shortcuts(
            report,
            cohort=cohort,
            positive=positive,
            model=audit.model,
            figures=figures,
            thumbnails=thumbnails,
            redact=redact,
        ),
        relations=view_duplicates(
            report,
            cohort=cohort,
            groups=audit.groups,
            model_title=audit.model.title if audit.model is not None else "",
            thumbnails=thumbnails,
            redact=redact,
            n_straddling=None if audit.model is None else 0,
        ),
        cohort_view=view_cohort(cohort, positive, thumbnails),
        findings=view_findings(report.findings, redact),
        method=_method(audit),
        provenance=list_entries(audit.provenance, redact),
        peak_memory=bytes_text(audit.peak_rss_bytes),
    )


def _method(audit: Audit) -> dict[str, Any] | None:
    """Say how the shortcuts were measured; None where nothing was."""
    model, recipe = audit.model, RECIPES[_RECIPE]
    if model is None:
        return None
    evaluation = model.evaluation
    redact = redactor(audit.cohort)
    return {
        "model": model.title,
        "figures": [
            (metric_title(name), metric_text(name, evaluation.metrics[name]))
            for name in ("auroc", "sensitivity", "specificity")
            if name in evaluation.metrics
        ],
        "folds": method_wording.folds_text(recipe),
        "views": method_wording.views_text(recipe),
        "head": method_wording.head_text(recipe.head),
        "intervals": _intervals(audit, model),
        "origin": redact(model.weights.origin),
        "licence": redact(model.weights.licence),
        "sha256": model.weights.sha256,
        "is_verified": model.weights.is_verified,
        "seconds": [
            (part.replace("_", " ").capitalize(), seconds_text(seconds))
            for part, seconds in audit.report.seconds.items()
            if seconds >= _SHORTEST_TOLD_SECONDS
        ],
    }


def _intervals(audit: Audit, model: BackboneResult) -> list[tuple[str, str]]:
    """Gather how the intervals of the AUROCs came about: the method, and whose."""
    by_method = {model.evaluation.metrics["auroc"].method: [model.title]}
    for baseline in audit.report.baselines:
        by_method.setdefault(baseline.auroc.method, []).append(baseline.title.lower())
    return [(method, joined(names)) for method, names in by_method.items()]


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
    spots = spots_shown(audit.report, audit.cohort)
    thumbnails = load_thumbnails(audited_films(audit), cache) | load_thumbnails(
        spots, cache, SPOT_SIDE_PX
    )
    page = render_audit(audit, figures, thumbnails)
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

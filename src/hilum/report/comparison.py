"""The report of a comparison: one file that opens anywhere; and its whole run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hilum.cohort import Film
from hilum.machine import default_cache_dir, peak_rss_bytes
from hilum.report.drawing import Picture, inline_figure
from hilum.report.figures import draw_all, figures_of
from hilum.report.films import (
    MISJUDGED_AT_MOST,
    SPOT_SIDE_PX,
    choose_examples,
    count_misjudged,
    data_uri,
    find_misjudged,
    load_thumbnails,
)
from hilum.report.pages import day_of, list_entries, render_page
from hilum.report.section import ReportParts, view_sections
from hilum.report.sections import method as method_wording, standings as interval_wording
from hilum.report.sections.duplicates import films_of_pairs
from hilum.report.sections.shortcuts import spots_shown
from hilum.report.sections.standings import (
    SAME_FILMS_NOTE,
    find_leader,
    make_matrix,
)
from hilum.report.sections.training import curves_text
from hilum.report.sections.verdict import (
    bare_title,
    unverified_text,
)
from hilum.runs import (
    check_run_folder,
    cohorts_of,
    describe_audit,
    describe_comparison,
    excluded_table,
    folds_table,
    history_table,
    predictions_table,
    redacted,
    redactor,
    to_json,
    write_run,
)
from hilum.studies import BackboneResult, Comparison
from hilum.wording import bytes_text, films_text, joined, metric_text, metric_title

_OPEN_ARTICLES_AT_MOST = 6
_ABSENT_EXPLAINED_AT_MOST = 3


def films_shown(comparison: Comparison) -> tuple[Film, ...]:
    """Name the films whose thumbnails the report wants, each once.

    Args:
        comparison: A finished study with at least one backbone.

    Returns:
        Six examples per class, a few pairs of films that are one, then the misjudged
        films, the surest error first.
    """
    examples = [
        film
        for label in comparison.cohort.classes
        for film in choose_examples(comparison.cohort, label)
    ]
    pairs = films_of_pairs(comparison.audit, comparison.cohort)
    misjudged = [error.film for error in find_misjudged(comparison)[:MISJUDGED_AT_MOST]]
    return tuple({film.film_id: film for film in (*examples, *pairs, *misjudged)}.values())


def render_report(
    comparison: Comparison, figures: Mapping[str, str], thumbnails: Mapping[str, bytes]
) -> str:
    """Write the report of a comparison.

    Args:
        comparison: A finished study with at least one backbone.
        figures: SVG documents by file stem; a picture that is missing is left out.
        thumbnails: JPEG bytes by film id, for the films of `films_shown`; a film
            without one is shown by its id alone.

    Returns:
        A whole HTML page. The same arguments always give the same text.
    """
    redact = redactor(*cohorts_of(comparison))
    best = comparison.backbones[0]
    return render_page(
        "report",
        **view_sections(ReportParts(comparison, figures, thumbnails, redact)),
        same_films=SAME_FILMS_NOTE,
        curves=curves_text(comparison),
        bare_title=bare_title(best),
        comparison=comparison,
        cohort=comparison.cohort,
        positive=comparison.positive,
        best=best,
        date=day_of(comparison.provenance),
        unverified=unverified_text(comparison),
        absences=_absences(comparison, redact),
        roc=inline_figure(figures, "roc", "", _roc_label(comparison)),
        backbones=[_backbone_view(result, figures, redact) for result in comparison.backbones],
        open_articles=_OPEN_ARTICLES_AT_MOST,
        misjudged=_misjudged(comparison, thumbnails),
        methods=_methods(comparison),
        provenance=list_entries(comparison.provenance, redact),
        peak_memory=bytes_text(comparison.peak_rss_bytes),
    )


def _absences(comparison: Comparison, redact: Callable[[str], str]) -> dict[str, Any]:
    """Part those that are merely not here from those whose files were refused."""
    absent = [entry for entry in comparison.unavailable if not entry.is_refused]
    return {
        "refused": [
            (entry.name, redact(entry.why)) for entry in comparison.unavailable if entry.is_refused
        ],
        "few": [(entry.name, redact(entry.why)) for entry in absent]
        if len(absent) <= _ABSENT_EXPLAINED_AT_MOST
        else [],
        "names": [entry.name for entry in absent],
    }


def _backbone_view(
    result: BackboneResult, figures: Mapping[str, str], redact: Callable[[str], str]
) -> dict[str, Any]:
    spoken = f"against the epoch for {result.title}, training and validation"
    return {
        "title": result.title,
        "pictures": [
            inline_figure(figures, "accuracy", result.name, f"Accuracy {spoken}"),
            inline_figure(figures, "loss", result.name, f"Loss {spoken}"),
        ],
        "heads": len(result.heads.scores),
        "matrix": make_matrix(result),
        "weights": result.weights,
        "origin": redact(result.weights.origin),
        "licence": redact(result.weights.licence),
        "feature_width": result.feature_width,
        "views_per_second": result.views_per_second,
    }


def _roc_label(comparison: Comparison) -> str:
    areas = [
        f"{result.title} {metric_text('auroc', result.evaluation.metrics['auroc'])}"
        for result in comparison.backbones
        if "auroc" in result.evaluation.metrics
    ]
    return f"Receiver operating characteristics. AUROC: {'; '.join(areas)}."


def _misjudged(comparison: Comparison, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    errors = find_misjudged(comparison)
    by_any, by_all = count_misjudged(comparison)
    return {
        "films": [
            (error, data_uri(error.film, thumbnails)) for error in errors[:MISJUDGED_AT_MOST]
        ],
        "count": films_text(len(errors)),
        "hidden": max(len(errors) - MISJUDGED_AT_MOST, 0),
        "by_any": films_text(by_any) if by_any else "No film",
        "by_all": f"{by_all:,}" if by_all else "none",
    }


def _methods(comparison: Comparison) -> dict[str, Any]:
    example = find_leader(comparison) or comparison.backbones[0]
    by_method: dict[str, list[str]] = {}
    for metric, estimate in example.evaluation.metrics.items():
        by_method.setdefault(estimate.method, []).append(metric_title(metric))
    recipe, checks = comparison.recipe, interval_wording.checked_methods(comparison)
    return {
        "citing": method_wording.citing_text(recipe),
        "folds": method_wording.folds_text(recipe),
        "heads": len(comparison.folds.splits),
        "input": method_wording.input_text(comparison),
        "pooling": method_wording.pooling_text(recipe),
        "views": method_wording.views_text(recipe),
        "head": method_wording.head_text(recipe.head),
        "example": example.title,
        "intervals": [(method, joined(names)) for method, names in by_method.items()],
        "checks": [interval_wording.check_title(method) for method in checks],
        "checked": interval_wording.checked_figures(comparison, checks),
    }


@dataclass(frozen=True)
class Report:
    """A finished comparison as something to read: its figures, its page, its run folder.

    A study never imports what tells of it, so a `Comparison` cannot save itself; this does.

        report = hilum.Report(comparison)
        report.figures["roc"].frame()
        report.save("runs/films")

    Attributes:
        comparison: What `compare` returned.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.
    """

    comparison: Comparison
    cache_dir: Path | None = None

    @cached_property
    def figures(self) -> Mapping[str, Picture]:
        """All figures by their files' names, such as `roc`: tables that can be drawn."""
        return figures_of(self.comparison)

    def html(self) -> str:
        """Write the page: one file that loads nothing. The same comparison gives the same text."""
        return self._page(draw_all(self.figures))

    def _page(self, figures: Mapping[str, str]) -> str:
        cache = self.cache_dir or default_cache_dir()
        comparison = self.comparison
        spots = spots_shown(comparison.audit, comparison.cohort)
        thumbnails = load_thumbnails(films_shown(comparison), cache) | load_thumbnails(
            spots, cache, SPOT_SIDE_PX
        )
        return render_report(self.comparison, figures, thumbnails)

    def save(self, folder: str | Path) -> Comparison:
        """Write the run folder: page, figures, tables and every number.

        Args:
            folder: Created whole; an earlier run of that name is replaced.

        Returns:
            The comparison as written, its peak memory brought up to date.

        Raises:
            OutputError: The place is taken by something else, cannot be written, or is full.
        """
        folder = Path(folder)
        check_run_folder(folder)
        comparison, files = self.files()
        write_run(folder, files)
        return comparison

    def files(self) -> tuple[Comparison, dict[str, str]]:
        """Make all files of the run folder, by their names in it.

        Returns:
            The comparison, its peak memory brought up to date, and the files.
        """
        cohorts = cohorts_of(self.comparison)
        redact = redactor(*cohorts)
        figures = draw_all(self.figures)
        report = self._page(figures)
        comparison = replace(self.comparison, peak_rss_bytes=peak_rss_bytes())
        audit = describe_audit(comparison.audit, comparison.cohort)
        files = {
            "report.html": report,
            "results.json": to_json(describe_comparison(comparison)),
            "predictions.csv": predictions_table(comparison),
            "history.csv": history_table(comparison),
            "folds.csv": folds_table(comparison),
            "audit.json": to_json(redacted(audit, redact)),
            "provenance.json": to_json(
                redacted({**comparison.provenance, "seed": comparison.seed}, redact)
            ),
            **{f"figures/{stem}.svg": svg for stem, svg in figures.items()},
        }
        if any(each.excluded for each in cohorts):
            files["excluded.csv"] = excluded_table(*cohorts)
        return comparison, files


def save_run(
    comparison: Comparison, folder: str | Path, *, cache_dir: str | Path | None = None
) -> Comparison:
    """Write a finished comparison as a run folder.

    Args:
        comparison: What `compare` returned.
        folder: Created whole; an earlier run of that name is replaced.
        cache_dir: Where small copies of the shown films are kept; the user's cache
            if not given.

    Returns:
        The comparison as written, its peak memory brought up to date.

    Raises:
        OutputError: The place is taken by something else, cannot be written, or is full.
    """
    return Report(comparison, Path(cache_dir) if cache_dir is not None else None).save(folder)

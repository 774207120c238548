"""A made-up audit whose figures hang together, for the tests of what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hilum.auditing.baselines import TITLES, Baseline, BaselineName, LeakWorth
from hilum.auditing.findings import Finding
from hilum.auditing.place import Box, Place, Spot
from hilum.auditing.report import AuditReport, FilmRelations
from hilum.auditing.verdict import Circumstances, Draw, Verdict, give_verdict, weigh_baselines
from hilum.cohort.cohort import Cohort
from hilum.duplicates.duplicates import Duplicate
from hilum.evaluation.results import Estimate
from hilum.studies.auditing import Audit
from hilum.studies.results import BackboneResult, Comparison

BOOTSTRAP = "percentile bootstrap over groups"

# AUROC of each baseline under each headline.
_AUROCS: Mapping[str, Mapping[BaselineName, float]] = {
    "supported": {
        "metadata": 0.507, "source": 0.521, "frame": 0.534, "processing": 0.512,
        "objects": 0.571, "objectless": 0.934, "histogram": 0.642, "centre": 0.941, "blur": 0.702,
    },
    "limited": {
        "metadata": 0.688, "source": 0.521, "frame": 0.731, "processing": 0.541,
        "objects": 0.931, "objectless": 0.922, "histogram": 0.763, "centre": 0.948, "blur": 0.845,
    },
    "withheld": {
        "metadata": 0.962, "source": 0.471, "frame": 0.918, "processing": 0.611,
        "objects": 0.981, "objectless": 0.641, "histogram": 0.871, "centre": 0.957, "blur": 0.913,
    },
}  # fmt: skip


def estimate(value: float, margin: float) -> Estimate:
    """An estimate with bounds that stay below 1."""
    return Estimate(value, value - margin, min(1.0, value + 0.7 * margin), BOOTSTRAP)


def make_baseline(
    name: BaselineName,
    auroc: float,
    model_auroc: float = 0.97,
    *,
    n_films: int = 160,
    details: Mapping[str, float] | None = None,
) -> Baseline:
    """A baseline whose share and tests follow from the two AUROCs."""
    margin = 0.9 * auroc * (1 - auroc) + 0.012
    discrimination = model_auroc - 0.5
    share = max(0.0, (auroc - 0.5) / discrimination) if discrimination > 0 else float("nan")
    return Baseline(
        name=name,
        n_films=n_films,
        auroc=estimate(auroc, margin),
        model_auroc=estimate(model_auroc, 0.02),
        share=Estimate(
            share,
            max(0.0, share - margin / discrimination) if discrimination > 0 else float("nan"),
            share + margin / discrimination if discrimination > 0 else float("nan"),
            BOOTSTRAP,
        ),
        p_below=0.31 if auroc > model_auroc - 0.02 else 0.0004,
        p_chance=0.3 if auroc < 0.54 else 0.00001,
        caught=estimate(max(0.05, 2 * auroc - 1.1), 0.05),
        details=details or {},
        seconds=3.2,
    )


def make_audit_report(
    cohort: Cohort,
    results: Sequence[BackboneResult],
    *,
    positive: str,
    headline: str = "supported",
    validates_on_test: bool = False,
) -> AuditReport:
    """Build a report under a headline; unverified weights and shared films limit it anyhow."""
    model = results[0]
    auroc = model.evaluation.metrics["auroc"]
    baselines = tuple(
        make_baseline(
            name,
            value,
            auroc.value,
            n_films=len(cohort),
            details={"width in pixels": 0.93, "format JPEG": 0.88, "age": 0.61, "sex F": 0.52}
            if name == "metadata"
            else {},
        )
        for name, value in _AUROCS[headline].items()
    )
    baselines = tuple(sorted(baselines, key=lambda b: list(TITLES).index(b.name)))
    place = make_place(cohort, positive, share=0.51 if headline == "withheld" else 0.27)
    circumstances = Circumstances(
        positive=positive,
        model=model.title,
        auroc=auroc,
        sensitivity=estimate(0.94, 0.05),
        specificity=estimate(0.96, 0.04),
        baselines=baselines,
        draws=[Draw(seed, auroc, baselines) for seed in range(5)],
        place=place,
        untried=["the lungs alone: no lung masks were given"],
        source_association=0.08,
        n_leaks=0,
        n_conflicts=0,
        n_likely_conflicts=0,
        n_without_patient=len(cohort) if headline == "limited" else 0,
        n_films=len(cohort),
        has_probes=True,
        validates_on_test=validates_on_test,
        unverified=[r.title for r in results if not r.weights.is_verified],
    )
    return AuditReport(
        model=model.name,
        findings=make_findings(cohort),
        relations=FilmRelations(make_duplicates(), np.full(len(cohort), 0.8)),
        baselines=weigh_baselines(circumstances),
        leak=LeakWorth(
            backbone=model.name,
            n_films=len(cohort),
            n_groups=len(cohort) // 2,
            grouped=estimate(0.912, 0.03),
            ungrouped=estimate(0.951, 0.02),
            gain=Estimate(0.039, 0.017, 0.062, BOOTSTRAP),
        ),
        verdict=give_verdict(circumstances),
        seconds={"shortcuts": 31.0, "leak": 4.2},
        place=place,
    )


def make_place(cohort: Cohort, positive: str, *, share: float) -> Place:
    """Evidence on the upper left of all films, and each film's own spot somewhere."""
    films = [film for film in cohort.films if film.label == positive]
    return Place(
        n_films=len(films),
        share=share,
        own_share=share + 0.12,
        box=Box(0.0, 1 / 7, 3 / 7),
        centre=(0.2, 0.4),
        spots=tuple(
            Spot(film.film_id, share + 0.2, Box(k % 5 / 7, k % 3 / 7, 3 / 7))
            for k, film in enumerate(films[:10])
        ),
    )


def make_audit(comparison: Comparison, *, has_model: bool = True) -> Audit:
    """The audit by itself, from the parts of a comparison."""
    report = comparison.audit
    if not has_model:
        report = replace(
            report,
            baselines=(),
            leak=None,
            verdict=Verdict("withheld", report.verdict.grounds),
        )
    return Audit(
        cohort=comparison.cohort,
        positive=comparison.positive,
        groups=comparison.folds.groups,
        report=report,
        model=comparison.backbones[0] if has_model else None,
        provenance=comparison.provenance,
        peak_rss_bytes=comparison.peak_rss_bytes,
    )


def make_duplicates() -> tuple[Duplicate, ...]:
    """Pairs of every kind; more copies than are shown."""
    return (
        Duplicate(0, 1, "bytes", 0.0, 1.0),
        Duplicate(2, 3, "pixels", 0.0, 1.0),
        *(Duplicate(4 + 2 * k, 5 + 2 * k, "copy", 0.0, 0.97 - 0.01 * k) for k in range(8)),
        Duplicate(22, 23, "mirrored", 0.0, 0.93),
        Duplicate(24, 100, "rotated", -11.6, 0.88),
    )


def make_findings(cohort: Cohort) -> tuple[Finding, ...]:
    """One finding of each severity."""
    ids = [film.film_id for film in cohort.films[:40]]
    return (
        Finding(
            check="size",
            severity="note",
            title="Films differ in size.",
            evidence={"widths_px": [512, 1024, 2048]},
        ),
        Finding(
            "warn",
            "Two pairs of films are near-duplicates; each pair was kept on one side.",
            {"pairs": [ids[:2], ids[4:6]], "distance": 0.03125},
            "Keep one film of each pair.",
            check="duplicates",
        ),
        Finding(
            "fail",
            "The source tells the classes apart.",
            {"cramers_v": 0.91, "films": ids, "by_source": {"Hospital A": 51, "Hospital B": 29}},
            "Collect both classes from the same places, or leave a source out in turn.",
            check="sources",
        ),
    )

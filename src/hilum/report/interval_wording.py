"""What the report says in words of its intervals: why they are wide, and what checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hilum.evaluation.results import Estimate, Evaluation, Interval
from hilum.report.formatting import metric_interval, metric_text, metric_title, metric_word
from hilum.report.standings_wording import PICK_TITLE, ensemble_title
from hilum.studies.comparison import BackboneResult, Comparison

NAIVE = "films_as_independent"
CHECKS: Mapping[str, str] = {
    "wilson": "Wilson",
    "delong": "DeLong",
    NAIVE: "as if films were independent",
}
_SHOWN_FIRST = ("accuracy", "sensitivity", "specificity", "auroc")


@dataclass(frozen=True)
class CheckedFigure:
    """One figure, its interval, and the same interval by other methods.

    Attributes:
        title: Whose figure it is.
        metric: Which one.
        figure: With the interval that the report shows.
        checks: The other intervals, one per method asked for; empty where there is none.
    """

    title: str
    metric: str
    figure: str
    checks: tuple[str, ...]


def clustering_text(comparison: Comparison, result: BackboneResult) -> str:
    """Say why intervals are wider than naive ones; empty where every film stands alone.

    Args:
        comparison: A finished study.
        result: The backbone whose figures make the example.
    """
    metrics = result.evaluation.metrics
    known = [m for m in (*_SHOWN_FIRST, *metrics) if NAIVE in getattr(metrics.get(m), "also", {})]
    if not known:
        return ""
    subjects = _subjects(comparison, result)

    def written(metric: str) -> tuple[str, str]:
        estimate = metrics[metric]
        naive = _with_bounds(estimate, estimate.also[NAIVE])
        return metric_interval(metric, estimate), metric_interval(metric, naive)

    # The example is one where it shows in print; chance may let a single interval come out alike.
    shows = [m for m in known if _widening(metrics[m]) > 0 and len(set(written(m))) == 2]
    if not shows:
        return (
            f"Films of one patient are alike, and the intervals allow for it; with {subjects}, it "
            "hardly widens them."
        )
    metric = shows[0]
    estimate, (_, naive) = metrics[metric], written(metric)
    return (
        f"Films of one patient are alike, so {subjects} tell less than as many films of different "
        f"people, and the intervals are wider than naive ones: {metric_word(metric)} of "
        f"{result.title} "
        f"{metric_text(metric, estimate)} instead of {naive}."
    )


def checked_methods(comparison: Comparison) -> tuple[str, ...]:
    """List by which other methods any figure of the report was bounded."""
    found = {
        method
        for _, evaluation in _judged(comparison)
        for estimate in evaluation.metrics.values()
        for method in estimate.also
    }
    return tuple(sorted(found, key=lambda method: (_place(method), method)))


def checked_figures(comparison: Comparison, methods: Sequence[str]) -> tuple[CheckedFigure, ...]:
    """Set every interval beside those that other methods give.

    Args:
        comparison: A finished study.
        methods: What `checked_methods` returned.
    """
    return tuple(
        CheckedFigure(
            title=title,
            metric=metric_title(metric),
            figure=metric_text(metric, estimate),
            checks=tuple(
                metric_interval(metric, _with_bounds(estimate, estimate.also[method]))
                if method in estimate.also
                else ""
                for method in methods
            ),
        )
        for title, evaluation in _judged(comparison)
        for metric, estimate in evaluation.metrics.items()
        if estimate.also
    )


def check_title(method: str) -> str:
    """Head the column of a method."""
    return CHECKS.get(method, method.replace("_", " "))


def _judged(comparison: Comparison) -> list[tuple[str, Evaluation]]:
    judged = [(result.title, result.evaluation) for result in comparison.backbones]
    if comparison.ensemble is not None:
        judged.append((ensemble_title(comparison.ensemble), comparison.ensemble.evaluation))
    if comparison.pick is not None:
        judged.append((PICK_TITLE, comparison.pick.evaluation))
    return judged


def _subjects(comparison: Comparison, result: BackboneResult) -> str:
    """Write `160 films of 80 patients`, or of groups where patients are not known of all."""
    rows = result.evaluation.films
    patients = [comparison.cohort.films[row].patient for row in rows]
    n_groups = len(np.unique(comparison.folds.groups[rows]))
    if None not in patients and len(set(patients)) == n_groups:
        return f"{len(rows):,} films of {n_groups:,} patients"
    return f"{len(rows):,} films in {n_groups:,} groups that belong together"


def _widening(estimate: Estimate) -> float:
    naive = estimate.also[NAIVE]
    return (estimate.high - estimate.low) - (naive.high - naive.low)


def _with_bounds(estimate: Estimate, interval: Interval) -> Estimate:
    return Estimate(estimate.value, interval.low, interval.high, estimate.method)


def _place(method: str) -> int:
    known = list(CHECKS)
    return known.index(method) if method in known else len(known)

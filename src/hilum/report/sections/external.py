"""The section "Does it hold elsewhere?": another cohort, and every source left out in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hilum.evaluation import Decisions, Estimate, OperatingPoint
from hilum.report.section import section
from hilum.report.sections.decisions import aim_text, net_benefit_text, recalibration_text
from hilum.report.sections.standings import (
    HEADLINE_METRICS,
    Cell,
    ensemble_title,
    find_leader,
    make_cell,
    tenth_below,
)
from hilum.runs import redacted_sources
from hilum.studies import (
    ENSEMBLE,
    PREVALENCE_FREE,
    Comparison,
    ExternalFigures,
    ExternalValidation,
    SourceTest,
    SourceValidation,
)
from hilum.wording import (
    counted,
    difference_text,
    films_text,
    joined,
    metric_is_share,
    metric_text,
    metric_title,
    metric_value,
    metric_word,
    probability_text,
)

_NAMED_AT_MOST = 4
_SPOKEN_OF = ("auroc", "sensitivity", "specificity")


def external_subjects(external: ExternalValidation) -> str:
    """Say which films of the other cohort were scored, and by whom."""
    cohort = external.cohort
    classes = joined([f"{n:,} {label}" for label, n in cohort.n_per_class.items()])
    return (
        f"{films_text(len(cohort))} of {cohort.name} ({classes}) were scored by the heads of this "
        "cohort, which trained on none of them."
    )


def external_left_out(external: ExternalValidation) -> str:
    """Say which films of the other cohort stand here as well; empty where none is known to."""
    parts = []
    if external.n_known:
        left_out = counted(external.n_known, "film", "of it was/of it were")
        parts.append(f"{left_out} left out, for this cohort holds the same film or a copy.")
    if external.n_shared_patients:
        named = counted(external.n_shared_patients, "patient", "is/are")
        films = counted(external.n_of_shared_patients, "film", "was/were")
        parts.append(
            f"{named} named alike in both cohorts, nearly all of them; whether they are the same "
            "people is not known, so their films stay."
            if external.may_share_patients
            else f"{films} left out, for {named} named alike in both cohorts."
        )
    return " ".join(parts)


def not_scored_text(external: ExternalValidation) -> str:
    """Say which files there were not scored: `5 files could not be read; 1 film has another label`.

    Empty where all were.
    """
    n_unread, n_other = len(external.cohort.excluded), sum(external.cohort.left_out.values())
    parts = []
    if n_unread:
        parts.append(f"{counted(n_unread, 'file')} could not be read")
    if n_other:
        parts.append(counted(n_other, "film", "has another label/have other labels"))
    return f"Of what was given, {'; '.join(parts)}." if parts else ""


def heads_text(n_here: int, n_there: int) -> str:
    """Say that more heads are averaged there than here; empty where they are not more.

    Args:
        n_here: Heads that tested each film of the study.
        n_there: Heads that scored each film there.
    """
    if n_here >= n_there:
        return ""
    by = "the 1 head" if n_here == 1 else f"the {n_here} heads"
    return (
        f"Here a film is scored by {by} that tested it, there by all {n_there}. Averages of more "
        "heads tend to be a little better, so a drop may look smaller than it is."
    )


def missing_text(external: ExternalValidation, classes: Sequence[str]) -> str:
    """Say of which classes of the study no film there was scored; empty where of all some were."""
    missing = [label for label in classes if not external.cohort.n_per_class.get(label)]
    if not missing:
        return ""
    return (
        f"No film of {joined(missing, 'or')} was scored there, so only what the other films can "
        "tell is given."
    )


def drop_text(metric: str, drop: Estimate) -> str:
    """Write a drop and its interval: `+8.7 [+4.1, +13.3]` in points, or `+0.087 […]`."""
    text = difference_text(metric, drop.value)
    if not (math.isfinite(drop.low) and math.isfinite(drop.high)):
        return text
    return f"{text} [{difference_text(metric, drop.low)}, {difference_text(metric, drop.high)}]"


def is_worse(drop: Estimate) -> bool:
    """Tell whether a drop is shown: its whole interval lies above 0."""
    return drop.low > 0


def is_better(drop: Estimate) -> bool:
    """Tell whether a gain is shown: the whole interval of the drop lies below 0."""
    return drop.high < 0


def external_figures_text(
    title: str, scored: ExternalFigures, here: Mapping[str, Estimate], *, where: str = "there"
) -> str:
    """Say in one sentence whether a backbone is worse elsewhere.

    It speaks of the AUROC, or where films of one side alone were scored, of the sensitivity
    or the specificity: an accuracy hangs on the mixture of classes, which differs there.

    Args:
        title: Of the backbone.
        scored: Its figures there.
        here: Its figures here.
        where: Such as `there`.
    """
    metric = next((m for m in _SPOKEN_OF if m in scored.drops), None)
    if metric is None:
        return ""
    drop, there = scored.drops[metric], scored.metrics[metric]
    change = (
        f"{metric_word(metric)} {metric_text(metric, there)} instead of "
        f"{metric_text(metric, here[metric])} here"
    )
    size = _points(metric, abs(drop.value))
    bounds = sorted((abs(drop.low), abs(drop.high)))
    between = f"[{_points(metric, bounds[0], bare=True)}, {_points(metric, bounds[1], bare=True)}]"
    if is_worse(drop):
        return f"{title} is worse {where}: {change}, a drop of {size} {between}."
    if is_better(drop):
        return f"{title} is better {where}: {change}, by {size} {between}."
    return (
        f"No drop is shown for {title} {where}: {change}. The interval of the drop, "
        f"{drop_text(metric, drop).partition(' ')[2]}, holds 0; a drop of "
        f"{_points(metric, max(drop.high, 0.0))} would be in keeping with these films."
    )


def applied_text(
    title: str, there: OperatingPoint, here: OperatingPoint | None, positive: str
) -> str:
    """Say what the threshold that was fixed here does there."""
    figures = [
        f"{name} {metric_text(name, figure)}"
        + ("" if here is None else f" (here {metric_text(name, getattr(here, name))})")
        for name in ("sensitivity", "specificity")
        if math.isfinite((figure := getattr(there, name)).value)
    ]
    aim = aim_text(there.policy, positive)
    return (
        f"With the threshold that was fixed here, on validation films, {aim}, {title} reaches "
        f"{joined(figures)} there. It was not fitted to the films there."
    )


def sources_text(title: str, tests: Sequence[SourceTest], name: str) -> str:
    """Say on how many sources a backbone is worse for not having seen them, and where most.

    Args:
        title: Of the backbone.
        tests: One per source.
        name: The backbone's catalog name.
    """
    found = [
        (test.source, scored.drops["auroc"], scored.metrics["auroc"])
        for test in tests
        for scored in test.transfers
        if scored.name == name and "auroc" in scored.drops
    ]
    if not found:
        return (
            "No source holds films of both sides that could be tested, so nothing shows how the "
            "heads rank films of a source that they never saw."
        )
    worse = [source for source, drop, _ in found if is_worse(drop)]
    source, drop, there = max(found, key=lambda entry: entry[1].value)
    where = f"{source}: AUROC {metric_text('auroc', there)}, a drop of {drop_text('auroc', drop)}"
    if not worse:
        tested = "the one source" if len(found) == 1 else f"any of {len(found)} sources"
        text = f"No drop is shown for {title} on {tested} that its heads never saw"
        if drop.value <= 0:
            lowest, _, figure = min(found, key=lambda entry: entry[2].value)
            return (
                f"{text}: the AUROC is nowhere lower than under heads that saw films of the same "
                f"source. The lowest is {metric_text('auroc', figure)}, at {lowest}."
            )
        return f"{text}; the largest is at {where}."
    named = joined(worse) if len(worse) <= _NAMED_AT_MOST else f"{len(worse)} sources"
    return (
        f"{title} is worse on films of {named} when its heads never saw films from there "
        f"({len(worse)} of {len(found)} sources). The largest drop is at {where}."
    )


def _points(metric: str, size: float, *, bare: bool = False) -> str:
    if not metric_is_share(metric):
        return f"{size:.3f}"
    points = metric_value(metric, size).removesuffix(" %")
    return points if bare else f"{points} points"


APPLIED = ("sensitivity", "specificity", "accuracy")
"""What a threshold decides; the AUROC knows of none."""

MIXED = "hangs on the mixture"
"""In place of the drop of a figure that changes with the shares of the classes."""

_NO_SUCH_FILMS = "no such films"
_ONE_SIDE = "films of one side only"


@dataclass(frozen=True)
class Figures:
    """What a backbone, or the average of all, reached on the films of the study."""

    title: str
    is_verified: bool
    metrics: Mapping[str, Estimate]
    operating_point: OperatingPoint | None


@dataclass(frozen=True)
class ExternalCell:
    """One figure here and there, and the difference.

    Attributes:
        title: Of the metric.
        here: None where it does not exist.
        there: Likewise.
        why_blank: In place of the figure there.
        drop: How much it is lower there, or why that is not said; empty where neither is.
        is_worse: The drop is shown to be one.
    """

    title: str
    here: Cell | None
    there: Cell | None
    why_blank: str
    drop: str
    is_worse: bool


@dataclass(frozen=True)
class ExternalRow:
    """One backbone on films from elsewhere."""

    title: str
    is_verified: bool
    cells: tuple[ExternalCell, ...]


@dataclass(frozen=True)
class AppliedRow:
    """One backbone's threshold from here, on the films there."""

    title: str
    is_verified: bool
    threshold: str
    cells: tuple[ExternalCell, ...]


def figures_here(comparison: Comparison) -> dict[str, Figures]:
    """Gather what every backbone, and the average of all, reached on the films of the study."""
    here = {
        result.name: Figures(
            result.title,
            result.weights.is_verified,
            result.evaluation.metrics,
            _operating_point(result.decisions),
        )
        for result in comparison.backbones
    }
    if (ensemble := comparison.ensemble) is not None:
        here[ENSEMBLE] = Figures(
            ensemble_title(ensemble),
            True,
            ensemble.evaluation.metrics,
            _operating_point(ensemble.decisions),
        )
    return here


def _operating_point(decisions: Decisions | None) -> OperatingPoint | None:
    return None if decisions is None else decisions.operating_point


def start_of(
    all_scored: Sequence[ExternalFigures], here: Mapping[str, Figures], metrics: Sequence[str]
) -> float:
    """Choose where the bars begin: below all figures there, and here where they are shown."""
    shown = [t.metrics for t in all_scored] + [here[t.name].metrics for t in all_scored if here]
    return tenth_below(
        [
            figures[metric].low
            for figures in shown
            for metric in metrics
            if metric in figures and math.isfinite(figures[metric].low)
        ]
    )


def applied_start(applied: Sequence[tuple[Figures, OperatingPoint]]) -> float:
    """Choose where the bars of the applied thresholds begin."""
    points = [p for figures, there in applied for p in (figures.operating_point, there) if p]
    lows = [getattr(point, metric).low for point in points for metric in APPLIED]
    return tenth_below([low for low in lows if math.isfinite(low)])


def make_row(
    scored: ExternalFigures, here: Figures, metrics: Sequence[str], start: float
) -> ExternalRow:
    """Write out one backbone's figures there beside those here."""
    cells = []
    for metric in metrics:
        there, drop = scored.metrics.get(metric), scored.drops.get(metric)
        cell = _cell(metric, here.metrics.get(metric), there, start)
        if drop is not None:
            cell = replace(cell, drop=f"drop {drop_text(metric, drop)}", is_worse=is_worse(drop))
        elif there is not None and metric not in PREVALENCE_FREE:
            cell = replace(cell, drop=MIXED)
        cells.append(cell)
    return ExternalRow(here.title, here.is_verified, tuple(cells))


def _cell(metric: str, here: Estimate | None, there: Estimate | None, start: float) -> ExternalCell:
    return ExternalCell(
        title=metric_title(metric),
        here=None if here is None else make_cell(metric, here, start),
        there=None if there is None else make_cell(metric, there, start),
        why_blank=_NO_SUCH_FILMS if metric in ("sensitivity", "specificity") else _ONE_SIDE,
        drop="",
        is_worse=False,
    )


def make_applied(here: Figures, there: OperatingPoint, start: float) -> AppliedRow:
    """Set what the threshold does there beside what it does here."""
    before = here.operating_point
    known = {} if before is None else {metric: getattr(before, metric) for metric in APPLIED}
    figures = {metric: getattr(there, metric) for metric in APPLIED}
    if not all(math.isfinite(figures[side].value) for side in ("sensitivity", "specificity")):
        # Of films of one side, the accuracy is the other figure over again.
        figures = {
            metric: figure
            for metric, figure in figures.items()
            if metric != "accuracy" and math.isfinite(figure.value)
        }
    return AppliedRow(
        title=here.title,
        is_verified=here.is_verified,
        threshold=probability_text(there.threshold),
        cells=tuple(
            _cell(metric, known.get(metric), figures.get(metric), start) for metric in APPLIED
        ),
    )


_SOURCE_METRICS = ("auroc", "sensitivity", "specificity")


@dataclass(frozen=True)
class SourceRow:
    """One source, tested by heads that never saw it; or why it was not."""

    source: str
    films: str
    why_untested: str
    rows: tuple[ExternalRow, ...]


@section("external", place=70, variable="elsewhere")
def view_external(comparison: Comparison, redact: Callable[[str], str]) -> dict[str, Any] | None:
    """Put into words and rows whether what was learned here holds elsewhere.

    Args:
        comparison: A finished study.
        redact: Hides names and places of both cohorts.

    Returns:
        What `external.html.j2` asks for; None where nothing was tested elsewhere.
    """
    if comparison.external is None and comparison.by_source is None:
        return None
    here = figures_here(comparison)
    return {
        "external": comparison.external and _external(comparison, comparison.external, here),
        "sources": comparison.by_source
        and _sources(comparison, redacted_sources(comparison.by_source, redact), here),
    }


def external_texts(comparison: Comparison) -> list[str]:
    """Say in a sentence each whether the leader does worse on another cohort, and by source.

    Args:
        comparison: A finished study.
    """
    texts = []
    if comparison.external is not None:
        texts += [
            external_text(comparison),
            missing_text(comparison.external, comparison.cohort.classes),
        ]
    if comparison.by_source is not None:
        here = figures_here(comparison)
        texts.append(_sources_reading(comparison, comparison.by_source, here))
    return [text for text in texts if text]


def external_text(comparison: Comparison) -> str:
    """Say in a sentence whether the leader does worse on another cohort; empty without one.

    Args:
        comparison: A finished study.
    """
    if comparison.external is None:
        return ""
    here = figures_here(comparison)
    return next(iter(_external_reading(comparison, comparison.external.transfers, here)), "")


def _external(
    comparison: Comparison, external: ExternalValidation, here: Mapping[str, Figures]
) -> dict[str, Any]:
    all_scored = [t for t in external.transfers if t.name in here]
    start = start_of(all_scored, here, HEADLINE_METRICS)
    metrics = [m for m in HEADLINE_METRICS if any(m in t.metrics for t in all_scored)]
    applied = [(here[t.name], p) for t in all_scored if (p := t.operating_point) is not None]
    bars_from = applied_start(applied)
    return {
        "name": external.cohort.name,
        "subjects": external_subjects(external),
        "not_scored": not_scored_text(external),
        "left_out": external_left_out(external),
        "missing": missing_text(external, comparison.cohort.classes),
        "reading": _external_reading(comparison, all_scored, here),
        "heads": _heads(comparison),
        "start": start,
        "titles": [metric_title(metric) for metric in metrics],
        "is_mixed": any(m not in PREVALENCE_FREE for m in metrics),
        "rows": [make_row(t, here[t.name], metrics, start) for t in all_scored],
        "applied_start": bars_from,
        "applied": [make_applied(figures, point, bars_from) for figures, point in applied],
    }


def _heads(comparison: Comparison) -> str:
    splits = comparison.folds.splits
    return heads_text(len({split.repeat for split in splits}), len(splits))


def _external_reading(
    comparison: Comparison, all_scored: Sequence[ExternalFigures], here: Mapping[str, Figures]
) -> list[str]:
    first = _first(comparison, all_scored, here)
    if first is None:
        return []
    figures = here[first.name]
    texts = [external_figures_text(figures.title, first, figures.metrics)]
    if first.operating_point is not None:
        texts.append(
            applied_text(
                figures.title, first.operating_point, figures.operating_point, comparison.positive
            )
        )
    texts += [recalibration_text(first.recalibration), net_benefit_text(first.net_benefit)]
    return [text for text in texts if text]


def _sources(
    comparison: Comparison, validation: SourceValidation, here: Mapping[str, Figures]
) -> dict[str, Any]:
    all_scored = [t for test in validation.tests for t in test.transfers if t.name in here]
    first = _first(comparison, all_scored, here)
    start = start_of(all_scored, {}, _SOURCE_METRICS)
    tests = [
        SourceRow(
            source=test.source,
            films=f"{films_text(test.n_films)}, {test.n_positives:,} of {comparison.positive}",
            why_untested=test.why_untested,
            rows=tuple(
                make_row(t, here[t.name], _SOURCE_METRICS, start)
                for t in test.transfers
                if t.name in here
            ),
        )
        for test in validation.tests
    ]
    return {
        "title": here[first.name].title if first else "",
        "reading": _sources_reading(comparison, validation, here),
        "start": start,
        "titles": [metric_title(metric) for metric in _SOURCE_METRICS],
        "tested": [test for test in tests if test.rows],
        "untested": [test for test in tests if not test.rows],
    }


def _sources_reading(
    comparison: Comparison, validation: SourceValidation, here: Mapping[str, Figures]
) -> str:
    all_scored = [t for test in validation.tests for t in test.transfers]
    first = _first(comparison, all_scored, here)
    if first is None:
        return ""
    return sources_text(here[first.name].title, validation.tests, first.name)


def _first(
    comparison: Comparison, all_scored: Sequence[ExternalFigures], here: Mapping[str, Figures]
) -> ExternalFigures | None:
    """Find whom the sentences speak of: the leader, or the first that was tested."""
    leader = find_leader(comparison)
    known = {scored.name: scored for scored in all_scored if scored.name in here}
    if leader is not None and leader.name in known:
        return known[leader.name]
    return next(iter(known.values()), None)

"""The section "Does it hold for everybody?": the same calls by sex, age, view and source."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hilum.evaluation import Estimate, Subgroup, SubgroupComparison
from hilum.report.section import section
from hilum.report.sections.decisions import find_quoted, signed_estimate
from hilum.report.sections.standings import Cell, make_cell, tenth_below
from hilum.studies import Comparison
from hilum.wording import (
    capitalised,
    counted,
    films_text,
    interval_text,
    joined,
    metric_title,
    metric_value,
    metric_word,
    p_text,
)

_LEVEL_OF_SIGNIFICANCE = 0.05
_TITLES = {"age": "Age, in years"}
_NAMED_AT_MOST = 6


def attribute_title(attribute: str) -> str:
    """Head the groups by an attribute."""
    return _TITLES.get(attribute, capitalised(attribute))


def level_text(attribute: str, level: str) -> str:
    """Write the name of a group: `40–64` for an age band, anything else as it is."""
    return level.replace("-", "–") if attribute == "age" else level


def further_text(n_levels: int) -> str:
    """Say that further levels are not shown, and where they are; empty if there are none."""
    if n_levels == 0:
        return ""
    return f"{counted(n_levels, 'smaller subgroup', 'is/are')} in results.json."


def has_difference(attribute: SubgroupComparison) -> bool:
    """Tell whether a difference between the groups is shown."""
    return attribute.adjusted_p < _LEVEL_OF_SIGNIFICANCE  # NaN: nothing could be tested


def answer_text(attributes: Sequence[SubgroupComparison]) -> str:
    """Answer in one or two sentences whether the figures hold for everybody.

    Args:
        attributes: At least one.
    """
    shown = [attribute.attribute for attribute in attributes if has_difference(attribute)]
    tested = [a.attribute for a in attributes if math.isfinite(a.adjusted_p)]
    rest, untested = [name for name in tested if name not in shown], untested_text(attributes)
    if not tested:
        return "Unknown: no two subgroups have films enough to be compared."
    parts = []
    if shown:
        parts.append(f"No: the figures differ by {joined(shown)}.")
        if rest:
            parts.append(f"By {joined(rest, 'or')} no difference is shown.")
    else:
        parts.append(f"By {joined(rest, 'or')} these films show no difference.")
    if untested:
        parts.append(untested)
    if not shown:
        parts.append(
            "No difference shown is no proof that there is none: the smaller the subgroups, "
            "the larger a difference can hide."
        )
    return " ".join(parts)


def untested_text(attributes: Sequence[SubgroupComparison]) -> str:
    """Name the attributes, and the single figures, of which no test was possible.

    Returns:
        One sentence; empty where everything was tested.
    """
    whole = [a.attribute for a in attributes if not any(map(math.isfinite, _tests(a).values()))]
    parts = [
        f"{joined([metric_word(metric) for metric in missing], 'or')} by {a.attribute}"
        for a in attributes
        if a.attribute not in whole
        and (missing := [metric for metric, p in _tests(a).items() if not math.isfinite(p)])
    ]
    if not whole:
        return capitalised(f"{joined(parts)} could not be tested.") if parts else ""
    text = capitalised(f"{joined(whole)} could not be tested")
    return f"{text}, nor could {joined(parts, 'or')}." if parts else f"{text}."


def reading_text(attribute: SubgroupComparison) -> str:
    """Say of one attribute whether its groups differ, and where most."""
    finite = {metric: p for metric, p in _tests(attribute).items() if math.isfinite(p)}
    unknown = f" Unknown for {films_text(attribute.n_unknown)}." if attribute.n_unknown else ""
    if not finite:
        return f"Could not be tested: fewer than two subgroups have such figures.{unknown}"
    metric = min(finite, key=lambda name: finite[name])
    p = f"p {p_text(finite[metric])}, after correction {p_text(attribute.adjusted_p)}"
    if not has_difference(attribute):
        return f"No difference shown (smallest {p}).{unknown}"
    groups = sorted(_having(attribute, metric), key=lambda pair: pair[1])
    (lowest, low), (highest, high) = groups[0], groups[-1]
    name = metric_title(metric)
    return (
        f"{name} differs: {metric_value(metric, low)} for "
        f"{level_text(attribute.attribute, lowest.level)}, {metric_value(metric, high)} for "
        f"{level_text(attribute.attribute, highest.level)} ({p}).{unknown}"
    )


def small_text(attributes: Sequence[SubgroupComparison], people: str) -> str:
    """Name the subgroups that hold too few people to say much; empty where there are none.

    Args:
        attributes: Any number.
        people: What is counted beside the films: `patients` or `groups`.
    """
    small = [
        f"{attribute_title(a.attribute).partition(',')[0].lower()} "
        f"{level_text(a.attribute, group.level)}"
        for a in attributes
        for group in a.subgroups
        if group.is_small
    ]
    if not small:
        return ""
    named = joined(small) if len(small) <= _NAMED_AT_MOST else f"{len(small)} of the subgroups"
    verb = "has" if len(small) == 1 else "have"
    return (
        f"{capitalised(named)} {verb} too few {people} on a side for figures that say "
        "much: their intervals are what to read, not their values."
    )


def _tests(attribute: SubgroupComparison) -> dict[str, float]:
    return {
        "auroc": attribute.p_auroc,
        "sensitivity": attribute.p_sensitivity,
        "specificity": attribute.p_specificity,
    }


def _having(attribute: SubgroupComparison, metric: str) -> list[tuple[Subgroup, float]]:
    figures = [(group, getattr(group, metric)) for group in attribute.subgroups]
    return [(group, estimate.value) for group, estimate in figures if estimate is not None]


METRICS = ("auroc", "sensitivity", "specificity")
_ROWS_AT_MOST = 12


@dataclass(frozen=True)
class SubgroupRow:
    """One group of films: how many, of how many people, and their figures."""

    level: str
    films: str
    groups: str
    is_small: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class AttributeBlock:
    """The groups by one attribute, and whether they differ; of very many, the largest."""

    title: str
    rows: tuple[SubgroupRow, ...]
    further: str
    calibration: str
    p_values: tuple[str, ...]
    p_values_by_films: tuple[str, ...]
    reading: str
    is_different: bool


@section("subgroups", place=60)
def view_subgroups(comparison: Comparison, redact: Callable[[str], str]) -> dict[str, Any] | None:
    """Put into words and rows whether the figures that are quoted hold for everybody.

    Args:
        comparison: A finished study.
        redact: Hides names and places, which a manifest may give as levels.

    Returns:
        What `subgroups.html.j2` asks for; None where nothing is known to part the films by.
    """
    if not comparison.subgroups:
        return None
    quoted = find_quoted(comparison)
    evaluation, whole = quoted.evaluation, dict(quoted.evaluation.metrics)
    at_the_point = all(a.is_at_operating_point for a in comparison.subgroups)
    if at_the_point and quoted.decisions is not None:
        point = quoted.decisions.operating_point
        whole |= {"sensitivity": point.sensitivity, "specificity": point.specificity}
    attributes = [_hide_names(attribute, redact) for attribute in comparison.subgroups]
    people = "Groups" if comparison.cohort.n_patients is None else "Patients"
    start = tenth_below(
        [whole[metric].low for metric in METRICS if math.isfinite(whole[metric].low)]
        + [
            estimate.low
            for attribute in attributes
            for group in attribute.subgroups
            for estimate in figures_of(group).values()
            if estimate is not None and not group.is_small and math.isfinite(estimate.low)
        ]
    )
    return {
        "title": capitalised(quoted.title),
        "called": "called at the operating point"
        if at_the_point
        else "called as in the table of all backbones",
        "is_verified": quoted.is_verified,
        "answer": answer_text(attributes),
        "small": small_text(attributes, people.lower()),
        "start": start,
        "titles": [make_cell(metric, whole[metric], start).title for metric in METRICS],
        "whole": SubgroupRow(
            level="All films",
            films=_films(evaluation.confusion.tp + evaluation.confusion.fn, len(evaluation.films)),
            groups=f"{len(set(comparison.folds.groups[evaluation.films].tolist())):,}",
            is_small=False,
            cells=_cells(whole, start),
        ),
        "blocks": [_block(attribute, start) for attribute in attributes],
        "positive": comparison.positive,
        "people": people,
    }


def figures_of(group: Subgroup) -> Mapping[str, Estimate | None]:
    """Name a group's figures as they are named everywhere else."""
    return {
        "auroc": group.auroc,
        "sensitivity": group.sensitivity,
        "specificity": group.specificity,
    }


def _hide_names(attribute: SubgroupComparison, redact: Callable[[str], str]) -> SubgroupComparison:
    return replace(
        attribute,
        attribute=redact(attribute.attribute),
        subgroups=tuple(replace(group, level=redact(group.level)) for group in attribute.subgroups),
    )


def _block(attribute: SubgroupComparison, start: float) -> AttributeBlock:
    p_values = (attribute.p_auroc, attribute.p_sensitivity, attribute.p_specificity)
    by_films = (
        attribute.p_auroc_films,
        attribute.p_sensitivity_films,
        attribute.p_specificity_films,
    )
    largest = sorted(attribute.subgroups, key=lambda group: -group.n_films)[:_ROWS_AT_MOST]
    shown = [group for group in attribute.subgroups if group in largest]
    return AttributeBlock(
        title=attribute_title(attribute.attribute),
        rows=tuple(
            SubgroupRow(
                level=level_text(attribute.attribute, group.level),
                films=_films(group.n_positives, group.n_films),
                groups=f"{group.n_groups:,}",
                is_small=group.is_small,
                cells=_cells(figures_of(group), start),
            )
            for group in shown
        ),
        further=further_text(len(attribute.subgroups) - len(shown)),
        calibration=calibration_text(attribute),
        p_values=_p_texts(p_values),
        p_values_by_films=_p_texts(by_films),
        reading=reading_text(attribute),
        is_different=has_difference(attribute),
    )


def _p_texts(p_values: Sequence[float | None]) -> tuple[str, ...]:
    return tuple("" if p is None or not math.isfinite(p) else p_text(p) for p in p_values)


def calibration_text(attribute: SubgroupComparison) -> str:
    """Tell slope and intercept of every group that is large enough; empty if none is."""
    told = [
        f"{level_text(attribute.attribute, group.level)} "
        + (
            "no slope"
            if group.recalibration.slope is None
            else f"{group.recalibration.slope.value:.2f} "
            + interval_text(group.recalibration.slope.low, group.recalibration.slope.high, 2)
        )
        + f" and {signed_estimate(group.recalibration.intercept)}"
        for group in attribute.subgroups
        if group.recalibration is not None
    ]
    return f"Calibration slope and intercept: {'; '.join(told)}." if told else ""


def _cells(
    figures: Mapping[str, Estimate | None], start: float, metrics: Sequence[str] = METRICS
) -> tuple[Cell | None, ...]:
    return tuple(
        None if (estimate := figures.get(metric)) is None else make_cell(metric, estimate, start)
        for metric in metrics
    )


def _films(positives: int, films: int) -> str:
    return f"{films:,} ({positives:,})"

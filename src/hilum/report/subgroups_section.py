"""The section "Does it hold for everybody?": the same calls by sex, age, view and source."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hilum.evaluation.results import Estimate
from hilum.evaluation.subgroups import Subgroup, SubgroupComparison
from hilum.report import subgroups_wording as words
from hilum.report.formatting import p_text
from hilum.report.quoted import find_quoted
from hilum.report.standings import Cell, make_cell, tenth_below
from hilum.studies.comparison import Comparison

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
    p_values: tuple[str, ...]
    reading: str
    is_different: bool


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
    evaluation, whole = quoted.evaluation, quoted.evaluation.metrics
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
        "title": f"{quoted.title[:1].upper()}{quoted.title[1:]}",
        "is_verified": quoted.is_verified,
        "answer": words.answer_text(attributes),
        "small": words.small_text(attributes, people.lower()),
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
    largest = sorted(attribute.subgroups, key=lambda group: -group.n_films)[:_ROWS_AT_MOST]
    shown = [group for group in attribute.subgroups if group in largest]
    return AttributeBlock(
        title=words.attribute_title(attribute.attribute),
        rows=tuple(
            SubgroupRow(
                level=words.level_text(attribute.attribute, group.level),
                films=_films(group.n_positives, group.n_films),
                groups=f"{group.n_groups:,}",
                is_small=group.is_small,
                cells=_cells(figures_of(group), start),
            )
            for group in shown
        ),
        further=words.further_text(len(attribute.subgroups) - len(shown)),
        p_values=tuple(p_text(p) if math.isfinite(p) else "" for p in p_values),
        reading=words.reading_text(attribute),
        is_different=words.is_different(attribute),
    )


def _cells(
    figures: Mapping[str, Estimate | None], start: float, metrics: Sequence[str] = METRICS
) -> tuple[Cell | None, ...]:
    return tuple(
        None if (estimate := figures.get(metric)) is None else make_cell(metric, estimate, start)
        for metric in metrics
    )


def _films(positives: int, films: int) -> str:
    return f"{films:,} ({positives:,})"

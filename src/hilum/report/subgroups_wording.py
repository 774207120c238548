"""What the report says in words of subgroups: who differs, who cannot be judged."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hilum.evaluation.subgroups import Subgroup, SubgroupComparison
from hilum.report.formatting import films_text, metric_title, metric_value, p_text
from hilum.report.wording import joined

_LEVEL_OF_SIGNIFICANCE = 0.05
_TITLES = {"age": "Age, in years"}
_NAMED_AT_MOST = 6


def attribute_title(attribute: str) -> str:
    """Head the groups by an attribute."""
    return _TITLES.get(attribute, attribute[:1].upper() + attribute[1:])


def level_text(attribute: str, level: str) -> str:
    """Write the name of a group: `40–64` for an age band, anything else as it is."""
    return level.replace("-", "–") if attribute == "age" else level


def is_different(attribute: SubgroupComparison) -> bool:
    """Tell whether a difference between the groups is shown."""
    return attribute.adjusted_p < _LEVEL_OF_SIGNIFICANCE  # NaN: nothing could be tested


def answer_text(attributes: Sequence[SubgroupComparison]) -> str:
    """Answer in one or two sentences whether the figures hold for everybody.

    Args:
        attributes: At least one.
    """
    shown = [attribute.attribute for attribute in attributes if is_different(attribute)]
    tested = [a.attribute for a in attributes if math.isfinite(a.adjusted_p)]
    if shown:
        rest = [name for name in tested if name not in shown]
        text = f"No: the figures differ by {joined(shown)}."
        return f"{text} By {joined(rest, 'or')} no difference is shown." if rest else text
    if not tested:
        return "Unknown: no two groups have films enough to be compared."
    return (
        f"By {joined(tested, 'or')} these films show no difference. That is no proof that there "
        "is none: the smaller the groups, the larger a difference can hide."
    )


def reading_text(attribute: SubgroupComparison) -> str:
    """Say of one attribute whether its groups differ, and where most."""
    tests = {
        "auroc": attribute.p_auroc,
        "sensitivity": attribute.p_sensitivity,
        "specificity": attribute.p_specificity,
    }
    finite = {metric: p for metric, p in tests.items() if math.isfinite(p)}
    unknown = f" Unknown for {films_text(attribute.n_unknown)}." if attribute.n_unknown else ""
    if not finite:
        return f"Not tested: fewer than two groups have such figures.{unknown}"
    metric = min(finite, key=lambda name: finite[name])
    p = f"p {p_text(finite[metric])}, after correction {p_text(attribute.adjusted_p)}"
    if not is_different(attribute):
        return f"No difference shown (smallest {p}).{unknown}"
    groups = sorted(_having(attribute, metric), key=lambda pair: pair[1])
    (lowest, low), (highest, high) = groups[0], groups[-1]
    name = metric_title(metric)
    return (
        f"{name} differs: {metric_value(metric, low)} for "
        f"{level_text(attribute.attribute, lowest.level)}, {metric_value(metric, high)} for "
        f"{level_text(attribute.attribute, highest.level)} ({p}).{unknown}"
    )


def small_text(attributes: Sequence[SubgroupComparison]) -> str:
    """Name the groups that are too small to say much; empty where there are none."""
    small = [
        f"{attribute_title(a.attribute).partition(',')[0].lower()} "
        f"{level_text(a.attribute, group.level)}"
        for a in attributes
        for group in a.subgroups
        if group.is_small
    ]
    if not small:
        return ""
    named = joined(small) if len(small) <= _NAMED_AT_MOST else f"{len(small)} of the groups"
    verb = "has" if len(small) == 1 else "have"
    return (
        f"{named[:1].upper()}{named[1:]} {verb} too few patients on a side for figures that say "
        "much: their intervals are what to read, not their values."
    )


def _having(attribute: SubgroupComparison, metric: str) -> list[tuple[Subgroup, float]]:
    figures = [(group, getattr(group, metric)) for group in attribute.subgroups]
    return [(group, estimate.value) for group, estimate in figures if estimate is not None]

"""What the report says in words of subgroups: who differs, who cannot be judged."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hilum.evaluation.subgroups import Subgroup, SubgroupComparison
from hilum.report.formatting import films_text, metric_title, metric_value, metric_word, p_text
from hilum.report.wording import joined

_LEVEL_OF_SIGNIFICANCE = 0.05
_TITLES = {"age": "Age, in years"}
_NAMED_AT_MOST = 6


def attribute_title(attribute: str) -> str:
    """Head the groups by an attribute."""
    return _TITLES.get(attribute, _capitalised(attribute))


def level_text(attribute: str, level: str) -> str:
    """Write the name of a group: `40–64` for an age band, anything else as it is."""
    return level.replace("-", "–") if attribute == "age" else level


def further_text(n_levels: int) -> str:
    """Say that further levels are not shown, and where they are; empty if there are none."""
    if n_levels == 0:
        return ""
    few = "1 smaller subgroup is" if n_levels == 1 else f"{n_levels:,} smaller subgroups are"
    return f"{few} in results.json."


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
        return _capitalised(f"{joined(parts)} could not be tested.") if parts else ""
    text = _capitalised(f"{joined(whole)} could not be tested")
    return f"{text}, nor could {joined(parts, 'or')}." if parts else f"{text}."


def reading_text(attribute: SubgroupComparison) -> str:
    """Say of one attribute whether its groups differ, and where most."""
    finite = {metric: p for metric, p in _tests(attribute).items() if math.isfinite(p)}
    unknown = f" Unknown for {films_text(attribute.n_unknown)}." if attribute.n_unknown else ""
    if not finite:
        return f"Could not be tested: fewer than two subgroups have such figures.{unknown}"
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
        f"{_capitalised(named)} {verb} too few {people} on a side for figures that say "
        "much: their intervals are what to read, not their values."
    )


def _tests(attribute: SubgroupComparison) -> dict[str, float]:
    return {
        "auroc": attribute.p_auroc,
        "sensitivity": attribute.p_sensitivity,
        "specificity": attribute.p_specificity,
    }


def _capitalised(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _having(attribute: SubgroupComparison, metric: str) -> list[tuple[Subgroup, float]]:
    figures = [(group, getattr(group, metric)) for group in attribute.subgroups]
    return [(group, estimate.value) for group, estimate in figures if estimate is not None]

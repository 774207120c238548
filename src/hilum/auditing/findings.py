"""Finding: what one check says, in a shape and in words that every reader can rely on.

What each baseline means, and what to do about it, stands in its check; how grave it is stands in
the verdict's rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hilum.auditing.baselines import Baseline, BaselineName
from hilum.cohort import Cohort
from hilum.duplicates import Duplicate
from hilum.evaluation import Estimate
from hilum.wording import counted, interval_text

Severity = Literal["fail", "warn", "note"]
"""A fault that the figures cannot survive; a doubt about them; something worth knowing."""

State = Severity | Literal["muted"]
"""How a finding is shown: by its severity, or as one that raises no alarm."""

FILMS_LISTED = 50
"""A finding names at most so many films; a longer list is too long to look at."""


@dataclass(frozen=True)
class Finding:
    """What one check of the cohort says.

    Attributes:
        check: Code of the check, which puts it there.
        severity: `fail`, `warn` or `note`.
        title: One line for a person.
        evidence: Figures and film ids.
        what_to_do: The next step for the user; empty where nothing need be done.
        is_muted: The user has seen it and asked that it raise no alarm.
    """

    check: str = field(default="", kw_only=True)
    severity: Severity
    title: str
    evidence: Mapping[str, Any]
    what_to_do: str = ""
    is_muted: bool = False

    @property
    def state(self) -> State:
        """How it is shown."""
        return "muted" if self.is_muted else self.severity

    @property
    def is_alarming(self) -> bool:
        """Tell whether a person should look before anybody believes the figures."""
        return self.state == "fail"


def list_films(cohort: Cohort, rows: Iterable[int]) -> dict[str, Any]:
    """List films for a finding's evidence: how many, how many of each class, which.

    Args:
        cohort: The films.
        rows: Those that the finding is about.
    """
    films = [cohort.films[row] for row in rows]
    per_class = {label: sum(film.label == label for film in films) for label in cohort.classes}
    return {
        "n_films": len(films),
        "per_class": per_class,
        "films": [film.film_id for film in films[:FILMS_LISTED]],
    }


def list_groups(cohort: Cohort, groups: Iterable[Sequence[int]]) -> list[list[str]]:
    """List sets of films that belong together, as long as there is room for a whole one.

    Args:
        cohort: The films.
        groups: Rows of each set.
    """
    listed: list[list[str]] = []
    room = FILMS_LISTED
    for rows in groups:
        kept = [cohort.films[row].film_id for row in rows[:FILMS_LISTED]]
        if len(kept) > room:
            break
        room -= len(kept)
        listed.append(kept)
    return listed


def list_pairs(cohort: Cohort, duplicates: Sequence[Duplicate]) -> list[dict[str, Any]]:
    """List pairs of copies for a finding's evidence, the surest first, a bounded number of them.

    Args:
        cohort: The films.
        duplicates: Pairs of its rows.
    """
    surest_first = sorted(duplicates, key=lambda duplicate: -duplicate.correlation)
    return [
        {
            "films": [cohort.films[row].film_id for row in (duplicate.first, duplicate.second)],
            "classes": [cohort.films[row].label for row in (duplicate.first, duplicate.second)],
            "correlation": float(duplicate.correlation),
            "rotation_degrees": float(duplicate.rotation_degrees),
        }
        for duplicate in surest_first[: FILMS_LISTED // 2]
    ]


def tell_number(number: int, noun: str, verbs: str = "") -> str:
    """Write a number with its noun, as in `1 film` and `2 films`.

    Args:
        number: 0 or more.
        noun: In the singular.
        verbs: Follows the noun: the singular and the plural, as in `is/are`.
    """
    return counted(number, noun, verbs, is_grouped=False)


def tell_per_class(per_class: dict[str, int]) -> str:
    """Write counts per class, as in `12 COVID-19, 3 Normal`; classes without any are left out."""
    return ", ".join(f"{count} {label}" for label, count in per_class.items() if count)


def find_baseline(baselines: Sequence[Baseline], name: BaselineName) -> Baseline | None:
    """Find a baseline by its name; None where it was not measured."""
    return next((baseline for baseline in baselines if baseline.name == name), None)


def figures(baseline: Baseline) -> dict[str, Any]:
    """List a baseline's figures for a finding's evidence; None where one does not exist."""
    return {
        "films": baseline.n_films,
        "auroc": list_estimate(baseline.auroc),
        "model_auroc": list_estimate(baseline.model_auroc),
        "share": list_estimate(baseline.share),
        "p_below_model": baseline.p_below,
        "p_chance": baseline.p_chance,
    }


def list_estimate(estimate: Estimate) -> dict[str, float | None]:
    """List a figure and its bounds for a finding's evidence; None for what does not exist."""
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}


def show_estimate(estimate: Estimate) -> str:
    """Write an AUROC with its interval."""
    return f"AUROC {estimate.value:.3f} {interval_text(estimate.low, estimate.high)}"

"""The one interface of all checks: each names what it needs, and gets that and no more.

A check is a function whose parameters are fields of `Evidence`. Where one of them was not gathered,
the check does not run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, ParamSpec

import numpy as np
from jaxtyping import Float

from hilum.auditing.baselines import Baseline, LeakWorth
from hilum.auditing.findings import Finding
from hilum.cohort import Cohort
from hilum.duplicates import Duplicate
from hilum.features import FilmTraits
from hilum.folds import Folds


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that checks may ask for; None where it was not gathered.

    Attributes:
        cohort: The films that were read, and those that were not.
        positive: The class that sensitivity speaks of.
        film_traits: What each film tells without a network: its file, its grey levels, a small
            picture.
        duplicates: Films that stand in the cohort more than once.
        affinity: Highest cosine similarity of each film's features with those of a film
            that is not its copy.
        folds: Who trains, validates and tests.
        baselines: What predicts the label without the disease.
        masked: Ids of the films that have a lung mask, where masks were given.
        leak: What it would have been worth to split films of one patient freely.
    """

    cohort: Cohort
    positive: str | None = None
    film_traits: FilmTraits | None = None
    duplicates: tuple[Duplicate, ...] | None = None
    affinity: Float[np.ndarray, " films"] | None = None
    folds: Folds | None = None
    baselines: tuple[Baseline, ...] | None = None
    masked: frozenset[str] | None = None
    leak: LeakWorth | None = None


Asked = ParamSpec("Asked")


@dataclass(frozen=True)
class Check(Generic[Asked]):
    """One question about a cohort, answered by one function.

    Attributes:
        code: Stands in every finding of the check. Users cite it, look it up and mute it, so
            it stays as it is.
        title: The fault, in a few words.
        ask: Answers. Its parameters are fields of `Evidence`; its docstring is the check's page.
    """

    code: str
    title: str
    ask: Callable[Asked, list[Finding]]

    def __call__(self, *args: Asked.args, **kwargs: Asked.kwargs) -> list[Finding]:
        """Ask, and put the code on each finding."""
        return [replace(finding, check=self.code) for finding in self.ask(*args, **kwargs)]

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields of `Evidence` that it looks at."""
        return tuple(inspect.signature(self.ask).parameters)

    @property
    def page(self) -> str:
        """Where it is explained, from the root of the project."""
        return f"docs/checks/{self.code}.md"


def check(code: str, title: str) -> Callable[[Callable[Asked, list[Finding]]], Check[Asked]]:
    """Make a function a check: `@check("aspect", "Films far longer than wide")`.

    Args:
        code: Lower-case words joined by `-`, its own among all checks.
        title: The fault, in a few words.
    """
    return partial(Check, code, title)


def run_checks(
    checks: Iterable[Check[...]], evidence: Evidence, muted: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Run the checks whose needs are met.

    Args:
        checks: In the order in which findings of one severity are shown.
        evidence: What was gathered.
        muted: Codes of the checks whose findings raise no alarm. They run all the same.

    Returns:
        What they found, the gravest first, otherwise in the order of the checks.
    """
    findings: list[Finding] = []
    for each in checks:
        given = {need: getattr(evidence, need) for need in each.needs}
        if all(value is not None for value in given.values()):
            is_muted = each.code in muted
            findings.extend(replace(found, is_muted=is_muted) for found in each(**given))
    gravity = ["fail", "warn", "note"]
    return tuple(sorted(findings, key=lambda finding: gravity.index(finding.severity)))

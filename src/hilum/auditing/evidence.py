"""The one interface of all checks: each names what it needs, and gets that and no more.

A check is a function whose parameters are fields of `Evidence`. Where one of them was not
gathered, the check does not run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hilum.auditing.baselines import Baseline
from hilum.auditing.findings import Finding
from hilum.auditing.leaks import LeakWorth
from hilum.auditing.portraits import Portraits
from hilum.auditing.twins import Twin
from hilum.cohort.manifest import Cohort
from hilum.cohort.splitting import Folds


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that checks may ask for; None where it was not gathered.

    Attributes:
        cohort: The films that were read, and those that were not.
        positive: The class that sensitivity speaks of.
        portraits: What each film tells without a network.
        twins: Films that stand in the cohort more than once.
        affinity: Highest cosine similarity of each film's features with those of a film
            that is not its twin.
        folds: Who trains, validates and tests.
        baselines: What predicts the label without the disease.
        masked: Ids of the films that have a lung mask, where masks were given.
        leak: What it would have been worth to split films that belong together.
    """

    cohort: Cohort
    positive: str | None = None
    portraits: Portraits | None = None
    twins: tuple[Twin, ...] | None = None
    affinity: Float[np.ndarray, " films"] | None = None
    folds: Folds | None = None
    baselines: tuple[Baseline, ...] | None = None
    masked: frozenset[str] | None = None
    leak: LeakWorth | None = None


CheckFunction = Callable[..., Sequence[Finding]]


@dataclass(frozen=True)
class Check:
    """One question about a cohort.

    Attributes:
        name: Stands in every finding of the check.
        run: Answers it; its parameters are fields of `Evidence`.
    """

    name: str
    run: CheckFunction

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields of `Evidence` that it looks at."""
        return tuple(inspect.signature(self.run).parameters)


def run_checks(checks: Iterable[Check], evidence: Evidence) -> tuple[Finding, ...]:
    """Run the checks whose needs are met.

    Returns:
        What they found, the gravest first, otherwise in the order of the checks.
    """
    findings: list[Finding] = []
    for check in checks:
        given = {need: getattr(evidence, need) for need in check.needs}
        if all(value is not None for value in given.values()):
            findings.extend(check.run(**given))
    gravity = ["fail", "warn", "note"]
    return tuple(sorted(findings, key=lambda finding: gravity.index(finding.severity)))

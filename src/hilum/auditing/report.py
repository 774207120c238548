"""AuditReport: everything that the audit of a cohort found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from hilum.auditing.baselines import Baseline, LeakWorth
from hilum.auditing.findings import Finding
from hilum.auditing.place import Place
from hilum.auditing.verdict import Draw, Verdict
from hilum.duplicates import Duplicate


@dataclass(frozen=True)
class FilmRelations:
    """How the films of a cohort are related.

    Attributes:
        duplicates: Films that stand in the cohort more than once.
        affinity: Highest cosine similarity of each film's features with those of a film
            that is not its duplicate.
    """

    duplicates: tuple[Duplicate, ...]
    affinity: Float[np.ndarray, " films"]


@dataclass(frozen=True)
class AuditReport:
    """What is wrong with a cohort, what predicts without the disease, and what follows.

    Attributes:
        model: Name of the backbone that the baselines were measured against.
        findings: What the checks say, the gravest first.
        relations: How the films are related.
        baselines: What predicts the label without the disease, those that can withhold
            the headline first.
        draws: The same by other draws of the folds.
        place: Where the evidence stands; None where that was not measured.
        leak: What splitting groups would have been worth; None where no films
            belong together, or it was not tried.
        verdict: Whether the cohort carries the claim.
        seconds: Wall-clock time by part of the audit.
    """

    model: str
    findings: tuple[Finding, ...]
    relations: FilmRelations
    baselines: tuple[Baseline, ...]
    leak: LeakWorth | None
    verdict: Verdict
    seconds: Mapping[str, float]
    draws: tuple[Draw, ...] = ()
    place: Place | None = None

    @property
    def needs_attention(self) -> bool:
        """Tell whether a person should look before anybody believes the figures."""
        return self.verdict.headline == "withheld" or any(
            finding.is_alarming for finding in self.findings
        )

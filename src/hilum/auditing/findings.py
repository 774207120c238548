"""Finding: what one check says, in a shape that every reader can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fail", "warn", "note"]
"""A fault that the figures cannot survive; a doubt about them; something worth knowing."""


@dataclass(frozen=True)
class Finding:
    """What one check of the cohort says.

    Attributes:
        check: Name of the check.
        severity: `fail`, `warn` or `note`.
        title: One line for a person.
        evidence: Figures and film ids.
        what_to_do: The next step for the user; empty where nothing need be done.
    """

    check: str
    severity: Severity
    title: str
    evidence: Mapping[str, Any]
    what_to_do: str = ""

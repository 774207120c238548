"""What a classifier says of a film, or why it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilum.errors import FilmError


@dataclass(frozen=True)
class Prediction:
    """One film's answer.

    Attributes:
        probabilities: Calibrated probability of each class, for films mixed as in the
            training cohort. They are computed for every film; outside the domain they mean
            nothing, and are shown on request alone.
        call: The class that is called at the operating point; None outside the domain.
        in_domain: Whether the film is like the training films.
        distance: How far its features lie from theirs; see `DomainGuard`.
        notes: What was converted while the film was read, in plain words.
    """

    probabilities: Mapping[str, float]
    call: str | None
    in_domain: bool
    distance: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FilmFailure:
    """A film that could not be read, or is none.

    Attributes:
        code: Stable name of the kind of fault.
        message: What is wrong.
        fix: What to do.
    """

    code: str
    message: str
    fix: str

    @classmethod
    def from_error(cls, error: FilmError) -> FilmFailure:
        """Record why a film has no answer."""
        return cls(error.code, error.message, error.fix)

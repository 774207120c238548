"""What can go wrong on the user's side when a film is explained."""

from __future__ import annotations

from hilum.errors import HilumError


class ExplanationError(HilumError):
    """What is asked to be explained cannot be: no such class, or a backbone without a map."""

    code = "EXPLANATION"

"""Markdown that says what it should, whatever a user's text holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from hilum.classifier.records import EstimateJson


def value(estimate: EstimateJson | None) -> str:
    """Write the figure of an estimate."""
    figure = estimate and estimate["value"]
    return "not defined" if figure is None else f"{figure:.3f}"


def bounds(estimate: EstimateJson | None) -> str:
    """Write its interval; empty where there is none."""
    if estimate is None or estimate["low"] is None or estimate["high"] is None:
        return ""
    return f"[{estimate['low']:.3f}, {estimate['high']:.3f}]"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def text(words: str) -> str:
    """Write a user's text so that Markdown and HTML take it for nothing else."""
    plain = _shown(words)
    return re.sub(r"([\\`*_{}\[\]<>|#~$&])", r"\\\1", plain)


def code(words: str) -> str:
    """Write a user's text so that it fits between backticks."""
    return _shown(words).replace("`", "'")


def _shown(words: str) -> str:
    """Put a text on one line, without what would turn or hide what stands around it."""
    return "".join(letter for letter in " ".join(str(words).split()) if letter.isprintable())

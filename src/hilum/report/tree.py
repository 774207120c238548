"""Turns free-form records, such as evidence and provenance, into something a page can list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hilum.report.formatting import bytes_text, seconds_text

LONGEST_LIST = 12


@dataclass(frozen=True)
class Entry:
    """One named thing: a line of text, or entries under it.

    Attributes:
        name: The key, in words.
        text: What to show; empty where there are entries.
        entries: What stands under it.
    """

    name: str
    text: str
    entries: tuple[Entry, ...] = ()


def list_entries(record: Mapping[Any, Any], redact: Callable[[str], str]) -> tuple[Entry, ...]:
    """Lay out a record for reading: keys in words, figures rounded, long lists cut.

    Args:
        record: Plain values, lists and mappings, nested at will.
        redact: Hides what must not be shown; sees every text, keys too.

    Returns:
        The entries in the record's order.
    """
    return tuple(_entry(str(key), value, redact) for key, value in record.items())


def _entry(key: str, value: Any, redact: Callable[[str], str]) -> Entry:
    name = redact(key.replace("_", " "))
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return Entry(name, "" if value else "none", list_entries(value, redact))
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        if any(isinstance(item, Mapping) for item in items):
            numbered = {str(number): item for number, item in enumerate(items[:LONGEST_LIST], 1)}
            entries = list_entries(numbered, redact)
            if len(items) > LONGEST_LIST:
                entries += (Entry("", f"and {len(items) - LONGEST_LIST:,} more"),)
            return Entry(name, "", entries)
        separator = " " if "command" in key else ", "
        return Entry(name, redact(_list_text(items, separator)))
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if key.endswith("_bytes"):
            return Entry(name.removesuffix(" bytes"), bytes_text(int(value)))
        if key.endswith("seconds"):
            return Entry(name.removesuffix(" seconds"), seconds_text(float(value)))
    return Entry(name, redact(_scalar_text(value)))


def _list_text(items: Sequence[Any], separator: str) -> str:
    shown = items if separator == " " else items[:LONGEST_LIST]
    texts = [
        f"({_list_text(list(item), ', ')})"
        if isinstance(item, list | tuple | set | frozenset | np.ndarray)
        else _scalar_text(item)
        for item in shown
    ]
    more = f" and {len(items) - len(shown):,} more" if len(items) > len(shown) else ""
    return separator.join(texts) + more if texts else "none"


def _scalar_text(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    return str(value)

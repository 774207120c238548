"""What all pages of Hilum have in common: one frame, two colour schemes, no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import zip_longest
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from hilum.report.drawing import css_variables
from hilum.studies import Provenance
from hilum.wording import bytes_text, seconds_text

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


_FURTHER_STYLES: Mapping[str, tuple[str, ...]] = {
    "report": ("audit.css", "decisions.css"),
    "audit": ("audit.css",),
    "recipes": ("recipes.css",),
    "naming": ("naming.css",),
}

_SCRIPTS: Mapping[str, tuple[str, ...]] = {"report": ("prevalence.js", "copy.js")}


def render_page(name: str, /, **content: Any) -> str:
    """Fill a page's template.

    Args:
        name: Of the template; its style sheets add to the common one.
        content: What the template asks for.

    Returns:
        A whole HTML page that loads nothing.
    """
    styles = ("report.css", *_FURTHER_STYLES[name])
    scripts = {script: _read(script) for script in _SCRIPTS.get(name, ())}
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            colours_light=Markup(css_variables(is_dark=False)),  # noqa: S704 (ours alone)
            colours_dark=Markup(css_variables(is_dark=True)),  # noqa: S704 (ours alone)
            css=Markup("".join(map(_read, styles))),  # noqa: S704 (ours alone)
            scripts={name: Markup(text) for name, text in scripts.items()},  # noqa: S704 (ours alone)
            script_source=" ".join(f"'sha256-{_digest(text)}'" for text in scripts.values()),
            **content,
        )
    )


def day_of(provenance: Provenance) -> str:
    """Find the day of the run; a page itself never looks at the clock."""
    return provenance["created"][:10]


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    """Read a file of the pages, or the template that stands beside its section."""
    folder = "" if name.startswith("sections/") else "templates"
    return (resources.files("hilum.report") / folder / name).read_text(encoding="utf-8")


def ticked(text: str) -> Markup:
    """Show as code what stands between backticks."""
    parts = escape(text).split("`")
    code = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    # A backtick that stands alone is a backtick.
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        each for pair in zip_longest(parts[::2], code, fillvalue="") for each in pair
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["ticked"] = ticked
    return environment

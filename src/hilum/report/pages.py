"""What all pages of Hilum have in common: one frame, two colour schemes, no network.

Templates escape whatever they are given; names they do not find are errors. A page's
policy lets nothing run but the script that Hilum itself wrote into it, known by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from hilum.report.palette import css_variables
from hilum.studies.provenance import Provenance

_FURTHER_STYLES: Mapping[str, tuple[str, ...]] = {
    "report": ("audit.css", "decisions.css"),
    "audit": ("audit.css",),
    "recipes": ("recipes.css",),
    "naming": ("naming.css",),
}
_SCRIPTS: Mapping[str, str] = {"report": "prevalence.js"}


def render_page(name: str, /, **content: Any) -> str:
    """Fill a page's template.

    Args:
        name: Of the template; its style sheets add to the common one.
        content: What the template asks for.

    Returns:
        A whole HTML page that loads nothing.
    """
    styles = ("report.css", *_FURTHER_STYLES[name])
    script = _read(_SCRIPTS[name]) if name in _SCRIPTS else ""
    return (
        _environment()
        .get_template(f"{name}.html.j2")
        .render(
            colours_light=Markup(css_variables(is_dark=False)),  # noqa: S704 (ours alone)
            colours_dark=Markup(css_variables(is_dark=True)),  # noqa: S704 (ours alone)
            css=Markup("".join(map(_read, styles))),  # noqa: S704 (ours alone)
            script=Markup(script),  # noqa: S704 (ours alone)
            script_source=f"'sha256-{_digest(script)}'" if script else "",
            **content,
        )
    )


def day_of(provenance: Provenance) -> str:
    """Find the day of the run; a page itself never looks at the clock."""
    return provenance["created"][:10]


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (resources.files("hilum.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

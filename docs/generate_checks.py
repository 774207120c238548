"""Writes `docs/checks/`, a page for each check of the audit, for `make docs`."""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from pathlib import Path

from hilum.auditing.evidence import Check, Evidence
from hilum.auditing.register import CHECKS

FOLDER = Path(__file__).parent / "checks"
SECTIONS = ("Problem", "Caution", "Note", "What to do", "Source")
_HEAD = re.compile(rf"^({'|'.join(SECTIONS)}): ", re.MULTILINE)


def pages() -> dict[str, str]:
    """Make every page: text by file name."""
    made = {f"{check.code}.md": _page(check) for check in CHECKS}
    return made | {"README.md": _index()}


def sections(check: Check[...]) -> dict[str, str]:
    """Read a check's docstring: what it looks at under "", the rest by the section's name.

    Names in braces are constants of its module, so that a page tells the threshold that holds.
    """
    told = (inspect.getdoc(check.ask) or "").format_map(vars(sys.modules[check.ask.__module__]))
    first, *rest = _HEAD.split(told)
    parts = {"": first.strip()}
    for name, text in zip(rest[::2], rest[1::2], strict=True):
        parts[name] = " ".join(text.split())
    return parts


def needs(check: Check[...]) -> list[str]:
    """Say in words what a check looks at, as `Evidence` does."""
    described = (inspect.getdoc(Evidence) or "").partition("Attributes:")[2]
    words = dict(re.findall(r"^ {4}(\w+): ((?:.+\n?)(?: {8}.+\n?)*)", described, re.MULTILINE))
    return [f"{' '.join(words[need].split())} (`{need}`)" for need in check.needs]


def _page(check: Check[...]) -> str:
    told = sections(check)
    path = _written_in(check)
    levels = [f"| **{name}** | {told[name]} |" for name in SECTIONS[:3] if name in told]
    lines = [
        f"<!-- Made by `make docs` from {path}; edit it there. -->",
        "",
        f"# {check.title}",
        "",
        f"Code: `{check.code}` · [All checks](README.md)",
        "",
        told[""],
        "",
        "| The finding is a | when |",
        "|---|---|",
        *levels,
        "",
        "## What to do",
        "",
        told["What to do"],
        "",
        "## What it needs",
        "",
        *(f"- {need}" for need in needs(check)),
        "",
        "Where one of these was not gathered, the check does not run.",
        "",
        "## Mute it",
        "",
        f"`--mute {check.code}` keeps the finding, marks it as muted, and takes it out of the exit "
        "code. The verdict stays as it is.",
        "",
        "## Source",
        "",
        *([told["Source"], ""] if "Source" in told else []),
        f"[`{check.ask.__name__}`](../../{path})",
        "",
    ]
    return "\n".join(lines)


def _index() -> str:
    lines = [
        "<!-- Made by `make docs` from src/hilum/auditing/checks; edit it there. -->",
        "",
        "# The checks of the audit",
        "",
        "`hilum audit`, `compare` and `train` run every check whose evidence they gathered. Each "
        "finding names its check by a code. Cite a check by its code and by the version of Hilum; "
        "`--mute CODE,CODE` keeps its findings and takes them out of the exit code, never out of "
        "the verdict.",
        "",
        "A finding is a **Problem** (a fault that the figures cannot survive), a **Caution** (a "
        "doubt about them) or a **Note** (worth knowing). A check that finds nothing says nothing.",
    ]
    family = ""
    for check in CHECKS:
        if check.ask.__module__ != family:
            family = check.ask.__module__
            purpose = (sys.modules[family].__doc__ or "").splitlines()[0]
            lines += ["", f"## {purpose}", "", "| Code | Finds |", "|---|---|"]
        lines += [f"| [`{check.code}`]({check.code}.md) | {check.title} |"]
    return "\n".join([*lines, ""])


def _written_in(check: Check[...]) -> str:
    return f"src/{check.ask.__module__.replace('.', '/')}.py"


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

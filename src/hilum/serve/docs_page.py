"""The page `/docs`: the OpenAPI document as plain HTML, without a script or an outside address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from hilum.serve import schemas

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0067a6; }
@media (prefers-color-scheme: dark) { :root { --accent: #6bb8f0; } }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem;
       padding: 2rem 1.2rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
section { border: 1px solid var(--line); border-radius: .6rem; margin-top: 1.4rem;
          padding: 1rem 1.2rem; }
code, pre { font: .86em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); border-radius: .4rem; margin: .3rem 0; overflow-x: auto;
      padding: .8rem; }
.method { color: var(--accent); font-weight: 700; margin-right: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .35rem .8rem .35rem 0; text-align: left;
         vertical-align: top; }
a { color: var(--accent); }
"""
"""The stylesheet: a file of its own, since the policy of the pages admits nothing inline."""


def draw_docs(document: Mapping[str, Any]) -> str:
    """Draw the page.

    Args:
        document: The OpenAPI document of the application.
    """
    sections = [
        _section(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    info = document["info"]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title>"
        '<link rel="icon" href="static/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="docs.css"></head><body>\n'
        f"<h1>{escape(info['title'])}</h1>\n<p>{escape(info['description'])}</p>\n"
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>. '
        'The page for people: <a href="./">/</a>.</p>\n'
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    parts = [
        f'<h2><span class="method">{method.upper()}</span><code>{escape(path)}</code></h2>',
        f"<p>{_prose(operation['summary'])}. {_prose(operation.get('description', ''))}</p>",
    ]
    if parameters := operation.get("parameters"):
        rows = [(p["name"], p.get("description", "")) for p in parameters]
        parts += ["<h3>Parameters</h3>", _table(rows)]
    parts += ["<h3>Asking</h3>", _pre(_command(method, path, operation))]
    statuses = []
    for status, answer in operation["responses"].items():
        example = _example(answer)
        if status == "200" and example is not None:
            parts += ["<h3>Answer</h3>", _pre(json.dumps(example, indent=2, ensure_ascii=False))]
        elif status != "200":
            statuses.append((status, answer["description"]))
    if statuses:
        parts += ["<h3>Refusals, as <code>application/problem+json</code></h3>", _table(statuses)]
    return "<section>" + "\n".join(parts) + "</section>"


def _command(method: str, path: str, operation: Mapping[str, Any]) -> str:
    words = ["curl"]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "multipart/form-data":
            words += [f"-F {field}=@film.png" for field in body["schema"]["properties"]]
    if method not in ("get", "post"):
        words.append(f"-X {method.upper()}")
    return " ".join([*words, f"http://127.0.0.1:8000{path}"])


def _example(answer: Mapping[str, Any]) -> Any:
    """Find the example of an answer's type, its fields in the order in which they are told."""
    for body in answer.get("content", {}).values():
        name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if model := getattr(schemas, name, None):
            return model.model_config["json_schema_extra"]["examples"][0]
    return None


def _table(rows: list[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{_prose(text)}</td></tr>"
        for name, text in rows
    )
    return f'<div class="wide"><table>{cells}</table></div>'


def _prose(text: str) -> str:
    """Escape a text; what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"

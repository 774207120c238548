"""The page `/docs`: the OpenAPI document as plain HTML, without a script or an outside address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from hilum.serve import schemas


def draw_docs(document: Mapping[str, Any]) -> str:
    """Draw the page.

    Args:
        document: The OpenAPI document of the application.
    """
    routes = [
        _route(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return _template().render(info=document["info"], routes=routes)


def docs_style() -> str:
    """Give the stylesheet: a file of its own, since the pages' policy admits nothing inline."""
    return _read("docs.css")


def _route(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Gather what the page tells of one route."""
    answers = operation["responses"]
    example = _example(answers.get("200", {}))
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [
            (parameter["name"], parameter.get("description", ""))
            for parameter in operation.get("parameters", ())
        ],
        "command": _command(method, path, operation),
        "example": example and json.dumps(example, indent=2, ensure_ascii=False),
        "refusals": [
            (status, answer["description"]) for status, answer in answers.items() if status != "200"
        ],
    }


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


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = _prose
    return environment.get_template("docs.html.j2")


def _read(name: str) -> str:
    return files("hilum.serve").joinpath("page", name).read_text(encoding="utf-8")


def _prose(text: str) -> Markup:
    """Escape a text; what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S704

"""Every JSON document of Hilum by its name, and the JSON Schema that is made of its type."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from hilum.classifier import (
    SCHEMA as CLASSIFIER,
    BundleRecord,
    ExplainedJson,
    ExplainJson,
    ExportNotesJson,
    ModelJson,
    PredictionsJson,
    PredictJson,
    ProblemJson,
)
from hilum.runs.audit import AuditJson, AuditResultsJson
from hilum.runs.commands import ExportedJson, ListedBackboneJson, SymptomJson
from hilum.runs.comparison import ResultsJson
from hilum.runs.naming import NamingJson
from hilum.runs.recipes import RecipesJson
from hilum.runs.table_check import TableCheckJson
from hilum.studies import Provenance

DOCUMENTS: Mapping[str, Any] = {
    "hilum.results/1": ResultsJson,
    "hilum.recipes/1": RecipesJson,
    "hilum.naming/1": NamingJson,
    "hilum.audit/1": AuditResultsJson,
    "hilum.table-check/1": TableCheckJson,
    CLASSIFIER: BundleRecord,
    "hilum.export/1": ExportNotesJson,
    "audit.json": AuditJson,
    "provenance.json": Provenance,
    "predict --json": PredictJson,
    "explain --json": ExplainJson,
    "export --json": ExportedJson,
    "backbones --json": list[ListedBackboneJson],
    "doctor --json": list[SymptomJson],
    "/v1/predict": PredictionsJson,
    "/v1/explain": ExplainedJson,
    "/v1/model": ModelJson,
    "problem": ProblemJson,
}
"""The type of each document, by what its `schema` says, or else by where it is met."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def json_schema(name: str) -> dict[str, Any]:
    """Make the JSON Schema of a document.

    Args:
        name: One of `DOCUMENTS`.
    """
    parts: dict[str, Any] = {}
    whole = DOCUMENTS[name]
    top = _shape(whole, parts)
    if "$ref" in top:
        top = parts.pop(_name(whole))
    if dataclasses.is_dataclass(whole):  # the record is written with the name of its schema
        top["properties"] = {"schema": {"const": name}, **top["properties"]}
        top["required"] = ["schema", *top["required"]]
    return {"$schema": _DIALECT, "title": name, **top, "$defs": dict(sorted(parts.items()))}


def write_schemas(folder: Path) -> None:
    """Write the JSON Schema of every document into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        text = json.dumps(json_schema(name), indent=1, ensure_ascii=False) + "\n"
        (folder / schema_file(name)).write_text(text, encoding="utf-8")


def schema_file(name: str) -> str:
    """Name the file of a document's JSON Schema: `results-1.json`, `audit.json`."""
    stem = name.removeprefix("hilum.").removesuffix(".json").removesuffix(" --json").strip("/")
    return stem.replace("/", "-") + ".json"


def _shape(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    """Describe a type as JSON Schema does; types with keys are gathered in `parts`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in (Any, object):
        return {}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        shapes = [_shape(each, parts) for each in arguments]
        if all(set(shape) == {"type"} for shape in shapes):
            return {"type": [shape["type"] for shape in shapes]}
        return {"anyOf": shapes}
    if origin in (list, tuple):
        return {"type": "array", "items": _shape(arguments[0], parts)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _shape(arguments[1], parts)}
    if _name(kind) not in parts:
        parts[_name(kind)] = {}  # its place, should it hold itself
        parts[_name(kind)] = _shape_of_keys(kind, parts)
    return {"$ref": f"#/$defs/{_name(kind)}"}


def _shape_of_keys(kind: Any, parts: dict[str, Any]) -> dict[str, Any]:
    summary, meanings = _read_docstring(kind)
    hints = get_type_hints(kind)
    required = kind.__required_keys__ if is_typeddict(kind) else hints
    properties = {}
    for key, each in hints.items():
        meaning = {"description": meanings[key]} if key in meanings else {}
        properties[key] = _shape(each, parts) | meaning
    return {
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": [key for key in hints if key in required],
        "additionalProperties": False,
    }


def _read_docstring(kind: Any) -> tuple[str, dict[str, str]]:
    """Take the first paragraph of a docstring, and the meaning of each attribute."""
    text = inspect.cleandoc(kind.__doc__ or "")
    above, _, listed = text.partition("Attributes:\n")
    meanings: dict[str, str] = {}
    for base in _bases(kind):
        meanings |= _read_docstring(base)[1]
    for entry in re.split(r"\n(?=    \w)", listed.strip("\n")):
        key, _, meaning = entry.strip().partition(": ")
        meanings[key] = " ".join(meaning.split())
    return " ".join(above.split("\n\n")[0].split()), meanings


def _bases(kind: Any) -> list[Any]:
    """Find what a `TypedDict` was derived from, which it forgets: its own source tells."""
    try:
        (written,) = ast.parse(inspect.getsource(kind)).body
    except OSError:  # it was not written as a class
        return []
    assert isinstance(written, ast.ClassDef)
    known = vars(sys.modules[kind.__module__])
    named = [known[base.id] for base in written.bases if isinstance(base, ast.Name)]
    return [base for base in named if is_typeddict(base)]


def _name(kind: Any) -> str:
    return str(kind.__name__).removesuffix("Json")

"""Holds documents to the JSON Schemas in `docs/schemas`, by a validator that is not ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from hilum.runs.schema import schema_file

DOCS = Path(__file__).parents[1] / "docs" / "schemas"


def validate(document: Mapping[str, Any] | str, name: str | None = None) -> None:
    """Hold a document to its schema.

    Args:
        document: The document, or the text of its file.
        name: Of a document that does not say it itself, one of `hilum.runs.schema.DOCUMENTS`,
            such as `audit.json` or `predict --json`.

    Raises:
        AssertionError: Something in it is not as the schema says.
    """
    told = json.loads(document) if isinstance(document, str) else json.loads(json.dumps(document))
    schema = json.loads((DOCS / schema_file(name or told["schema"])).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    faults = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in Draft202012Validator(schema).iter_errors(told)
    ]
    assert not faults, "\n".join(faults[:10])

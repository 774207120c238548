"""Documents: how a result becomes JSON, and how JSON that was read becomes a document again.

The type of a document, a `TypedDict`, is the contract: who writes a key by hand and who reads one
is held to it by the type checker. Where a document mirrors a result field by field, the fields are
copied by name, so that no copying is written out; a test holds the two types together.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from functools import cache
from typing import (
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import numpy as np

Document = TypeVar("Document")


def as_document(result: object, kind: type[Document]) -> Document:
    """Copy from a result what a document says of it, parts within parts included.

    Args:
        result: It has an attribute for every key that the document must have.
        kind: The document's type. Keys that it may lack are left out.
    """
    keys: frozenset[str] = getattr(kind, "__required_keys__")  # noqa: B009
    return cast(
        Document,
        {
            key: _copied(getattr(result, key), hint)
            for key, hint in _hints(cast(Any, kind)).items()
            if key in keys
        },
    )


def _copied(value: Any, kind: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if value is None:
        return None
    if origin in (Union, types.UnionType):
        return _copied(value, _known(arguments))
    if is_typeddict(kind):
        return as_document(value, kind)
    if origin is list:
        items = value.tolist() if isinstance(value, np.ndarray) else value
        return [_copied(item, arguments[0]) for item in items]
    if origin is dict:
        return {key: _copied(item, arguments[1]) for key, item in value.items()}
    return value


def to_json(told: Mapping[str, object]) -> str:
    """Write JSON that any reader takes: no NaN, numbers in full."""
    return json.dumps(_plain(told), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Turn arrays, tuples and NumPy numbers into what JSON has; NaN becomes null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def conform(told: object, wanted: type[Document]) -> Document:
    """Make sure that a value read from a file has the form of a document.

    What may be null may also be absent: a run of an older version had not heard of it, and
    null is put there. Keys that are not known are left alone.

    Raises:
        ValueError: It has another form.
    """
    return cast(Document, _conform(told, wanted, "the document"))


def _conform(told: Any, wanted: Any, place: str) -> Any:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted in (Any, object):
        return told
    if origin in (Union, types.UnionType):
        return None if told is None else _conform(told, _known(arguments), place)
    if origin is list and isinstance(told, list):
        return [_conform(item, arguments[0], f"{place}[{k}]") for k, item in enumerate(told)]
    if origin is dict and isinstance(told, dict):
        return {key: _conform(item, arguments[1], f"{place}.{key}") for key, item in told.items()}
    if is_typeddict(wanted) and isinstance(told, dict):
        return _conform_keys(told, wanted, place)
    if origin is Literal:
        fits = told in arguments
    elif wanted is float:
        fits = isinstance(told, (int, float)) and not isinstance(told, bool)
    else:
        fits = type(told) is wanted
    if not fits:
        raise ValueError(f"{place} is not as it must be")
    return told


def _conform_keys(told: dict[str, Any], wanted: Any, place: str) -> dict[str, Any]:
    whole = dict(told)
    for key, kind in _hints(wanted).items():
        if key in told or type(None) in get_args(kind):
            whole[key] = _conform(told.get(key), kind, f"{place}.{key}")
        elif key in wanted.__required_keys__:
            raise ValueError(f"{place} has no {key}")
    return whole


def _known(either: tuple[Any, ...]) -> Any:
    """Find the type of what may also be null."""
    (known,) = (kind for kind in either if kind is not type(None))
    return known


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)

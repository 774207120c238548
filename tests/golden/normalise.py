"""What differs between two runs of one version, and how each of it is made equal.

These rules are all there is: whatever they do not name is compared to the byte. A value is
replaced by another of its type, so that documents stay what their readers expect. The rules
can be applied twice: frozen documents pass through unchanged.
"""

from __future__ import annotations

import json
import re
from typing import Any

TIME = "2000-01-01T00:00:00+00:00"

VOLATILE_KEYS = frozenset(
    {
        "created",  # when a run or a bundle was made
        "seconds",  # how long a stage took: a number, or numbers by stage
        "views_per_second",
        "peak_rss_bytes",
        "python",
        "versions",  # of Hilum and its libraries, in provenance.json
        "made_with",  # the same, in classifier.json
        "hardware",  # of the machine that ran
        "earlier_runs",  # comparisons of these films with this cache
        "study.json",  # in classifier.json: the hash of a file that holds seconds
        "largest_differences",  # of an exported file, run twice on several cores
    }
)
"""Keys of JSON documents below which every value is replaced; the keys are compared."""

TEXT_RULES: tuple[tuple[str, str], ...] = (
    # Progress: lines on the way come by the clock, lines at the end carry their time.
    (r"(?m)^.*\b\d+ of \d+ .*\bs left\n", ""),
    (r"(?m)^Film \d+ of \d+: .*\n", ""),
    (r"(?m)\(\d+(?:\.\d+)? s\)$", "(0.0 s)"),
    (r"(?m)\(\d+ min(?: \d+ s)?\)$", "(0.0 s)"),
    # The server: its port, and how long each request took.
    (r"127\.0\.0\.1:\d+", "127.0.0.1:0"),
    (r"(?m)^(INFO .* \d{3}) \d+ ms$", r"\1 0 ms"),
    (r"(?m)^date: .*$", f"date: {TIME}"),
    (r"(?m)^content-length: \d+$", "content-length: 0"),  # the body itself is compared
    (r"(?m)^(hilum_\w+_created|hilum_\w+_seconds_\w+)(\{.*\})? \S+$", r"\1\2 0"),
    (r"(?m)^((?:process|python)_\w+)(\{.*\})? \S+$", r"\1 0"),
    # An ONNX file names the bundle, which knows when it was made.
    (r"(?m)^[0-9a-f]{64}(  \S+\.onnx)$", rf"{'0' * 64}\1"),
    # The page of a run and the card of a bundle.
    (r'<time datetime="[\d-]+">[\d-]+</time>', '<time datetime="2000-01-01">2000-01-01</time>'),
    (r'(data-label="(?:Time|Extraction|Training)">)[\d., ]+ (?:s|min)', r"\g<1>0.0 s"),
    (r"<dt>created</dt><dd>[^<]*</dd>", f"<dt>created</dt><dd>{TIME}</dd>"),
    (r"<dt>Peak memory</dt><dd>[^<]*</dd>", "<dt>Peak memory</dt><dd>1 MB</dd>"),
    (r">Peak memory: [^<]*<", ">Peak memory: 1 MB.<"),
    (r"<dt>(Time, [^<]*)</dt><dd>[^<]*</dd>", r"<dt>\g<1></dt><dd>0.0 s</dd>"),
    (r"[\d.,]+ film views per second", "1.0 film views per second"),
    (r"(?m)^- Made on [\d-]+ with Hilum \S+\.$", "- Made on 2000-01-01 with Hilum 0."),
)
"""Patterns in all that is no JSON, and what stands there instead."""

PLACES: tuple[tuple[str, str], ...] = (
    (r"\b\d+ [kMG]B, \d+ [MGT]B free", "1 MB, 1 GB free"),
    (r'"/[^"\n]*/site-packages/', '"/site-packages/'),
)
"""Patterns in all files: the size of the cache, and where packages are installed."""

JSON_FORMS: tuple[dict[str, Any], ...] = (
    {"indent": 1, "ensure_ascii": False},
    {"indent": 2, "ensure_ascii": False},
    {"ensure_ascii": False},
    {"ensure_ascii": False, "separators": (",", ":")},
)
"""How Hilum lays its documents out: they are put back into the form in which they came."""


def normalise(name: str, text: str) -> str:
    """Replace what differs between two runs of one version.

    Args:
        name: Path of the file inside the golden folder.
        text: Its content.

    Returns:
        The content to compare.
    """
    for pattern, instead in PLACES:
        text = re.sub(pattern, instead, text)
    if name.endswith(".json"):
        try:
            document = json.loads(text)
        except json.JSONDecodeError:
            return text
        for form in JSON_FORMS:
            if json.dumps(document, **form) == text.rstrip("\n"):
                break
        else:
            raise ValueError(f"{name} is laid out as no other JSON document is")
        end = text[len(text.rstrip("\n")) :]
        return json.dumps(_replace(document), **form) + end
    for pattern, instead in TEXT_RULES:
        text = re.sub(pattern, instead, text)
    return text


def _replace(document: Any, *, is_volatile: bool = False) -> Any:
    """Copy a document, with the values below volatile keys replaced."""
    if isinstance(document, dict):
        return {
            key: _replace(value, is_volatile=is_volatile or key in VOLATILE_KEYS)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [_replace(value, is_volatile=is_volatile) for value in document]
    if not is_volatile or document is None or isinstance(document, bool):
        return document
    if isinstance(document, str):
        return _replace_text(document)
    return type(document)(1)


def _replace_text(value: str) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\dT.*", value):
        return TIME
    return "0" * 64 if re.fullmatch(r"[0-9a-f]{64}", value) else "0"

from __future__ import annotations

import numpy as np

from hilum.report.pages import LONGEST_LIST, Entry, list_entries


def unchanged(text: str) -> str:
    return text


def test_values_are_written_for_reading() -> None:
    record = {
        "memory_bytes": 8_000_000_000,
        "extract_seconds": 250.0,
        "is_grouped": True,
        "source": None,
        "share": np.float64(1 / 3),
        "nothing": [],
        "pairs": [("a", "b"), ("c", "d")],
    }
    assert [(entry.name, entry.text) for entry in list_entries(record, unchanged)] == [
        ("memory", "8.0 GB"),
        ("extract", "4 min 10 s"),
        ("is grouped", "yes"),
        ("source", "unknown"),
        ("share", "0.3333"),
        ("nothing", "none"),
        ("pairs", "(a, b), (c, d)"),
    ]


def test_records_nest() -> None:
    entries = list_entries({"a": {"b": 1}, "c": [{"d": 2}]}, unchanged)
    assert entries[0] == Entry("a", "", (Entry("b", "1"),))
    assert entries[1] == Entry("c", "", (Entry("1", "", (Entry("d", "2"),)),))


def test_long_lists_are_cut_and_say_so() -> None:
    (entry,) = list_entries({"films": [f"f{k}" for k in range(LONGEST_LIST + 5)]}, unchanged)
    assert entry.text.endswith(f"f{LONGEST_LIST - 1} and 5 more")


def test_every_text_passes_the_redactor() -> None:
    entries = list_entries(
        {"x": "x", "l": ["x", "y"], "d": {"x": "x"}}, lambda t: t.replace("x", "_")
    )
    assert "x" not in repr(entries).replace("text", "")

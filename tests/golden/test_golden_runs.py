"""What Hilum writes, held against the documents that the repository keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from golden.compare import compare_closely, read_golden
from golden.make import FROZEN, first_steps, freeze, further_steps, make

FIRST = ("compare/", "train-from/", "predict-json/")


def are_the_same_films(frozen: dict[str, str], made: dict[str, str]) -> bool:
    """Tell whether the films are the frozen ones, byte for byte.

    Where a processor without AVX2, or of another kind, rounds one pixel of a phantom the other
    way, it is another film: it goes to another fold, and no number can be compared.
    """
    name = "compare/files/provenance.json"
    one, other = (json.loads(texts[name])["films_sha256"] for texts in (frozen, made))
    return bool(one == other)


def check(golden: Path, kept: Path, names: tuple[str, ...]) -> None:
    freeze(golden, kept)
    frozen = {n: text for n, text in read_golden(FROZEN).items() if n.startswith(names)}
    made = read_golden(kept)
    assert frozen
    differences = list(compare_closely(frozen, made, numbers=are_the_same_films(frozen, made)))
    assert not differences, "\n".join(differences[:40])


def test_a_comparison_and_answers_come_out_as_they_were(tmp_path: Path) -> None:
    make(tmp_path / "golden", first_steps)
    check(tmp_path / "golden", tmp_path / "kept", FIRST)


@pytest.mark.slow
def test_everything_comes_out_as_it_was(tmp_path: Path) -> None:
    make(tmp_path / "golden", first_steps, further_steps)
    check(tmp_path / "golden", tmp_path / "kept", ("",))
    made = {path.relative_to(tmp_path / "kept") for path in (tmp_path / "kept").rglob("*.*")}
    assert made == {path.relative_to(FROZEN) for path in FROZEN.rglob("*.*")}


def test_frozen_documents_are_small_and_of_no_machine() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in FROZEN.rglob("*.*")}
    assert len(texts) > 30
    assert sum(map(len, texts.values())) < 600_000
    assert all(len(text) < 300_000 for text in texts.values())
    assert read_golden(FROZEN) == {
        path.relative_to(FROZEN).as_posix(): text for path, text in texts.items()
    }
    for word in (sys.prefix, "/tmp/", "/home/", "EPYC", "Intel", "x86_64"):
        assert not [path for path, text in texts.items() if word in text]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"n": 41, "value": 0.5, "title": "Frame"}, ["r.json/n: 40 and 41"]),
        ({"n": 40, "value": 0.50001, "title": "Frame"}, ["r.json/value: 0.5 and 0.50001"]),
        ({"n": 40, "value": 0.5000001, "title": "Frame"}, []),
        ({"n": 40, "value": 0.5, "title": "frame"}, ["r.json/title: 'Frame' and 'frame'"]),
        ({"n": 40, "value": 0.5}, ["r.json: keys ['title']"]),
    ],
)
def test_a_difference_is_told(other: dict[str, object], told: list[str]) -> None:
    frozen = json.dumps({"n": 40, "value": 0.5, "title": "Frame"})
    assert list(compare_closely({"r.json": frozen}, {"r.json": json.dumps(other)})) == told

"""The JSON beside a model file: every fault is told, and at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hilum.backbones.model_files import EXAMPLE, read_description
from hilum.errors import WeightsError

SHA256 = "ab" * 32
NEEDED = {"size_px": 224, "channels": 3, "take": "vector"}


def read(folder: Path, text: str | bytes, name: str = "net.onnx") -> Any:
    (folder / name).with_suffix(".json").write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )
    return read_description(folder / name, SHA256)


def faults(folder: Path, **fields: Any) -> str:
    with pytest.raises(WeightsError) as caught:
        read(folder, json.dumps(NEEDED | fields))
    assert EXAMPLE in caught.value.fix
    return caught.value.message


def test_three_fields_are_enough(tmp_path: Path) -> None:
    described = read(tmp_path, json.dumps(NEEDED))
    assert (described.name, described.title, described.size_px) == ("net", "net", 224)
    spec = described.spec
    assert (spec.layout, spec.pixel_range, spec.output) == ("NCHW", (0.0, 1.0), None)
    assert (spec.mean, spec.std) == ((0.0,) * 3, (1.0,) * 3)
    assert spec.sha256 == SHA256


def test_the_example_is_a_whole_description(tmp_path: Path) -> None:
    described = read(tmp_path, EXAMPLE)
    assert described.name == "my-densenet"
    assert described.spec.pixel_range == (-1024.0, 1024.0)
    assert described.spec.output == "features"


def test_one_number_stands_for_every_channel(tmp_path: Path) -> None:
    spec = read(tmp_path, json.dumps(NEEDED | {"mean": 0.5, "std": [0.1, 0.2, 0.3]})).spec
    assert (spec.mean, spec.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))


def test_a_missing_description_shows_one_to_copy(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"net\.json cannot be read") as caught:
        read_description(tmp_path / "net.onnx", SHA256)
    assert json.loads(caught.value.fix.partition("\n")[2])["size_px"] == 224


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(
        tmp_path, size_px="224", channels=2, layout="CHW", pixel_range=[0], mean=[1, 2],
        std=0, take="mean", output=7, title="", sizepx=3,
    )  # fmt: skip
    for name in ("size_px", "channels", "layout", "pixel_range", "std", "take", "output", "title"):
        assert f"\n  {name}: " in told
    assert "'sizepx': no such field; there are " in told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"size_px": 0}, "from 8 to 4096"),
        ({"size_px": 224.0}, "a whole number"),
        ({"size_px": True}, "a whole number"),
        ({"channels": True}, "one of 1, 3"),
        ({"channels": "3"}, "one of 1, 3"),
        ({"mean": [1, 2]}, "mean: must be 3 numbers"),
        ({"mean": [1, 2, float("nan")]}, "mean: must be"),
        ({"mean": float("inf")}, "mean: must be"),
        ({"mean": 10**400}, "mean: must be"),
        ({"mean": [True, 1, 1]}, "mean: must be"),
        ({"mean": {}}, "mean: must be"),
        ({"std": [1, -1, 1]}, "std: above 0"),
        ({"pixel_range": [3, 3]}, "are the same"),
        ({"pixel_range": 3}, "pixel_range: must be 2 numbers"),
        ({"name": "../../etc"}, "name: letters"),
        ({"name": "a b"}, "name: letters"),
        ({"title": "two\nlines"}, "title: must be one line"),
        ({"title": "=cmd()"}, "title: must be one line"),
        ({"title": "\u202egnp"}, "title: must be one line"),
        ({"licence": ["MIT"]}, "licence: must be"),
        ({"trained_on": "x" * 201}, "trained_on: must be"),
        ({"output": None}, "output: must be"),
        ({"sha256": "abc"}, "64 hex digits"),
        ({"sha256": "cd" * 32}, f"is {SHA256}: another file, or damaged"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    assert told in faults(tmp_path, **fields)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b"[1]", "one JSON object"),
        (b" " * ((1 << 20) + 1), "larger than 1 MB"),
    ],
)
def test_what_is_no_description_is_said_to_be_none(tmp_path: Path, text: bytes, told: str) -> None:
    with pytest.raises(WeightsError, match=told):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("file", "name"),
    [("a b.onnx", "a-b"), ("net.v2.onnx", "net.v2"), ("ö.onnx", "own-network"), ("=c.xml", "c")],
)
def test_a_name_is_made_from_the_files(tmp_path: Path, file: str, name: str) -> None:
    assert read(tmp_path, json.dumps(NEEDED), file).name == name

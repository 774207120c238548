"""The restricted reader takes the real checkpoints and nothing that could do harm."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from embedded import EMBEDDED, embedded
from every import every
from hilum.backbones.catalog import CATALOG
from hilum.backbones.checkpoints import read_checkpoint
from hilum.errors import WeightsError

MAGIC = 0x1950A86A20F9469CFC6C


class Harmful:
    """Runs a command when an ordinary unpickler reads it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.target,)  # type: ignore[return-value]


def write_chain(path: Path, *parts: object, tail: bytes = b"") -> Path:
    buffer = io.BytesIO()
    for part in parts:
        pickle.dump(part, buffer, protocol=2)
    path.write_bytes(buffer.getvalue() + tail)
    return path


@pytest.mark.parametrize("name", EMBEDDED)
def test_real_checkpoints_are_read_whole(name: str) -> None:
    arrays = read_checkpoint(embedded(name).weights.path)
    assert arrays["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert arrays["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in every(arrays.values()))
    frozen = sum(
        array.size
        for key, array in arrays.items()
        if not key.startswith("_fc.") and not key.endswith("num_batches_tracked")
    )
    assert frozen == CATALOG[name].parameters


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    target = tmp_path / "harm-was-done"
    system = {"little_endian": True}
    bad = write_chain(tmp_path / "bad.pth", MAGIC, 1001, system, {"w": Harmful(target)})
    with pytest.raises(WeightsError, match="not admitted"):
        read_checkpoint(bad)
    assert not target.exists()


@pytest.mark.parametrize("position", [0, 1, 2])
def test_code_in_the_preamble_is_not_run(tmp_path: Path, position: int) -> None:
    target = tmp_path / "harm-was-done"
    parts: list[object] = [MAGIC, 1001, {"little_endian": True}]
    parts[position] = Harmful(target)
    with pytest.raises(WeightsError):
        read_checkpoint(write_chain(tmp_path / "bad.pth", *parts))
    assert not target.exists()


@pytest.mark.parametrize(
    "parts",
    [
        (1,),
        (MAGIC, 7),
        (MAGIC, 1001, {"little_endian": False}),
        (MAGIC, 1001, {"little_endian": True}, OrderedDict(w=3), []),
        (MAGIC, 1001, {"little_endian": True}, OrderedDict(), ["ghost"]),
    ],
)
def test_other_files_are_refused(tmp_path: Path, parts: tuple[object, ...]) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        read_checkpoint(write_chain(tmp_path / "other.pth", *parts))


def test_no_pickle_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.pth"
    path.write_text("this is no checkpoint")
    with pytest.raises(WeightsError):
        read_checkpoint(path)


@pytest.mark.parametrize("kept", [0.0001, 0.001, 0.5, 0.999])
def test_truncated_files_are_refused(tmp_path: Path, kept: float) -> None:
    data = embedded().weights.path.read_bytes()
    path = tmp_path / "cut.pth"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(WeightsError, match="cannot be read"):
        read_checkpoint(path)

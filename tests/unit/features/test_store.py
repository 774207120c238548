"""The store gives back what it was given, to the bit, and survives damage."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from hilum.errors import CacheError
from hilum.features.store import FeatureStore

WIDTH = 8


def some_features(*films: str, seed: int = 0) -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        (film, view): rng.normal(size=WIDTH).astype(np.float32)
        for film in films
        for view in ("upright", "rotated+3.00")
    }


def test_features_come_back_to_the_bit(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "features", WIDTH)
    first, second = some_features("a", "b"), some_features("c", seed=1)
    store.add(first)
    store.add(second)
    wanted = first | second
    found = dict(FeatureStore(tmp_path / "features", WIDTH).load([*wanted, ("z", "upright")]))
    assert found.keys() == wanted.keys()
    assert all((found[key] == wanted[key]).all() for key in wanted)


def test_an_absent_store_is_an_empty_one(tmp_path: Path) -> None:
    assert list(FeatureStore(tmp_path / "nothing", WIDTH).load([("a", "upright")])) == []
    assert not (tmp_path / "nothing").exists()


def test_nothing_to_add_writes_nothing(tmp_path: Path) -> None:
    FeatureStore(tmp_path / "features", WIDTH).add({})
    assert not (tmp_path / "features").exists()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_shard_is_set_aside_and_the_rest_is_read(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FeatureStore(tmp_path, WIDTH)
    store.add(some_features("a"))
    (bad,) = tmp_path.glob("*.parquet")
    store.add(some_features("b", seed=1))
    data = bytearray(bad.read_bytes())
    if damage == "flip":
        data[len(data) // 3] ^= 1
    bad.write_bytes({"flip": bytes(data), "cut": bytes(data[:-9]), "empty": b""}[damage])
    found = dict(store.load([("a", "upright"), ("b", "upright")]))
    assert set(found) == {("b", "upright")}
    assert "set aside" in caplog.text
    assert bad.with_suffix(".damaged").exists()
    assert not bad.exists()


def test_features_of_another_width_are_not_taken(tmp_path: Path) -> None:
    FeatureStore(tmp_path, WIDTH).add(some_features("a"))
    assert list(FeatureStore(tmp_path, WIDTH + 1).load([("a", "upright")])) == []


def test_a_half_written_shard_is_never_seen(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, WIDTH)
    store.add(some_features("a"))
    (tmp_path / ".writing-xyz").write_bytes(b"half a shard")
    found = dict(store.load([("a", "upright"), ("b", "upright")]))
    assert set(found) == {("a", "upright")}


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheError) as caught:
        FeatureStore(tmp_path / "file" / "features", WIDTH).add(some_features("a"))
    assert "--cache-dir" in caught.value.fix
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno in (errno.ENOTDIR, errno.EEXIST)

"""The store gives back what it was given, to the bit, shard by shard, and survives damage."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hilum.errors import CacheError
from hilum.features.store import FeatureStore, stored_in_shards

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


class Clock:
    """A clock that goes on by what computing takes, and by nothing else."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def computes(self, n_items: int, seconds_each: float) -> Iterator[tuple[int, str]]:
        for key in range(n_items):
            self.now += seconds_each
            yield key, f"value {key}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def stored_sizes(computed: Iterator[tuple[int, str]]) -> list[int]:
    shards: list[dict[int, str]] = []
    handed_on = dict(stored_in_shards(computed, shards.append))
    assert {key: value for shard in shards for key, value in shard.items()} == handed_on
    return [len(shard) for shard in shards]


@pytest.mark.parametrize(
    ("n_items", "seconds_each", "sizes"),
    [
        (7, 2.0, [3, 3, 1]),  # after 6, 12 and, at the end, 14 seconds
        (4, 5.0, [2, 2]),  # five seconds sharp are not over yet
        (4, 5.01, [1, 1, 1, 1]),
        (4, 2.4, [3, 1]),
        (9, 0.5, [9]),
        (11, 0.5, [11]),
        (12, 0.5, [11, 1]),
        (1100, 0.0, [512, 512, 76]),
        (1024, 0.0, [512, 512]),
        (0, 1.0, []),
    ],
)
def test_a_shard_is_stored_after_five_seconds_or_512_items(
    clock: Clock, n_items: int, seconds_each: float, sizes: list[int]
) -> None:
    assert stored_sizes(clock.computes(n_items, seconds_each)) == sizes


def test_an_interrupt_stores_what_is_there_already(clock: Clock) -> None:
    shards: list[dict[int, str]] = []

    def interrupted() -> Iterator[tuple[int, str]]:
        yield from clock.computes(4, 2.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(stored_in_shards(interrupted(), shards.append))
    assert [list(shard) for shard in shards] == [[0, 1, 2], [3]]

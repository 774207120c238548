"""What is computed is stored by the five seconds or the 512 items, whichever comes first."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hilum.features.store import stored_in_shards


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

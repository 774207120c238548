"""Work on all cores, in order and no further ahead than needed; and what memory a run takes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hilum.machine import (
    default_cache_dir,
    default_weights_dir,
    is_loopback,
    map_ahead,
    map_in_threads,
    usable_cores,
)


def test_folders_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILUM_CACHE_DIR", "some/cache")
    monkeypatch.setenv("HILUM_WEIGHTS_DIR", "some/weights")
    assert default_cache_dir() == Path("some/cache")
    assert default_weights_dir() == Path("some/weights")
    monkeypatch.delenv("HILUM_CACHE_DIR")
    monkeypatch.delenv("HILUM_WEIGHTS_DIR")
    assert default_cache_dir().name == "hilum"
    assert default_weights_dir() is None


def test_results_come_in_order() -> None:
    numbers = range(100)
    assert map_in_threads(lambda n: n * n, numbers) == [n * n for n in numbers]
    assert list(map_ahead(lambda n: n * n, numbers)) == [(n, n * n) for n in numbers]


def test_only_a_few_items_are_taken_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_ahead(lambda n: n, items())
    for done in range(5):
        assert next(results) == (done, done)
        assert len(taken) <= done + 16
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 20


def test_an_error_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    with pytest.raises(ValueError, match="three"):
        list(map_ahead(work, range(1000)))
    assert len(begun) <= 3 + 17
    with pytest.raises(ValueError, match="three"):
        map_in_threads(work, range(10))


def test_threads_work_side_by_side() -> None:
    both = threading.Barrier(2, timeout=20)
    if usable_cores() < 2:
        pytest.skip("this process may use one core alone")
    map_in_threads(lambda _: both.wait(), range(2))


def test_a_child_counts_on_top_of_what_is_held_at_the_time() -> None:
    code = (
        "from hilum.machine import note_child, own_peak_bytes, peak_rss_bytes\n"
        "first = peak_rss_bytes()\n"
        "note_child(None)\n"
        "none = peak_rss_bytes()\n"
        "note_child(10**15)\n"
        "print(own_peak_bytes(), first, none, peak_rss_bytes())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if "None" in told.stdout:
        pytest.skip("this system does not tell")
    own, first, none, with_child = map(int, told.stdout.split())
    assert 5_000_000 < first <= own
    assert none <= own
    assert first / 2 < with_child - 10**15 <= own


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("", False),
        (None, False),
        ("0.0.0.0", False),
        ("192.168.0.1", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
    ],
)
def test_this_machine_is_known_by_its_own_names(host: str | None, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours

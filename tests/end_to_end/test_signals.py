"""Ctrl-C, SIGTERM and company: one line, the right exit code, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from hilum.phantoms.cohort import write_phantoms


def start(*arguments: object, cache: Path, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hilum", *map(str, arguments)],
        env=os.environ | {"HILUM_CACHE_DIR": str(cache)},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("data") / "films", n_films=24)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_nothing_half_done(
    table: Path, tmp_path: Path, number: int, code: int
) -> None:
    cache = tmp_path / "cache"
    process = start("compare", table, "--positive", "Opacity", cache=cache, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not list(cache.glob("graphs/.*/keras")) and time.monotonic() < deadline:
        time.sleep(0.02)  # until the compiling child is at work
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert told.count("Stopped.") == 1
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    left = {path.relative_to(cache).parts[0] for path in cache.rglob("*")}
    assert left <= {"graphs", "traits"}  # what was looked at is kept, as it is whole
    assert all(path.suffix == ".lock" for path in cache.glob("graphs/*"))
    assert all(path.suffix == ".parquet" for path in cache.glob("traits/*/*"))


def test_two_runs_share_a_cache_in_peace(table: Path, graph_cache: Path, tmp_path: Path) -> None:
    options = ("--backbones", "efficientnet-lite0", "--repeats", "1", "--views", "0", "--epochs", 3)
    runs = [
        start("compare", table, "--positive", "Opacity", "--out", tmp_path / name, *options,
              cache=graph_cache, cwd=tmp_path)
        for name in ("one", "two")
    ]  # fmt: skip
    told = [run.communicate(timeout=120) for run in runs]
    # Three epochs on 24 films learn nothing, so the claim is withheld.
    assert [run.returncode for run in runs] == [1, 1], told
    first, second = ((tmp_path / name / "predictions.csv").read_text() for name in ("one", "two"))
    assert first == second


def test_the_second_run_in_one_folder_is_turned_away(
    table: Path, graph_cache: Path, tmp_path: Path
) -> None:
    options = ("--positive", "Opacity", "--out", tmp_path / "run")
    first = start("compare", table, *options, cache=graph_cache, cwd=tmp_path)
    deadline = time.monotonic() + 60
    locks = Path(tempfile.gettempdir())
    while not any(lock.read_text() == str(first.pid) for lock in locks.glob("hilum-run-*.lock")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = start("compare", table, *options, cache=graph_cache, cwd=tmp_path)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"process {first.pid}" in told
    first.kill()
    first.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("delay_seconds", [0.05, 0.4, 0.9, 1.6])
def test_a_run_that_trains_stops_without_a_crash(
    table: Path, graph_cache: Path, tmp_path: Path, number: int, delay_seconds: float
) -> None:
    """Most of the time after the features goes into compiling, which is native code."""
    options = ("--positive", "Opacity", "--backbones", "efficientnet-lite0", "--views", "0")
    process = start("compare", table, *options, "--repeats", "400", cache=graph_cache, cwd=tmp_path)
    assert process.stderr is not None
    while "Copies" not in (line := process.stderr.readline()):  # then the features are there
        assert line
    time.sleep(delay_seconds)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert told.count("Stopped.") == 1
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_stop_inside_generated_source_keeps_the_exit_code(tmp_path: Path) -> None:
    """Dataclasses are made by `exec`, whose plain interrupts the interpreter remembers."""
    (tmp_path / "program.py").write_text(
        "import sys\n"
        "from hilum.cli.signals import stopping\n"
        "stopping.listen()\n"
        "try:\n"
        "    exec('import os, signal; os.kill(os.getpid(), signal.SIGINT)')\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(stopping.exit_code)\n"
    )
    ended = subprocess.run([sys.executable, "-m", "program"], cwd=tmp_path, check=False)
    assert ended.returncode == 130


@pytest.mark.slow
def test_two_demos_at_once_draw_the_films_once(tmp_path: Path) -> None:
    runs = [
        start("demo", "--out", tmp_path / name, cache=tmp_path / "cache", cwd=tmp_path)
        for name in ("one", "two")
    ]
    told = [run.communicate(timeout=300)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sum("160 drawn" in text for text in told) == 1

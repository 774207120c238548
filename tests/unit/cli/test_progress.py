"""What is shown of a study: lines with rate and time left, a bar on a terminal, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

import pytest

from hilum.cli.progress import watching
from hilum.cli.signals import Stopped, stopping


class Terminal(StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def study(*, is_quiet: bool = False, pause_seconds: float = 0.0) -> None:
    with watching(is_quiet=is_quiet, pause_seconds=pause_seconds) as watcher:
        watcher.begin("Net [1]: features", "views")
        for done in (2, 4, 8):
            watcher.advance(done, 8)
        watcher.end("8 views")
        watcher.advance(8, 8)


def test_lines_tell_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    study()
    told = capsys.readouterr()
    assert told.out == ""
    half, whole, end = told.err.splitlines()
    # Nothing is told of a rate before the second progress: what came before is preparation.
    assert re.fullmatch(r"Net \[1\]: features: 4 of 8 views, \d+ views/s, \d+ s left", half)
    assert re.fullmatch(r"Net \[1\]: features: 8 of 8 views, \d+ views/s, 0 s left", whole)
    assert re.fullmatch(r"Net \[1\]: features: 8 views \(\d+\.\d s\)", end)


def test_a_short_stage_has_its_end_alone(capsys: pytest.CaptureFixture[str]) -> None:
    study(pause_seconds=10.0)
    assert re.fullmatch(r"Net \[1\]: features: 8 views \(0\.\d s\)\n", capsys.readouterr().err)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    study(is_quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def test_a_terminal_gets_a_bar_that_gives_way_to_a_line(terminal: Terminal) -> None:
    with redirect_stderr(terminal):
        study()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "8/8" in shown
    assert re.search(r"\d views/s", shown)
    assert re.search(r"✓ Net \[1\]: features: 8 views \(0\.\d s\)\n$", shown)
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")


def test_a_bar_goes_when_a_study_fails(terminal: Terminal) -> None:
    def fail() -> None:
        with watching(is_quiet=False) as watcher:
            watcher.begin("Films", "films")
            raise ValueError("of the study's")

    with redirect_stderr(terminal), pytest.raises(ValueError, match="of the study's"):
        fail()
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")


@pytest.fixture
def stopped() -> Iterator[None]:
    stopping.number = 2
    yield
    stopping.number = None


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("is_quiet", [True, False])
def test_a_study_hears_that_it_should_stop(is_quiet: bool) -> None:
    with watching(is_quiet=is_quiet) as watcher, pytest.raises(Stopped):
        watcher.begin("Films", "films")
    with watching(is_quiet=is_quiet) as watcher, pytest.raises(Stopped):
        watcher.advance(1, 2)
    with watching(is_quiet=is_quiet) as watcher, pytest.raises(Stopped):
        watcher.end("all")

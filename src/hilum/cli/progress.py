"""Shows a study's progress: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hilum.cli.stopping import stopping
from hilum.studies.watching import Silence, Watcher

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BEFORE_A_RATE = 0.5


@contextlib.contextmanager
def watching(*, is_quiet: bool) -> Iterator[Watcher]:
    """Give a watcher that fits where standard error goes, and tidy up whatever happens."""
    bar = LiveBar() if not is_quiet and sys.stderr.isatty() else None
    try:
        yield _Attentive(bar or (Silence() if is_quiet else PlainLines()))
    finally:
        if bar:
            bar.close()


class _Attentive:
    """Passes everything on, and stops the study if the command was asked to stop."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def begin(self, stage: str, unit: str) -> None:
        stopping.check()
        self._watcher.begin(stage, unit)

    def advance(self, done: int, total: int) -> None:
        stopping.check()
        self._watcher.advance(done, total)

    def end(self, summary: str) -> None:
        stopping.check()
        self._watcher.end(summary)


class _Clock:
    """Measures a rate from the first progress on: what comes before is preparation."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def rate(self, done: int) -> float | None:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        seconds, fresh = now - self._first[0], done - self._first[1]
        return fresh / seconds if seconds > _SECONDS_BEFORE_A_RATE else None


class PlainLines:
    """One line as a stage begins, ends, and every ten seconds between."""

    def begin(self, stage: str, unit: str) -> None:
        """Start the clock of a stage."""
        self._stage, self._unit = stage, unit
        self._started = self._last_line = time.monotonic()
        self._clock = _Clock()

    def advance(self, done: int, total: int) -> None:
        """Write a line if none was written for a while."""
        now, rate = time.monotonic(), self._clock.rate(done)
        if now - self._last_line >= _SECONDS_BETWEEN_LINES and rate:
            left = (total - done) / rate
            self._say(
                f"{done} of {total} {self._unit}, {rate:.0f} {self._unit}/s, {left:.0f} s left"
            )
            self._last_line = now

    def end(self, summary: str) -> None:
        """Write what came of the stage and how long it took."""
        self._say(f"{summary} ({time.monotonic() - self._started:.1f} s)")

    def _say(self, text: str) -> None:
        print(f"{self._stage}: {text}", file=sys.stderr, flush=True)  # noqa: T201


class LiveBar:
    """A bar with rate and time left, which gives way to a line when the stage ends."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None

    def begin(self, stage: str, unit: str) -> None:
        """Put up the bar of a stage."""
        self._stage, self._unit, self._started = stage, unit, time.monotonic()
        self._clock = _Clock()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(escape(stage), total=None, rate="")
        self._bar.start()

    def advance(self, done: int, total: int) -> None:
        """Move the bar."""
        assert self._bar is not None, "a stage begins before it advances"
        rate = self._clock.rate(done)
        told = f"{rate:.0f} {self._unit}/s" if rate else ""
        self._bar.update(self._task, completed=done, total=total, rate=told)

    def end(self, summary: str) -> None:
        """Take the bar down and leave one line."""
        self.close()
        seconds = time.monotonic() - self._started
        self._console.print(
            f"[green]✓[/] {escape(self._stage)}: {summary} [dim]({seconds:.1f} s)[/]"
        )

    def close(self) -> None:
        """Take down a bar that is still up, so that the cursor is back."""
        bar, self._bar = self._bar, None
        try:
            if bar:
                bar.stop()
        except IndexError:  # interrupted while it went up
            self._console.show_cursor(True)

"""Shows a study's progress, and ends a command in order on Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from hilum.studies import Watcher


class Stopped(KeyboardInterrupt):
    """The command was asked to stop.

    A class of its own, because the interpreter remembers a plain `KeyboardInterrupt` that
    leaves source run by `exec` (a dataclass being made, say), even where it is caught
    further out: `python -m` would then end by the signal and not with our exit code.
    """


class Stopping:
    """Remembers that the command was asked to stop, whoever swallows the exception.

    A native library may turn an exception that a signal raised inside it into another
    one, or lose it; so who works for long looks here from time to time.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def listen(self) -> None:
        """Take over both signals."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)
        sys.unraisablehook = self._pass_over

    def check(self) -> None:
        """Stop now if that was asked for and did not come through."""
        if self.number is not None:
            raise Stopped

    @property
    def exit_code(self) -> int:
        """128 and the signal's number, as shells do."""
        return 128 + (self.number or 0)

    def leave(self) -> NoReturn:
        """End the process now that everything of ours is cleaned up.

        Without taking the interpreter down: native libraries whose work was cut short may
        crash in that, and the shell would be told of the crash.
        """
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(self.exit_code)

    def _pass_over(self, lost: sys.UnraisableHookArgs) -> None:
        """Say nothing of our own interrupt where nothing could catch it: `check` will."""
        if self.number is None or not isinstance(lost.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(lost)

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self.number is not None:
            os._exit(self.exit_code)  # asked twice
        self.number = number
        raise Stopped


stopping = Stopping()
"""The one of this process: signals are the process's, too."""


@contextlib.contextmanager
def watching(*, is_quiet: bool, pause_seconds: float = 10.0) -> Iterator[Watcher]:
    """Give a watcher that fits where standard error goes, and tidy up whatever happens.

    It also stops the study if the command was asked to stop.

    Args:
        is_quiet: Show nothing.
        pause_seconds: Between two plain lines of a stage.
    """
    stages = _Stages(is_quiet=is_quiet, pause_seconds=pause_seconds)
    try:
        yield stages
    finally:
        stages.close()


class _Rate(ProgressColumn):
    """How fast a stage goes, in its own unit."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} {task.fields['unit']}/s" if task.speed else "")


class _Stages:
    """Shows one stage after the other; each ends with what came of it and how long it took."""

    def __init__(self, *, is_quiet: bool, pause_seconds: float) -> None:
        self._is_quiet = is_quiet
        self._is_live = not is_quiet and sys.stderr.isatty()
        self._pause_seconds = pause_seconds
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None

    def begin(self, stage: str, unit: str) -> None:
        stopping.check()
        # The rate is that of the whole stage, since a step may take minutes. It is measured
        # from the first progress on: what comes before is preparation.
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._is_live,
            speed_estimate_period=math.inf,
        )
        self._bar.add_task(escape(stage), total=None, unit=unit)
        self._stage, self._told_seconds = stage, 0.0
        self._bar.start()

    def advance(self, done: int, total: int) -> None:
        stopping.check()
        if self._bar is None:  # between two stages
            return
        (task,) = self._bar.tasks
        self._bar.update(task.id, completed=done, total=total)
        seconds, unit = task.elapsed or 0.0, task.fields["unit"]
        if seconds - self._told_seconds >= self._pause_seconds and task.speed:
            self._told_seconds = seconds
            left = (total - done) / task.speed
            self._say(f"{done} of {total} {unit}, {task.speed:.0f} {unit}/s, {left:.0f} s left")

    def end(self, summary: str) -> None:
        stopping.check()
        assert self._bar is not None, "a stage begins before it ends"
        (task,) = self._bar.tasks
        self.close()
        if self._is_live:
            self._console.print(
                f"[green]✓[/] {escape(self._stage)}: {summary} [dim]({task.elapsed:.1f} s)[/]"
            )
        else:
            self._say(f"{summary} ({task.elapsed:.1f} s)")

    def close(self) -> None:
        """Take down a bar that is still up, so that the cursor is back."""
        try:
            if self._bar and self._is_live:
                self._bar.stop()
        except IndexError:  # interrupted while it went up
            self._console.show_cursor(True)
        self._bar = None

    def _say(self, text: str) -> None:
        """Write a plain line, where neither a bar nor silence is asked for."""
        if not self._is_live and not self._is_quiet:
            print(f"{self._stage}: {text}", file=sys.stderr, flush=True)  # noqa: T201

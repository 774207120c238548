"""Shows a study's progress: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator

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

from hilum.cli.signals import stopping
from hilum.studies import Watcher


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

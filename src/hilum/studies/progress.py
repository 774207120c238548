"""The progress of a study, reported to a watcher."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Watcher(Protocol):
    """Hears of each long stage: its beginning, its progress, its end."""

    def begin(self, stage: str, unit: str) -> None:
        """Enter a stage whose progress is counted in `unit`."""
        ...

    def advance(self, done: int, total: int) -> None:
        """Say that `done` of `total` are done."""
        ...

    def end(self, summary: str) -> None:
        """Leave the stage; one line says what came of it."""
        ...


class Prefixed:
    """Puts a name before every stage, where several things go through the same ones."""

    def __init__(self, name: str, watcher: Watcher) -> None:
        self._name, self._watcher = name, watcher

    def begin(self, stage: str, unit: str) -> None:
        """Enter the stage under the name."""
        self._watcher.begin(f"{self._name}: {stage}", unit)

    def advance(self, done: int, total: int) -> None:
        """Pass it on."""
        self._watcher.advance(done, total)

    def end(self, summary: str) -> None:
        """Pass it on."""
        self._watcher.end(summary)


class Silence:
    """A watcher that says nothing."""

    def begin(self, stage: str, unit: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int) -> None:
        """Ignore it."""

    def end(self, summary: str) -> None:
        """Ignore it."""

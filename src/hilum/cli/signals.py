"""Ctrl-C and SIGTERM: the command ends in order, with one line and the usual exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


class Stopped(KeyboardInterrupt):
    """The command was asked to stop.

    A class of its own, because the interpreter remembers a plain `KeyboardInterrupt` that
    leaves source run by `exec` (a dataclass being made, say), even where it is caught
    further out: `python -m` would then end by the signal and not with our exit code.
    """


class Stopping:
    """Remembers that the command was asked to stop, even where the exception is swallowed.

    A native library may turn an exception that a signal raised inside it into another
    one, or lose it; so long work calls `check` from time to time.
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

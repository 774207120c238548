"""Child processes: a module of ours runs apart, and its refusals come back word for word.

A job goes in as JSON on standard input. A child that knows what was wrong writes one line,
message and fix, and ends with status 3; any other failure is a crash.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hilum.errors import HilumError

_REFUSED = 3
"""Exit status of a child that knows what was wrong."""


def run_child(
    module: str,
    job: Mapping[str, Any],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `module` as a program until it ends.

    Args:
        module: A module of ours that reads its job from standard input.
        job: What the child is to do.
        cwd: Folder it runs in, without files that a model could name.
        environment: Its environment; that of this process if not given.
        timeout_seconds: Longest time it may take; unlimited if not given.

    Raises:
        TimeoutExpired: The child took longer and was stopped.
    """
    # -P: the user's current folder may hold a keras.py or an openvino.py.
    return subprocess.run(  # noqa: S603  (our own module, our own arguments)
        [sys.executable, "-P", "-m", module],
        input=json.dumps(job),
        env=environment,
        cwd=cwd,
        timeout=timeout_seconds,
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(child: subprocess.CompletedProcess[str]) -> tuple[str, str] | None:
    """Return the message and the fix of a child that refused its job; None if it did not."""
    if child.returncode != _REFUSED:
        return None
    message, _, fix = child.stderr.strip().rpartition("\n")[2].partition("\t")
    return message, fix


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """Pass an error that the user can mend from a child to its parent, word for word."""
    try:
        yield
    except HilumError as error:
        told = (" ".join(text.split()) for text in (error.message, error.fix))
        print("\t".join(told), file=sys.stderr)  # noqa: T201
        sys.exit(_REFUSED)

"""Runs a module of ours as a child process, and brings its refusals back as they are.

A job goes in as JSON on standard input. A child that can say what was wrong says it in
one line, message and fix, and ends with a status of its own; any other end is a crash.
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
"""Exit status of a child that can say what was wrong."""


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
        job: What it is to do.
        cwd: Where it runs; a folder without files that a model could name.
        environment: Its environment; this process's own if not given.
        timeout_seconds: How long it may take; without end if not given.

    Raises:
        TimeoutExpired: It took longer, and was stopped.
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
    """Return what a child said was wrong, and what to do; None if it refused nothing."""
    if child.returncode != _REFUSED:
        return None
    message, _, fix = child.stderr.strip().rpartition("\n")[2].partition("\t")
    return message, fix


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """In a child: let an error that the user can mend reach the parent word for word."""
    try:
        yield
    except HilumError as error:
        told = (" ".join(text.split()) for text in (error.message, error.fix))
        print("\t".join(told), file=sys.stderr)  # noqa: T201
        sys.exit(_REFUSED)

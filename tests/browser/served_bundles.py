"""A bundle served by a process of its own, as `hilum serve` does it.

Run as a program, it is that process: `python served_bundles.py BUNDLE`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN, LIMITS = "SERVED_TOKEN", "SERVED_LIMITS"


@contextmanager
def served(bundle: Path, *, token: str = "", **limits: float) -> Iterator[str]:
    """Serve a bundle on a free port of this machine; yield the address of its page.

    Args:
        bundle: Its folder.
        token: What to ask for, if anything.
        limits: Fields of `ServeLimits`.
    """
    with subprocess.Popen(
        [sys.executable, __file__, str(bundle)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, TOKEN: token, LIMITS: json.dumps(limits)},
    ) as child:
        try:
            assert child.stdout is not None
            yield f"http://127.0.0.1:{int(child.stdout.readline())}/"
        finally:
            child.terminate()


def main() -> None:
    from hilum.classifier.classifier import Classifier
    from hilum.serve.server import run_server
    from hilum.serve.settings import ServeLimits, ServeSettings

    settings = ServeSettings(
        port=0,
        token=os.environ[TOKEN] or None,
        limits=ServeLimits(**json.loads(os.environ[LIMITS])),
    )
    run_server(
        lambda: Classifier.load(Path(sys.argv[1])),
        settings,
        lambda _, port: print(port, flush=True),  # noqa: T201
    )


if __name__ == "__main__":
    main()

"""Throw-away environments for what Hilum is measured against, and the processes in them.

TensorFlow and PyTorch are never installed beside Hilum. Each contender gets a virtual
environment in a temporary folder, or in the folder that HILUM_BENCH_ENVIRONMENTS
names, where the next run finds it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hilum.backbones.catalog import find_backbone

FOLDER_VARIABLE = "HILUM_BENCH_ENVIRONMENTS"
CONTENDERS = Path(__file__).parent / "contenders"
PACKAGES = {
    "tensorflow": ("tensorflow-cpu==2.21.0", f"pillow=={version('pillow')}"),
    "jax": (f"jax=={version('jax')}",),
    "torch": ("torch==2.13.0",),
}
"""What Keras runs on, one environment each; Keras itself is of our own version."""

TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


@contextmanager
def environments_folder() -> Iterator[Path]:
    """Yield the folder for environments and stand-in weights; unless named, it goes away."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        folder = Path(named).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)


def find_environment(backend: str, folder: Path) -> Path | None:
    """Return the Python of a contender's environment, installing it if it is not there.

    None, and a line that says why, where it cannot be installed.
    """
    wanted = [f"keras=={version('keras')}", *PACKAGES[backend]]
    home, note = folder / backend, folder / f"{backend}.txt"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and note.exists() and note.read_text().split() == wanted:
        return python
    print(f"installing {', '.join(wanted)} into an environment of its own", flush=True)
    venv.create(home, clear=True, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        print(f"{TITLES[backend]} is left out, since it cannot be installed: {why}")
        return None
    note.write_text("\n".join(wanted))
    return python


def write_random_weights(names: Iterable[str], folder: Path) -> Path:
    """Return a folder with files of random weights under their official names."""
    weights = folder / "weights"
    weights.mkdir(exist_ok=True)
    job = {
        name: str(path)
        for name in names
        if not (path := weights / find_backbone(name).weights.file).exists()
    }
    if job:
        subprocess.run(
            [sys.executable, str(CONTENDERS / "random_weights.py")],
            env=os.environ | {"KERAS_BACKEND": "openvino"},
            input=json.dumps(job),
            capture_output=True,
            text=True,
            check=True,
        )
    return weights


class Worker:
    """A contender's process: asked by JSON lines, it works only until it has answered."""

    def __init__(self, python: Path, script: str, backend: str, log: Path) -> None:
        """Start it; what its libraries print goes to `log`."""
        self._log = log
        self._errors = log.open("w")
        self._process = subprocess.Popen(
            [python, str(CONTENDERS / script)],
            env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=log.parent,
        )

    def ask(self, **question: Any) -> dict[str, Any]:
        """Ask, and wait for the answer.

        Raises:
            RuntimeError: The process ended instead.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            last = self._log.read_text().strip().splitlines()[-1:]
            raise RuntimeError(f"A contender ended early: {' '.join(last)}")
        return json.loads(answer)

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

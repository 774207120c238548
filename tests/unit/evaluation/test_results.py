"""Results stand together, so that holding one loads no SciPy."""

from __future__ import annotations

import inspect
import subprocess
import sys

import hilum.evaluation


def test_every_type_that_leaves_the_room_stands_with_the_results() -> None:
    exported = [getattr(hilum.evaluation, name) for name in hilum.evaluation.__all__]
    homes = {thing.__module__ for thing in exported if inspect.isclass(thing)}
    assert homes == {"hilum.evaluation.results", "hilum.evaluation.scored_films"}


def test_results_load_no_scipy() -> None:
    code = "import sys; from hilum.evaluation import Decisions; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

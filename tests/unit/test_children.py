"""A child gets its job, and the parent gets its answer, its refusal or its crash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hilum.children import refusal, run_child


def run(folder: Path, code: str, **options: float) -> subprocess.CompletedProcess[str]:
    (folder / "modules").mkdir()
    (folder / "modules" / "some_child.py").write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(folder / "modules"), *filter(None, sys.path)])
    environment = os.environ | {"PYTHONPATH": path}
    return run_child("some_child", {"number": 7}, cwd=folder, environment=environment, **options)


def test_a_child_reads_its_job_and_answers(tmp_path: Path) -> None:
    child = run(tmp_path, "import json, sys; print(json.load(sys.stdin)['number'] + 1)")
    assert (child.returncode, child.stdout) == (0, "8\n")
    assert refusal(child) is None


def test_a_refusal_comes_back_word_for_word(tmp_path: Path) -> None:
    child = run(
        tmp_path,
        "import sys\n"
        "from hilum.children import refusals_told\n"
        "from hilum.errors import WeightsError\n"
        "print('noise of a library', file=sys.stderr)\n"
        "with refusals_told():\n"
        "    raise WeightsError('The weights\\nare damaged.', fix='Fetch\\tthem again.')\n",
    )
    assert refusal(child) == ("The weights are damaged.", "Fetch them again.")


def test_a_crash_is_no_refusal(tmp_path: Path) -> None:
    child = run(
        tmp_path,
        "from hilum.children import refusals_told\n"
        "with refusals_told():\n"
        "    raise ValueError('a mistake of ours')\n",
    )
    assert child.returncode not in (0, 3)
    assert refusal(child) is None


def test_files_of_the_current_folder_are_not_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported')")
    child = run(tmp_path, "import json; print('fine')")
    assert child.stdout == "fine\n"


def test_a_child_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(tmp_path, "import time; time.sleep(60)", timeout_seconds=1.0)

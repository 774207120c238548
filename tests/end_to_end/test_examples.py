"""The examples run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(example: Path, graph_cache: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, example, "here"],
        env=os.environ | {"HILUM_CACHE_DIR": str(graph_cache)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "None inside the domain: False" in done.stdout
    assert (tmp_path / "here" / "why.png").stat().st_size > 1000
    assert {path.name for path in tmp_path.iterdir()} == {"here"}

"""After kill -9 in the middle of an extraction, what was stored counts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fake_engine import GridEngine, grid_backbone, opens
from hilum.cohort.cohort import Cohort
from hilum.features.extraction import extract_features
from hilum.features.views import rotated_views

KILLED_AFTER = 900

CHILD = f"""
import os, signal, sys
from pathlib import Path
from fake_engine import GridEngine, grid_backbone, opens
from hilum.cohort.cohort import Cohort
from hilum.features.extraction import extract_features
from hilum.features.views import rotated_views

def watch(done, total):
    if done == {KILLED_AFTER}:
        os.kill(os.getpid(), signal.SIGKILL)

films, cache = map(Path, sys.argv[1:])
extract_features(Cohort.from_folder(films).films, grid_backbone(), views=rotated_views(2, seed=0),
                 cache_dir=cache, engine=opens(GridEngine()), on_progress=watch)
"""


def test_a_killed_extraction_is_resumed(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for label in ("Normal", "Opacity"):
        (tmp_path / "films" / label).mkdir(parents=True)
        for k in range(200):
            pixels = rng.integers(0, 256, (64, 64), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{k}.bmp")
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "films"), str(tmp_path / "cut")],
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL

    films = Cohort.from_folder(tmp_path / "films").films

    def extract(cache: str) -> tuple[int, np.ndarray]:
        extraction = extract_features(
            films,
            grid_backbone(),
            views=rotated_views(2, seed=0),
            cache_dir=tmp_path / cache,
            engine=opens(GridEngine()),
        )
        return extraction.cost.n_computed, extraction.table.values

    n_resumed, resumed = extract("cut")
    n_whole, whole = extract("whole")
    assert n_whole == 1200
    assert 1200 - KILLED_AFTER <= n_resumed <= 1200 - 512
    np.testing.assert_array_equal(resumed, whole)

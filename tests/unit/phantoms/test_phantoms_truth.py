from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from hilum.phantoms.cohort import draw_phantom, find_marker, write_phantoms
from hilum.phantoms.plan import Plants, plan_phantoms


def test_the_marker_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    seed = 6
    table = write_phantoms(
        tmp_path / "films", n_films=8, seed=seed, plants=Plants(marker_shortcut=True)
    )
    plans = {plan.image: plan for plan in plan_phantoms(8)}
    with table.open(encoding="utf-8", newline="") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    for name in names:
        with Image.open(table.parent / name) as film:
            marked = np.asarray(film).astype(int)
        change = np.abs(marked - draw_phantom(plans[name], seed).pixels)
        box = find_marker(plans[name], seed)
        assert box.shape == marked.shape
        assert box.any() == change.any() == (plans[name].label != "Normal")
        assert not np.any(change[~box] > 60)  # but for the letter's soft edge
        if box.any():
            assert np.mean(change[box] > 60) > 0.3
            assert box.mean() < 0.005


def test_every_shortcut_keeps_its_place_in_the_draws(tmp_path: Path) -> None:
    both = Plants(marker_shortcut=True, frame_shortcut=True)
    table = write_phantoms(tmp_path / "films", n_films=4, seed=6, plants=both)
    (plan, *_) = (plan for plan in plan_phantoms(4) if plan.label == "Opacity")
    with Image.open(table.parent / plan.image) as film:
        pixels = np.asarray(film)
    assert pixels[find_marker(plan, 6)].max() > 220

"""Real public films, where they are at hand: every one is read, at any scale alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from every import every
from hilum.films.film import FilmImage, is_film_name, read_film

SIZE_PX = 224

pytestmark = pytest.mark.films


def films_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_film_name(path))


def shrunk(image: FilmImage) -> np.ndarray:
    small = Image.fromarray(image.pixels).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.int16)


@pytest.mark.parametrize(
    ("cohort", "count"),
    [("paper-cohort", 160), ("radiography", 600), ("cohen", 218), ("darkcovidnet", 180)],
)
def test_every_film_is_read(films_folder: Path, cohort: str, count: int) -> None:
    paths = films_of(films_folder / cohort)
    assert len(paths) == count
    for path in paths:
        image = read_film(path)
        assert image.pixels.shape == (image.height_px, image.width_px)
        assert min(image.pixels.shape) >= 150
        assert np.ptp(image.pixels) > 90


def test_reduced_scale_agrees_with_full_scale_after_shrinking(films_folder: Path) -> None:
    for path in every(films_of(films_folder / "paper-cohort")):
        whole, reduced = read_film(path), read_film(path, at_least_px=SIZE_PX)
        assert (whole.width_px, whole.height_px) == (reduced.width_px, reduced.height_px)
        assert np.abs(shrunk(whole) - shrunk(reduced)).mean() < 1


def test_a_photograph_in_colour_is_noted(films_folder: Path) -> None:
    for path in every(films_of(films_folder / "not-radiographs")):
        assert "colour" in read_film(path).notes

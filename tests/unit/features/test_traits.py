"""Portraits: one look at a film, kept, and taken again where the kept one is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.features.traits import PICTURE_PX, measure_traits


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    rng = np.random.default_rng(3)
    for label in ("Normal", "Opacity"):
        (tmp_path / "films" / label).mkdir(parents=True)
        for k in range(3):
            pixels = rng.integers(40 * k, 40 * k + 30, (120, 100 + k), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{k}.png")
    pixels = np.asarray(Image.open(tmp_path / "films" / "Normal" / "0.png"))
    Image.fromarray(pixels).save(tmp_path / "films" / "Normal" / "0.bmp")
    return Cohort.from_folder(tmp_path / "films")


def test_a_portrait_tells_what_the_file_and_its_levels_are_like(
    cohort: Cohort, tmp_path: Path
) -> None:
    sitting = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    portraits = sitting.portraits
    assert sitting.n_painted == len(cohort) == 7
    assert portraits.pictures.shape == (7, PICTURE_PX, PICTURE_PX)
    np.testing.assert_allclose(portraits.levels.sum(axis=1), 1, rtol=1e-5)
    bmp, png = portraits.traits[0], portraits.traits[1]
    assert (bmp.format, png.format) == ("BMP", "PNG")
    assert bmp.pixels_sha256 == png.pixels_sha256  # one picture in two containers
    assert (png.width_px, png.height_px) == (100, 120)
    assert portraits.levels[1, 30:].sum() == 0


def test_a_film_is_looked_at_once_ever(cohort: Cohort, tmp_path: Path) -> None:
    first = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    for film in cohort.films:
        film.path.unlink()  # nothing reads it again
    again = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert again.n_painted == 0
    assert again.portraits.traits == first.portraits.traits
    np.testing.assert_array_equal(again.portraits.pictures, first.portraits.pictures)
    np.testing.assert_array_equal(again.portraits.levels, first.portraits.levels)


def test_damaged_portraits_are_painted_anew(cohort: Cohort, tmp_path: Path) -> None:
    first = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    (shard,) = (tmp_path / "cache" / "portraits").rglob("*.parquet")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    again = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert again.n_painted == 7
    np.testing.assert_array_equal(again.portraits.pictures, first.portraits.pictures)
    assert shard.with_suffix(".damaged").exists()


def test_an_unreadable_film_is_listed_and_left_out(cohort: Cohort, tmp_path: Path) -> None:
    film = cohort.films[-1]
    film.path.write_bytes(film.path.read_bytes()[:-30])
    sitting = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert [exclusion.film_id for exclusion in sitting.unreadable] == [film.film_id]
    assert len(sitting.portraits.traits) == 6

"""Traits: measured once and stored, and measured again where the stored ones are damaged."""

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


def test_traits_describe_the_file_and_its_levels(cohort: Cohort, tmp_path: Path) -> None:
    measured = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    film_traits = measured.film_traits
    assert measured.n_measured == len(cohort) == 7
    assert film_traits.pictures.shape == (7, PICTURE_PX, PICTURE_PX)
    np.testing.assert_allclose(film_traits.levels.sum(axis=1), 1, rtol=1e-5)
    bmp, png = film_traits.files[0], film_traits.files[1]
    assert (bmp.format, png.format) == ("BMP", "PNG")
    assert bmp.pixels_sha256 == png.pixels_sha256  # one picture in two containers
    assert (png.width_px, png.height_px) == (100, 120)
    assert film_traits.levels[1, 30:].sum() == 0


def test_a_film_is_measured_once_ever(cohort: Cohort, tmp_path: Path) -> None:
    first = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    for film in cohort.films:
        film.path.unlink()  # nothing reads it again
    again = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert again.n_measured == 0
    assert again.film_traits.files == first.film_traits.files
    np.testing.assert_array_equal(again.film_traits.pictures, first.film_traits.pictures)
    np.testing.assert_array_equal(again.film_traits.levels, first.film_traits.levels)


def test_damaged_traits_are_measured_again(cohort: Cohort, tmp_path: Path) -> None:
    first = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    (shard,) = (tmp_path / "cache" / "traits").rglob("*.parquet")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    again = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert again.n_measured == 7
    np.testing.assert_array_equal(again.film_traits.pictures, first.film_traits.pictures)
    assert shard.with_suffix(".damaged").exists()


def test_an_unreadable_film_is_listed_and_left_out(cohort: Cohort, tmp_path: Path) -> None:
    film = cohort.films[-1]
    film.path.write_bytes(film.path.read_bytes()[:-30])
    measured = measure_traits(cohort.films, cache_dir=tmp_path / "cache")
    assert [exclusion.film_id for exclusion in measured.unreadable] == [film.film_id]
    assert len(measured.film_traits.files) == 6

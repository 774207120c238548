"""Traits: measured once and stored; grey levels in bins; letters apart from borders and bones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hilum.auditing.checks.shortcuts import SCREENSHOT_SHARE, check_lettering
from hilum.cohort.cohort import Cohort
from hilum.features.traits import (
    CELLS_PER_SIDE,
    N_BINS,
    PICTURE_PX,
    bin_levels,
    measure_lettering,
    measure_traits,
)
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.plan import plan_phantoms
from made_evidence import GOOD_TRAITS, make_cohort, make_film_traits, two_classes


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


def test_neighbouring_levels_are_joined():
    levels = np.zeros((2, 256), np.float32)
    levels[0, [0, 7, 8]] = 0.25, 0.5, 0.25
    levels[1, 255] = 1
    bins = bin_levels(levels)
    assert bins.shape == (2, N_BINS)
    assert bins[0, :2].tolist() == [0.75, 0.25]
    assert bins[1, -1] == 1
    np.testing.assert_allclose(bins.sum(axis=1), 1)


def phantom() -> Image.Image:
    return Image.fromarray(draw_phantom(plan_phantoms(4)[0]).pixels).resize((800, 800))


def cells(film: Image.Image) -> float:
    return measure_lettering(np.asarray(film)) * CELLS_PER_SIDE**2


def test_a_film_without_letters_has_none() -> None:
    assert cells(phantom()) == 0
    assert cells(phantom().resize((224, 224))) == 0


@pytest.mark.parametrize("angle", [0, 2, 5, 10, 85])
def test_the_border_of_a_film_is_no_letter(angle: int) -> None:
    # A tilted film in a black or white frame: long straight edges, and four corners.
    framed = Image.new("L", (800, 800), 130)
    for fill in (0, 255):
        assert cells(framed.rotate(angle, fillcolor=fill)) <= 8


def test_a_marker_counts_little_and_a_slide_much() -> None:
    film = phantom()
    ImageDraw.Draw(film).text((40, 40), "R", fill=255, font_size=60)
    assert 2 <= cells(film) < 10
    slide = Image.new("L", (1200, 800), 255)
    slide.paste(phantom().resize((600, 600)), (20, 150))
    pen = ImageDraw.Draw(slide)
    for line in range(20):
        pen.text((680, 150 + 30 * line), "Bilateral patchy opacities, lower zones", fill=0)
    assert measure_lettering(np.asarray(slide)) > SCREENSHOT_SHARE


def test_tiny_and_empty_films_are_no_error() -> None:
    for shape in ((1, 1), (1, 500), (32, 32), (33, 40)):
        assert measure_lettering(np.zeros(shape, np.uint8)) == 0


def lettered(shares: Sequence[float]) -> list[tuple[str, str]]:
    traits = {row: replace(GOOD_TRAITS, lettering=share) for row, share in enumerate(shares)}
    found = check_lettering(make_cohort(two_classes()), make_film_traits(60, traits))
    return [(finding.evidence["kind"], finding.severity) for finding in found]


def test_a_marker_on_one_class_alone_is_a_doubt() -> None:
    assert lettered([0.004 if row % 2 else 0.0 for row in range(60)]) == [("unlike", "warn")]
    assert lettered([0.004 if row % 4 < 2 else 0.0 for row in range(60)]) == []
    assert lettered([0.004] * 60) == []


def test_text_is_noted_and_screenshots_are_a_doubt() -> None:
    assert lettered([0.02, 0.03]) == [("lettered", "note")]
    assert lettered([0.2]) == [("screenshots", "warn")]

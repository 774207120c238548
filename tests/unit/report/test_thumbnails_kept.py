"""Thumbnails are made once, of the very film that was studied, and never cost the report."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from every import every
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.report.films import load_thumbnails


@pytest.fixture
def films(tmp_path: Path) -> tuple[Film, ...]:
    for k, label in enumerate(("Normal", "Opacity")):
        (tmp_path / "films" / label).mkdir(parents=True)
        Image.new("L", (300, 200), 60 * k + 20).save(tmp_path / "films" / label / "film.png")
    return Cohort.from_folder(tmp_path / "films").films


def test_pictures_are_kept_and_no_film_is_read_again(
    films: tuple[Film, ...], tmp_path: Path
) -> None:
    first = load_thumbnails(films, tmp_path / "cache")
    assert set(first) == {film.film_id for film in films}
    assert all(picture.startswith(b"\xff\xd8") for picture in every(first.values()))
    for film in films:
        film.path.unlink()
    assert load_thumbnails(films, tmp_path / "cache") == first


def test_a_film_that_changed_or_vanished_has_no_picture(
    films: tuple[Film, ...], tmp_path: Path
) -> None:
    films[0].path.unlink()
    Image.new("L", (300, 200), 250).save(films[1].path)
    assert load_thumbnails(films, tmp_path / "cache") == {}
    assert not list(tmp_path.glob("cache/**/*.jpg"))


def test_an_unusable_cache_costs_time_and_not_the_report(
    films: tuple[Film, ...], tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("in the way")
    assert len(load_thumbnails(films, tmp_path / "cache")) == 2


def test_many_at_once_do_not_disturb_each_other(films: tuple[Film, ...], tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(load_thumbnails, films, tmp_path / "cache") for _ in range(40)]
    results = [job.result() for job in jobs]
    assert all(result == results[0] for result in every(results))
    kept = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sorted(kept) == sorted(f"{film.sha256}.jpg" for film in films)

"""Extraction computes each view once, loses little when stopped, and invents nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fake_engine import GridEngine, grid_backbone, opens
from hilum.cohort.cohort import Cohort
from hilum.cohort.films import Film
from hilum.errors import CacheError
from hilum.features.extraction import Extraction, extract_features
from hilum.features.views import rotated_views


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    rng = np.random.default_rng(5)
    for label, level in (("Normal", 60), ("Opacity", 140)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for k in range(6):
            pixels = rng.integers(level, level + 60, (90 + 7 * k, 100), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "films" / label / f"{k}.png")
    return Cohort.from_folder(tmp_path / "films")


def extract(films: tuple[Film, ...], cache: Path, engine: GridEngine, **change: int) -> Extraction:
    views = rotated_views(**{"n_rotated": 2, "seed": 0} | change)
    return extract_features(
        films, grid_backbone(), views=views, cache_dir=cache, engine=opens(engine)
    )


def test_every_view_of_every_film_has_its_features(cohort: Cohort, tmp_path: Path) -> None:
    engine = GridEngine()
    extraction = extract(cohort.films, tmp_path / "cache", engine)
    assert extraction.table.values.shape == (12, 3, GridEngine.feature_width)
    assert extraction.table.film_ids == tuple(film.film_id for film in cohort.films)
    assert engine.n_seen == extraction.cost.n_computed == 36
    upright = extraction.table.values[:, 0, :64].mean(1)
    assert (upright[cohort.y == 0] < 100).all()
    assert (upright[cohort.y == 1] > 150).all()


def test_a_second_extraction_reads_no_film_at_all(cohort: Cohort, tmp_path: Path) -> None:
    first = extract(cohort.films, tmp_path / "cache", GridEngine())
    for film in cohort.films:
        film.path.unlink()
    engine = GridEngine()
    second = extract(cohort.films, tmp_path / "cache", engine)
    assert engine.n_seen == second.cost.n_computed == 0
    np.testing.assert_array_equal(first.table.values, second.table.values)


def test_more_views_compute_only_what_is_new(cohort: Cohort, tmp_path: Path) -> None:
    extract(cohort.films, tmp_path / "cache", GridEngine(), n_rotated=1)
    assert (
        extract(cohort.films, tmp_path / "cache", GridEngine(), n_rotated=3).cost.n_computed == 24
    )
    assert extract(cohort.films[:4], tmp_path / "cache", GridEngine(), seed=9).cost.n_computed == 8


@pytest.mark.parametrize("stops_after", [0, 1, 20, 35])
def test_an_interrupted_extraction_goes_on_where_it_stopped(
    cohort: Cohort, tmp_path: Path, stops_after: int
) -> None:
    engine = GridEngine()
    engine.stops_after = stops_after
    with pytest.raises(KeyboardInterrupt):
        extract(cohort.films, tmp_path / "cut", engine)
    resumed = extract(cohort.films, tmp_path / "cut", GridEngine())
    assert resumed.cost.n_computed == 36 - stops_after
    whole = extract(cohort.films, tmp_path / "whole", GridEngine())
    np.testing.assert_array_equal(resumed.table.values, whole.table.values)


def test_unreadable_films_are_listed_and_nothing_takes_their_place(
    cohort: Cohort, tmp_path: Path
) -> None:
    cut, gone = cohort.films[2], cohort.films[7]
    gone.path.unlink()
    data = cut.path.read_bytes()
    cut.path.write_bytes(data[: len(data) // 2])
    extraction = extract(cohort.films, tmp_path / "cache", GridEngine())
    assert [(e.film_id, e.code) for e in extraction.unreadable] == [
        (cut.film_id, "CHANGED"),
        (gone.film_id, "MISSING"),
    ]
    assert extraction.table.values.shape[0] == 10
    assert not {cut.film_id, gone.film_id} & set(extraction.table.film_ids)


def test_a_film_cut_before_the_study_is_corrupt(cohort: Cohort, tmp_path: Path) -> None:
    path = cohort.films[0].path
    path.write_bytes(path.read_bytes()[:-400])
    films = Cohort.from_folder(tmp_path / "films").films
    (exclusion,) = extract(films, tmp_path / "cache", GridEngine()).unreadable
    assert exclusion.code == "CORRUPT"
    assert exclusion.path == path


def test_identical_films_are_computed_once(cohort: Cohort, tmp_path: Path) -> None:
    original = cohort.films[0].path
    (original.parent / "copy.png").write_bytes(original.read_bytes())
    films = Cohort.from_folder(tmp_path / "films").films
    extraction = extract(films, tmp_path / "cache", GridEngine())
    assert len(films) == extraction.table.values.shape[0] == 13
    assert extraction.cost.n_computed == 36


def test_progress_is_told_to_the_end(cohort: Cohort, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    extract_features(
        cohort.films,
        grid_backbone(),
        views=rotated_views(0, seed=0),
        cache_dir=tmp_path / "cache",
        engine=opens(GridEngine()),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(k, 12) for k in range(1, 13)]


def with_free_bytes(monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    usage = shutil.disk_usage("/")._replace(free=n_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)


@pytest.mark.parametrize(
    ("n_films", "n_rotated", "feature_mb"), [(12, 2, 0.027648), (12, 0, 0.009216), (4, 1, 0.006144)]
)
def test_the_space_that_is_asked_for_is_that_of_graph_and_features(
    cohort: Cohort,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_films: int,
    n_rotated: int,
    feature_mb: float,
) -> None:
    """Features: 4 bytes, 128 of them a view, half as much again; 8 bytes a weight of the graph."""
    films = cohort.films[:n_films]
    needed = round(feature_mb * 1e6) + 8 * grid_backbone().record.parameters
    engine = GridEngine()
    with_free_bytes(monkeypatch, needed - 1)
    with pytest.raises(CacheError, match=f"need {needed / 1e6:.1f} MB") as caught:
        extract(films, tmp_path / "cache", engine, n_rotated=n_rotated)
    assert "--cache-dir" in caught.value.fix
    assert engine.n_seen == 0
    assert not (tmp_path / "cache").exists()
    with_free_bytes(monkeypatch, needed)
    extract(films, tmp_path / "cache", engine, n_rotated=n_rotated)
    assert engine.n_seen == n_films * (1 + n_rotated)


def test_what_is_stored_already_asks_for_no_space(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(cohort.films[:11], tmp_path / "cache", GridEngine())
    with_free_bytes(monkeypatch, 0)
    extract(cohort.films[:11], tmp_path / "cache", GridEngine())
    # Three views of one film are missing: 3 x 128 x 4 bytes and half as much.
    needed = 2304 + 8 * grid_backbone().record.parameters
    with_free_bytes(monkeypatch, needed - 1)
    with pytest.raises(CacheError):
        extract(cohort.films, tmp_path / "cache", GridEngine())
    with_free_bytes(monkeypatch, needed)
    extract(cohort.films, tmp_path / "cache", GridEngine())

"""Copies are found whatever was done to them, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from textured_films import draw_texture, look_at, register

from every import every
from hilum.cohort.films import Film
from hilum.duplicates.duplicates import Duplicate, find_duplicates, join_duplicates
from hilum.features.traits import FilmTraits
from hilum.films.film import is_film_name, read_film
from hilum.folds.groups import join_by_keys
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.plan import plan_phantoms

Looked = tuple[tuple[Film, ...], FilmTraits, np.ndarray]

N_FILMS = 16
OBLONG = (300, 210)


def turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda film: film.rotate(degrees, Image.Resampling.BILINEAR)


CHANGES: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "a.tif": (lambda film: film, "pixels"),
    "b.jpg": (lambda film: film, "copy"),
    "c.png": (lambda film: film.resize((130, 130)), "copy"),
    "d.png": (lambda film: film.point(lambda level: round(255 * (level / 255) ** 1.6)), "copy"),
    "e.png": (lambda film: film.crop((0, 10, film.width * 9 // 10, film.height)), "copy"),
    "f.png": (ImageOps.mirror, "mirrored"),
    "g.png": (turned(15), "rotated"),
    "h.png": (turned(-7), "rotated"),
    "i.png": (lambda film: turned(-12)(ImageOps.mirror(film)), "mirrored"),
    "j.png": (lambda film: film.rotate(9, Image.Resampling.BILINEAR, expand=True), "rotated"),
}
"""What becomes of films 0, 1 and so on, and what lies between them and their copies then."""

ANGLES = {6: 15.0, 7: -7.0, 8: -12.0, 9: 9.0}


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    folder = tmp_path_factory.mktemp("films")
    originals, copies = [], []
    for seed in range(N_FILMS):
        film = draw_texture(seed, OBLONG if seed % 2 else (240, 240))
        originals.append(folder / f"{seed}.png")
        film.save(originals[-1])
    for seed, (name, (change, _)) in enumerate(CHANGES.items()):
        with Image.open(originals[seed]) as film:
            copies.append(folder / name)
            change(film).save(copies[-1])
    again = folder / "again.png"
    again.write_bytes(originals[-1].read_bytes())
    films = register([*originals, *copies, again])
    return films, *look_at(films, folder / "cache")


def test_every_copy_is_found_and_nothing_else(looked: Looked) -> None:
    found = {
        (duplicate.first, duplicate.second): duplicate for duplicate in find_duplicates(*looked)
    }
    wanted = {(row, N_FILMS + row): kind for row, (_, kind) in enumerate(CHANGES.values())}
    wanted[N_FILMS - 1, N_FILMS + len(CHANGES)] = "bytes"
    assert {pair: duplicate.kind for pair, duplicate in found.items()} == wanted
    assert list(found) == sorted(found)
    assert all(0.8 < duplicate.correlation <= 1.0 + 1e-6 for duplicate in every(found.values()))


def test_the_turn_is_told_in_degrees_of_the_film(looked: Looked) -> None:
    told = {duplicate.first: duplicate.rotation_degrees for duplicate in find_duplicates(*looked)}
    for row, angle in every(told.items()):
        assert angle == pytest.approx(ANGLES.get(row, 0.0), abs=0.4)


def test_the_order_of_films_changes_nothing_but_the_rows(looked: Looked) -> None:
    films, film_traits, features = looked
    order = np.arange(len(films))[::-1].copy()
    backwards = find_duplicates(
        [films[row] for row in order], film_traits.of(order), features[order]
    )
    last = len(films) - 1
    straight = {
        (duplicate.first, duplicate.second): duplicate for duplicate in find_duplicates(*looked)
    }
    for duplicate in backwards:
        other = straight.pop((last - duplicate.second, last - duplicate.first))
        assert duplicate.kind == other.kind
        sign = 1 if duplicate.kind == "mirrored" else -1
        assert duplicate.rotation_degrees == pytest.approx(sign * other.rotation_degrees, abs=0.3)
    assert not straight


def test_the_same_films_give_the_same_duplicates(looked: Looked) -> None:
    assert find_duplicates(*looked) == find_duplicates(*looked)


def test_features_that_tell_nothing_do_no_harm(looked: Looked) -> None:
    films, film_traits, features = looked
    assert len(find_duplicates(films, film_traits, np.zeros_like(features))) == len(CHANGES) + 1


@pytest.mark.parametrize("n_films", [0, 1, 2, 3])
def test_few_films(looked: Looked, n_films: int) -> None:
    films, film_traits, features = looked
    assert (
        find_duplicates(films[:n_films], film_traits.of(np.arange(n_films)), features[:n_films])
        == ()
    )


def test_two_films_may_be_one(looked: Looked) -> None:
    films, film_traits, features = looked
    rows = np.array([1, N_FILMS + 1])
    (duplicate,) = find_duplicates(
        [films[row] for row in rows], film_traits.of(rows), features[rows]
    )
    assert (duplicate.first, duplicate.second, duplicate.kind) == (0, 1, "copy")


def test_blank_films_are_alike_only_where_they_are_equal(looked: Looked) -> None:
    films, film_traits, features = looked
    blank = replace(
        film_traits,
        pictures=np.repeat(np.arange(len(films), dtype=np.uint8), 96 * 96).reshape(-1, 96, 96),
    )
    kinds = {duplicate.kind for duplicate in find_duplicates(films, blank, features)}
    assert kinds == {"bytes", "pixels"}


def test_copies_of_copies_form_one_cluster() -> None:
    duplicates = [
        Duplicate(0, 2, "bytes", 0.0, 1.0),
        Duplicate(2, 5, "copy", 0.0, 0.9),
        Duplicate(3, 4, "copy", 0, 1),
    ]
    first, alone, _, third, _, _ = clusters = join_duplicates(duplicates, 6)
    assert alone is None
    assert clusters == [first, None, first, third, third, first]
    assert first != third
    assert join_by_keys(range(6), clusters).tolist() == [0, 1, 0, 2, 2, 0]
    assert join_duplicates([], 2) == [None, None]


def test_phantoms_of_different_patients_are_no_duplicates(tmp_path: Path) -> None:
    first_of_each = {plan.patient: plan for plan in plan_phantoms(24, 2)}
    paths = []
    for plan in first_of_each.values():
        paths.append(tmp_path / f"{len(paths)}.png")
        Image.fromarray(draw_phantom(plan).pixels).save(paths[-1])
    films = register(paths)
    assert len(films) > 12
    assert find_duplicates(films, *look_at(films, tmp_path / "cache")) == ()


@pytest.mark.films
def test_real_films_have_their_turned_and_recompressed_copies_found(
    films_folder: Path, tmp_path: Path
) -> None:
    normal = films_folder / "radiography" / "Normal"
    paths = [path for path in sorted(normal.iterdir()) if is_film_name(path)][:60]
    copies = []
    for number, path in enumerate(paths):
        film = Image.fromarray(read_film(path).pixels)
        copies.append(tmp_path / f"{number}.jpg")
        angle = (number % 3 - 1) * (5 + number % 11)
        turned(angle)(film).save(copies[-1], quality=60)
    films = register([*paths, *copies])
    found = find_duplicates(films, *look_at(films, tmp_path / "cache"))
    assert {(duplicate.first, duplicate.second) for duplicate in found} == {
        (row, row + 60) for row in range(60)
    }


def test_films_that_were_compared_before_are_not_compared_again(looked: Looked) -> None:
    everything = [
        (duplicate.first, duplicate.second, duplicate.kind)
        for duplicate in find_duplicates(*looked)
    ]
    assert everything[0][1] < N_FILMS + 4
    for n_known in (N_FILMS, N_FILMS + 4, len(looked[0])):
        later = [
            (duplicate.first, duplicate.second, duplicate.kind)
            for duplicate in find_duplicates(*looked, n_known=n_known)
        ]
        assert later == [pair for pair in everything if pair[1] >= n_known]

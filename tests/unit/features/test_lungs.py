"""The lung finder: right where the truth is known, and unsure where there are no two lungs."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from hilum.features.lungs import MASK_PX, FoundLungs, dice, find_lungs
from hilum.features.views import frame_of, share_in_frame
from hilum.films import read_film
from hilum.phantoms.cohort import draw_phantom
from hilum.phantoms.film import DrawnFilm
from hilum.phantoms.plan import plan_phantoms

SEED = 11
"""Phantoms that the finder was not fitted on."""


@cache
def phantoms() -> list[DrawnFilm]:
    return [draw_phantom(plan, SEED) for plan in plan_phantoms(16, 4)]


def at_mask_size(mask: np.ndarray) -> np.ndarray:
    side = (MASK_PX, MASK_PX)
    levels = Image.fromarray(mask.astype(np.uint8) * 255).resize(side, Image.Resampling.BOX)
    return np.asarray(levels) > 127


def test_the_lungs_of_phantoms_are_found_whatever_their_disease() -> None:
    found = [find_lungs(film.pixels) for film in phantoms()]
    assert [lungs.doubts for lungs in found] == [()] * 16
    figures = [
        dice(lungs.mask, at_mask_size(film.lungs))
        for lungs, film in zip(found, phantoms(), strict=True)
    ]
    assert np.mean(figures) > 0.91
    assert min(figures) > 0.87


def test_the_same_film_gives_the_same_mask() -> None:
    film = phantoms()[0].pixels
    first, second = find_lungs(film), find_lungs(film.copy())
    assert first.confidence == second.confidence
    np.testing.assert_array_equal(first.mask, second.mask)


def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (300, 260))


def blank(rng: np.random.Generator) -> np.ndarray:
    return np.full((200, 200), 90)


def gradient(rng: np.random.Generator) -> np.ndarray:
    """As a photograph of a plain: bright above, dark below, with a soft hill."""
    rows, columns = np.mgrid[:240, :320]
    hill = 60 * np.exp(-(((rows - 150) / 50) ** 2 + ((columns - 200) / 80) ** 2))
    return 230 - 0.7 * rows + hill + rng.normal(0, 2, rows.shape)


def clouds(rng: np.random.Generator) -> np.ndarray:
    levels = ndimage.gaussian_filter(rng.standard_normal((256, 256)), 12)
    return 128 + 50 * levels / levels.std()


@pytest.mark.parametrize("draw", [noise, blank, gradient, clouds])
def test_pictures_without_lungs_are_refused(draw) -> None:
    for seed in range(5):
        levels = draw(np.random.default_rng(seed))
        found = find_lungs(np.clip(levels, 0, 255).astype(np.uint8))
        assert not found.is_sure


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_films_that_lie_on_their_side_or_head_are_refused(quarter_turns: int) -> None:
    found = [find_lungs(np.rot90(film.pixels, quarter_turns)) for film in phantoms()]
    assert not any(lungs.is_sure for lungs in found)


def test_a_film_of_one_lung_is_refused() -> None:
    for film in phantoms():
        half = film.pixels[:, : film.pixels.shape[1] // 2]
        assert not find_lungs(half).is_sure


def test_a_film_cropped_into_the_lungs_says_so() -> None:
    """Its share of lung in the frame is too low rather than too high."""
    for film in phantoms()[:6]:
        rows, columns = (np.flatnonzero(film.lungs.any(axis=axis)) for axis in (1, 0))
        height, width = len(rows), len(columns)
        part = (
            slice(rows[0] + height // 6, rows[-1] - height // 6),
            slice(columns[0] + width // 7, columns[-1] - width // 7),
        )
        found = find_lungs(film.pixels[part])
        assert "the film cuts the lungs off" in found.doubts
        truth = share_in_frame(film.lungs[part])
        assert 0.5 * truth < share_in_frame(found.mask) < truth + 0.1


def test_a_painted_opacity_leaves_the_outline_alone() -> None:
    """Area must not tell who is ill; the truth is the same film without the paint."""
    rng = np.random.default_rng(3)
    clean, painted = [], []
    for film in phantoms()[:4]:
        height, width = film.pixels.shape
        rows, columns = np.mgrid[:height, :width]
        ys, xs = np.nonzero(film.lungs)
        cover = np.zeros(film.pixels.shape)
        for place in rng.integers(0, len(ys), 4):
            distance = np.hypot(rows - ys[place], columns - xs[place]) / (0.07 * width)
            cover = np.maximum(cover, 0.8 * np.exp(-(distance**2)))
        cover *= ndimage.gaussian_filter(film.lungs.astype(float), 0.005 * width)
        white = np.percentile(film.pixels, 80)
        levels = film.pixels + cover * np.maximum(white - film.pixels, 0)
        clean.append(find_lungs(film.pixels))
        painted.append(find_lungs(levels.astype(np.uint8)))
    for before, after in zip(clean, painted, strict=True):
        assert after.is_sure
        assert dice(before.mask, after.mask) > 0.93
        assert after.mask.sum() == pytest.approx(before.mask.sum(), rel=0.08)


def test_the_frame_is_a_tenth_of_each_side() -> None:
    assert share_in_frame(frame_of((256, 256))) == 1  # what is measured is what the view shows
    mask = np.zeros((100, 50), bool)
    mask[:, 5:45] = True
    # Frame: 5000 - 80 * 40 = 1800 pixels, of which 2 * 10 * 40 lie in the mask.
    assert share_in_frame(mask) == pytest.approx(800 / 1800)
    assert share_in_frame(np.ones((256, 256), bool)) == 1
    mask[:] = False
    mask[10:90, 5:45] = True
    assert share_in_frame(mask) == 0


def test_dice_counts_what_two_masks_share() -> None:
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert dice(first, second) == 1
    first[0], second[0, :2] = True, True
    assert dice(first, second) == pytest.approx(2 * 2 / (4 + 2))


@cache
def look_through(folder: Path) -> list[FoundLungs]:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    return [find_lungs(read_film(path).pixels) for path in paths]


@pytest.mark.films
def test_masks_agree_with_the_drawn_ones_of_real_films(films_folder: Path) -> None:
    """The finder saw neither these films nor their masks when it was fitted."""
    folder = films_folder / "cohen"
    with (folder / "metadata.csv").open(encoding="utf-8") as table:
        names = [row["filename"] for row in csv.DictReader(table)]
    figures, n_masks = [], 0
    for name in names:
        path = folder / "lung-masks" / f"{Path(name).stem}.png"
        if not path.is_file():
            continue
        n_masks += 1
        found = find_lungs(read_film(folder / "images" / name).pixels)
        if found.is_sure:
            with Image.open(path) as truth:
                figures.append(dice(found.mask, at_mask_size(np.asarray(truth.convert("L")) > 127)))
    assert n_masks == 78
    assert len(figures) / n_masks >= 0.8
    assert np.mean(figures) >= 0.9
    assert min(figures) >= 0.8


@pytest.mark.films
@pytest.mark.parametrize(
    ("folder", "least"),
    [("darkcovidnet/No_findings", 0.5), ("paper-cohort/Normal", 0.9), ("radiography/Normal", 0.9)],
)
def test_ordinary_films_are_accepted(films_folder: Path, folder: str, least: float) -> None:
    found = look_through(films_folder / folder)
    assert np.mean([lungs.is_sure for lungs in found]) >= least


@pytest.mark.films
def test_photographs_are_refused(films_folder: Path) -> None:
    assert not any(lungs.is_sure for lungs in look_through(films_folder / "not-radiographs"))

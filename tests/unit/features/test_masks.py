"""Lung masks: found by name, taken for what they are, refused where they are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.cohort.films import Film
from hilum.errors import CohortError, FilmChangedError
from hilum.features.masks import find_masks, load_mask

LUNGS = np.zeros((40, 30), bool)
LUNGS[8:30, 4:26] = True


def film(name: str, label: str = "Normal") -> Film:
    return Film(f"{label}-{name}", Path(label) / name, f"{label}{name}", label)


def write(folder: Path, name: str, levels: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(folder / name)
    return folder / name


@pytest.mark.parametrize("lit", [1, 127, 255])
def test_masks_of_any_brightness_show_the_same_lungs(tmp_path: Path, lit: int) -> None:
    write(tmp_path, "a.png", (LUNGS * lit).astype(np.uint8))
    masks = find_masks([film("a.jpeg"), film("b.jpeg")], tmp_path)
    assert list(masks) == ["Normal-a.jpeg"]
    np.testing.assert_array_equal(load_mask(masks["Normal-a.jpeg"]), LUNGS)


def test_a_mask_that_changed_is_not_drawn(tmp_path: Path) -> None:
    path = write(tmp_path, "a.png", (LUNGS * 255).astype(np.uint8))
    (mask,) = find_masks([film("a.png")], tmp_path).values()
    write(tmp_path, "a.png", (~LUNGS * 255).astype(np.uint8))
    with pytest.raises(FilmChangedError):
        load_mask(mask)
    assert path.is_file()


def test_films_of_one_name_need_masks_by_class(tmp_path: Path) -> None:
    films = [film("0.png"), film("0.png", "Opacity")]
    write(tmp_path, "0.png", (LUNGS * 255).astype(np.uint8))
    with pytest.raises(CohortError, match="fits several films"):
        find_masks(films, tmp_path)
    for label in ("Normal", "Opacity"):
        write(tmp_path / label, "0.png", (LUNGS * 255).astype(np.uint8))
    masks = find_masks(films, tmp_path)
    assert {mask.path.parent.name for mask in masks.values()} == {"Normal", "Opacity"}


@pytest.mark.parametrize("level", [0, 255])
def test_a_mask_without_lungs_is_refused(tmp_path: Path, level: int) -> None:
    write(tmp_path, "a.png", np.full((20, 20), level, np.uint8))
    with pytest.raises(CohortError, match="lit over"):
        find_masks([film("a.png")], tmp_path)


def test_a_damaged_mask_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.png", (LUNGS * 255).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CohortError, match=r"lung mask 'a.png' cannot be used"):
        find_masks([film("a.png")], tmp_path)


def test_a_folder_without_any_mask_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="No picture"):
        find_masks([film("a.png")], tmp_path)
    with pytest.raises(CohortError, match="no folder"):
        find_masks([film("a.png")], tmp_path / "nowhere")

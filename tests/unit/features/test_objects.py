"""Small objects: taken away with nothing else, and counted where they stand."""

from __future__ import annotations

import numpy as np
import pytest

from hilum.features.objects import (
    N_OBJECT_COUNTS,
    OBJECTS_PER_SIDE,
    count_objects,
    remove_objects,
)
from hilum.features.processing import N_PROCESSING, describe_processing

CELLS = OBJECTS_PER_SIDE**2


def soft_film(size: int = 224) -> np.ndarray:
    """Broad shadows only, as a chest has them."""
    y, x = np.mgrid[:size, :size] / size
    film: np.ndarray = 100 + 60 * np.cos(3 * x) * np.sin(4 * y)
    return film.astype(np.uint8)


def with_line(film: np.ndarray) -> np.ndarray:
    """A wire two pixels wide, in the upper right eighth of the film."""
    drawn = film.copy()
    drawn[5:25, 210:212] = 250
    return drawn


def test_a_wire_is_taken_away_and_broad_shadows_stay() -> None:
    film = soft_film()
    without = remove_objects(with_line(film)).astype(int)
    assert np.abs(without - film).max() <= 8
    assert np.abs(with_line(film).astype(int) - film).max() > 90


def test_a_dark_scratch_is_taken_away_as_well() -> None:
    film = soft_film()
    scratched = film.copy()
    scratched[100:160, 60:63] = 0
    assert np.abs(remove_objects(scratched).astype(int) - film).max() <= 8


def test_what_is_wider_than_the_window_stays() -> None:
    film = soft_film()
    film[80:120, 80:120] = 240
    assert np.array_equal(remove_objects(film)[84:116, 84:116], film[84:116, 84:116])


def test_objects_are_counted_in_their_cell() -> None:
    counts = count_objects(with_line(soft_film()))
    assert counts.shape == (N_OBJECT_COUNTS,)
    first = counts[:CELLS].reshape(OBJECTS_PER_SIDE, OBJECTS_PER_SIDE)
    assert np.argwhere(first).tolist() == [[0, 7]]
    assert first[0, 7] == pytest.approx(40 / 28**2)  # 20 rows of 2 px in a cell of 28 px
    total, fullest, cells_with_any = counts[CELLS : CELLS + 3]
    assert (total, fullest, cells_with_any) == pytest.approx((40 / 224**2, 40 / 28**2, 1 / 64))


def test_a_film_without_objects_counts_none() -> None:
    assert not count_objects(soft_film()).any()


@pytest.mark.parametrize("size", [32, 331])
def test_any_size_is_counted(size: int) -> None:
    assert np.isfinite(count_objects(soft_film(size))).all()


def test_processing_is_read_off_the_frame_alone() -> None:
    film = soft_film()
    changed = film.copy()
    changed[40:180, 40:180] = 255 - changed[40:180, 40:180]
    expected = describe_processing(film, film)
    assert expected.shape == (N_PROCESSING,)
    assert np.allclose(describe_processing(changed, changed), expected, atol=1e-4)


def test_noise_raises_every_octave_that_holds_it() -> None:
    rng = np.random.default_rng(0)
    film = soft_film()
    noisy = np.clip(film + rng.normal(0, 12, film.shape), 0, 255).astype(np.uint8)
    gain = describe_processing(noisy, noisy) - describe_processing(film, film)
    assert gain[0] > 1.5  # finest detail, natural logarithm of its mean
    assert gain[0] > gain[6] > -0.5  # the coarsest octave holds little of it


def test_blocks_of_a_jpeg_are_seen() -> None:
    film = soft_film().astype(float)
    steps = (np.arange(224) // 8 % 2) * 6.0
    blocky = (film + steps).astype(np.uint8)
    across, down = describe_processing(blocky, blocky)[-2:]
    assert across > 1 > 0.2 > abs(down)

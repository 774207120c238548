from __future__ import annotations

import numpy as np

from hilum.classifier.explain.heatmap import (
    AGAINST_RGB,
    FOR_RGB,
    enlarge_cells,
    heatmap_overlay,
    scale_of,
)


def one_hot(value: float, row: int = 1, column: int = 5) -> np.ndarray:
    cells = np.zeros((7, 7))
    cells[row, column] = value
    return cells


def test_colours_tell_for_from_against_and_nothing_is_clear() -> None:
    cells = one_hot(1.0) + one_hot(-1.0, row=5, column=1)
    picture = heatmap_overlay(cells, (350, 210))
    assert (picture.shape, picture.dtype) == ((350, 210, 4), np.uint8)
    for row, column, colour in ((1, 5, FOR_RGB), (5, 1, AGAINST_RGB)):
        middle = picture[int((row + 0.5) * 50), int((column + 0.5) * 30)]
        assert tuple(middle[:3]) == colour
        assert middle[3] > 150
    assert picture[175, 105, 3] == 0
    assert np.mean(picture[..., 3] == 0) > 0.8


def test_the_strongest_place_is_the_strongest_cell() -> None:
    smooth = enlarge_cells(one_hot(2.0), (140, 280))
    row, column = np.unravel_index(smooth.argmax(), smooth.shape)
    assert (row // 20, column // 40) == (1, 5)
    assert smooth.max() <= 2.0
    assert smooth.min() >= 0.0


def test_a_film_that_hardly_differs_stays_pale() -> None:
    weak, strong = one_hot(0.001), one_hot(1.0)
    assert scale_of(strong) == 1.0
    assert scale_of(weak) > 10 * 0.001
    assert heatmap_overlay(weak, (70, 70))[..., 3].max() == 0


def test_a_flat_map_draws_nothing() -> None:
    assert heatmap_overlay(np.zeros((9, 9)), (90, 90))[..., 3].max() == 0

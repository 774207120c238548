from __future__ import annotations

import numpy as np
import pytest

from hilum.classifier.explain.explanation import cover_of_cells, share_in_centre, share_in_lungs


def test_an_even_map_has_the_share_of_the_area() -> None:
    share = share_in_centre(np.full((7, 9), 0.3))
    assert share.area == pytest.approx(0.36)
    assert share.speaking_for == pytest.approx(0.36)
    assert share.speaking_against is None


def test_for_and_against_are_counted_apart() -> None:
    cells = np.zeros((5, 5))
    cells[2, 2], cells[0, 0], cells[0, 4] = 3.0, 1.0, -2.0
    share = share_in_centre(cells)
    assert share.speaking_for == pytest.approx(0.75)
    assert share.speaking_against == 0.0


def test_lungs_count_by_the_part_of_each_cell_that_they_cover() -> None:
    lungs = np.zeros((40, 60), bool)
    lungs[:, :30] = True
    lungs[:10] = False
    cells = np.zeros((2, 2))
    cells[0, 0] = 4.0
    share = share_in_lungs(cells, lungs)
    assert share.region == "lungs"
    assert share.area == pytest.approx(0.375)
    assert share.speaking_for == pytest.approx(0.5)


def test_cover_averages_whole_and_broken_cells() -> None:
    region = np.zeros((10, 10), bool)
    region[:5] = True
    np.testing.assert_allclose(cover_of_cells(region, (3, 1))[:, 0], [1, 0.5, 0], atol=1e-6)

from __future__ import annotations

import math

import numpy as np
import pytest

from every import every
from hilum.report.sections.training import epoch_curve, thinned


def stopped_early(heads: int, epochs: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.random((heads, epochs))
    for head, stop in enumerate(rng.integers(5, epochs + 1, heads)):
        values[head, stop:] = np.nan
    return values


def test_means_are_over_the_heads_still_training() -> None:
    values = stopped_early(heads=9, epochs=30)
    curve = epoch_curve(values)
    for epoch, mean, heads in every(zip(curve.epochs, curve.mean, curve.heads, strict=True)):
        still = [row[epoch - 1] for row in values if not math.isnan(row[epoch - 1])]
        assert heads == len(still)
        assert mean == pytest.approx(sum(still) / len(still))


def test_the_curve_ends_where_fewer_than_half_are_left() -> None:
    values = np.ones((4, 6))
    values[0, 2:] = values[1, 3:] = values[2, 4:] = np.nan
    curve = epoch_curve(values)
    assert curve.epochs.tolist() == [1, 2, 3, 4]
    assert curve.heads.tolist() == [4, 4, 3, 2]


def test_the_band_holds_the_middle_eighty_percent() -> None:
    values = np.linspace(0.0, 1.0, 11)[:, None].repeat(3, axis=1)
    curve = epoch_curve(values)
    assert curve.low == pytest.approx([0.1] * 3)
    assert curve.high == pytest.approx([0.9] * 3)


def test_one_head_is_its_own_mean_and_band() -> None:
    values = np.array([[0.5, 0.7, np.nan]])
    curve = epoch_curve(values)
    assert curve.mean.tolist() == curve.low.tolist() == curve.high.tolist() == [0.5, 0.7]


def test_heads_that_never_trained_leave_an_empty_curve() -> None:
    curve = epoch_curve(np.full((3, 4), np.nan))
    assert len(curve.epochs) == len(curve.mean) == len(curve.low) == 0


@pytest.mark.parametrize("points", [1, 2, 400, 401, 12_345])
def test_thinning_keeps_both_ends_and_the_order(points: int) -> None:
    kept = thinned(points)
    assert kept[0] == 0
    assert kept[-1] == points - 1
    assert len(kept) <= min(points, 400)
    assert (np.diff(kept) > 0).all()

"""Thirty-two grey levels instead of 256."""

from __future__ import annotations

import numpy as np

from hilum.features.traits import N_BINS, bin_levels


def test_neighbouring_levels_are_joined():
    levels = np.zeros((2, 256), np.float32)
    levels[0, [0, 7, 8]] = 0.25, 0.5, 0.25
    levels[1, 255] = 1
    bins = bin_levels(levels)
    assert bins.shape == (2, N_BINS)
    assert bins[0, :2].tolist() == [0.75, 0.25]
    assert bins[1, -1] == 1
    np.testing.assert_allclose(bins.sum(axis=1), 1)

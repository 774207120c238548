"""Detail is what brightness, contrast and shading leave unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from textured_films import draw_texture, picture_of

from hilum.duplicates.candidates import BROAD, NARROW, Band, local_detail


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.mark.parametrize("band", [BROAD, NARROW])
def test_contrast_and_shading_change_little(band: Band) -> None:
    picture = picture_of(draw_texture(0))
    shading = np.linspace(0.5, 1.0, 96)[:, None]
    other = np.round(40 + 0.5 * shading * picture).astype(np.uint8)
    details = local_detail(np.stack([picture, other]), 96, band)
    assert correlation(*details) > 0.97


def test_a_blank_picture_has_none() -> None:
    blank = np.full((1, 96, 96), 200, np.uint8)
    assert np.abs(local_detail(blank, 48)).max() < 1e-3


def test_smoothing_agrees_with_scipy_away_from_the_edges() -> None:
    picture = picture_of(draw_texture(1)).astype(float)
    edges = gaussian_filter(picture, BROAD.fine_px) - gaussian_filter(picture, BROAD.coarse_px)
    wanted = edges / (np.sqrt(gaussian_filter(edges**2, 4.0)) + 1.0)
    (detail,) = local_detail(picture.astype(np.uint8)[None], 96)
    middle = (slice(20, -20), slice(20, -20))
    # At 0.7 pixels a Gaussian sampled at pixel centres is not quite scipy's cut-off one.
    assert np.allclose(detail[middle], wanted[middle], atol=0.02)


def test_detail_of_any_size_shows_the_same() -> None:
    picture = picture_of(draw_texture(2))[None]
    large, small = local_detail(picture, 96)[0], local_detail(picture, 48)[0]
    assert small.shape == (48, 48)
    halved = large.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert correlation(halved, small) > 0.6

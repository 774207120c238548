from __future__ import annotations

import io

import numpy as np
import pytest
from film_files import exif, film, jpeg, png
from PIL import Image

from hilum.films.film import decode_film, thumbnail


@pytest.mark.parametrize(
    ("stored", "shown"), [((500, 400), (192, 154)), ((400, 800), (96, 192)), ((90, 70), (90, 70))]
)
def test_a_thumbnail_keeps_the_proportions(stored, shown) -> None:
    small = Image.open(io.BytesIO(thumbnail(decode_film(png(film(*stored))))))
    assert (small.format, small.mode, small.size) == ("JPEG", "L", shown[::-1])


def test_a_thumbnail_looks_like_the_film() -> None:
    pixels = film(384, 320)
    small = np.asarray(Image.open(io.BytesIO(thumbnail(decode_film(png(pixels))))))
    by_hand = pixels.reshape(192, 2, 160, 2).mean(axis=(1, 3))
    assert np.abs(small - by_hand).mean() < 3


def test_a_thumbnail_is_upright_and_without_metadata() -> None:
    data = thumbnail(decode_film(jpeg(film(), exif=exif(6), comment=b"ZZPHI^CANARY")))
    small = Image.open(io.BytesIO(data))
    assert small.size == (96, 80)
    assert not small.getexif()
    assert b"CANARY" not in data


def test_the_longest_side_can_be_chosen() -> None:
    data = thumbnail(decode_film(jpeg(film(2000, 1000)), at_least_px=100), longest_side_px=64)
    assert Image.open(io.BytesIO(data)).size == (32, 64)

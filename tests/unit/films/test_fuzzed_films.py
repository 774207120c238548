"""Damaged at random, a film is refused with a reason or read as a film; nothing else happens.

More cases than a test run has time for: FUZZ_CASES=100000 pytest <this file>.
"""

from __future__ import annotations

import logging
import os
import time
import warnings

import numpy as np
import pytest
from dicom_files import WHOLE_DICOMS
from film_files import WHOLE_FILMS

from hilum.errors import FilmError
from hilum.films.film import FilmImage, decode_film

FILMS = WHOLE_FILMS | WHOLE_DICOMS
CASES_PER_FILM = max(1, int(os.environ.get("FUZZ_CASES", "4800")) // len(FILMS))
MOST_SECONDS = 10.0


def flip_bits(data: bytearray, rng: np.random.Generator) -> bytearray:
    for position in rng.integers(0, len(data), rng.integers(1, 9)):
        data[position] ^= 1 << int(rng.integers(8))
    return data


def change_header(data: bytearray, rng: np.random.Generator) -> bytearray:
    for position in rng.integers(0, min(len(data), 200), rng.integers(1, 5)):
        data[position] = int(rng.choice([0, 1, 127, 128, 254, 255, rng.integers(256)]))
    return data


def change_directory(data: bytearray, rng: np.random.Generator) -> bytearray:
    """TIFF keeps its directory at the end when Pillow writes it, and at the front otherwise."""
    for position in rng.integers(max(0, len(data) - 250), len(data), rng.integers(1, 5)):
        data[position] = int(rng.choice([0, 1, 127, 128, 255, rng.integers(256)]))
    return data


def change_elements(data: bytearray, rng: np.random.Generator) -> bytearray:
    """DICOM keeps its elements between the preamble and the pixels."""
    for position in rng.integers(128, max(129, min(len(data), 900)), rng.integers(1, 5)):
        if position < len(data):
            data[position] = int(rng.choice([0, 1, 127, 128, 255, rng.integers(256)]))
    return data


def cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: int(rng.integers(0, len(data)))]


def take_out(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = int(rng.integers(0, len(data)))
    del data[start : start + int(rng.integers(1, 40))]
    return data


def put_in(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = int(rng.integers(0, len(data)))
    data[start:start] = rng.bytes(int(rng.integers(1, 40)))
    return data


def repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = int(rng.integers(0, len(data)))
    data[start:start] = data[start : start + int(rng.integers(1, 400))]
    return data


DAMAGE = (
    flip_bits,
    change_header,
    change_directory,
    change_elements,
    cut,
    take_out,
    put_in,
    repeat,
)


def damaged_films(name: str):
    rng = np.random.default_rng([ord(letter) for letter in name])
    whole = FILMS[name]()
    for _ in range(CASES_PER_FILM):
        damage = DAMAGE[rng.integers(len(DAMAGE))]
        yield bytes(damage(bytearray(whole), rng))


@pytest.mark.parametrize("name", FILMS)
def test_a_damaged_film_is_refused_or_read(name: str, caplog: pytest.LogCaptureFixture) -> None:
    # Warnings that are errors would end as refusals here, and go unseen: so record them.
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        check_damaged_films(name)
    assert [str(warning.message) for warning in warned] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def check_damaged_films(name: str) -> None:
    refused = 0
    for data in damaged_films(name):
        start = time.perf_counter()
        try:
            image = decode_film(data, at_least_px=24)
        except FilmError:
            refused += 1
        else:
            assert_is_a_film(image)
        assert time.perf_counter() - start < MOST_SECONDS
    assert refused > 0


def assert_is_a_film(image: FilmImage) -> None:
    assert image.pixels.dtype == np.uint8
    assert image.pixels.ndim == 2
    assert image.pixels.size > 0
    assert image.width_px * image.height_px <= 50_000_000
    assert image.pixels.shape <= (image.height_px, image.width_px)

"""DICOM films become the grey levels that their files ask for; pydicom is the judge."""

from __future__ import annotations

import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dicom_files import CANARY, PLAIN_SYNTAXES, WHOLE_DICOMS, before_pixels, dicom, element, table
from film_files import colour, deep_film, film, png
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import DigitalXRayImageStorageForProcessing, ExplicitVRBigEndian

from every import every
from hilum.films.film import decode_film, read_film
from hilum.films.picture import Encoding


def pixels_of(data: bytes) -> np.ndarray:
    return decode_film(data).pixels.astype(int)


def judged(data: bytes, low: float, high: float) -> np.ndarray:
    """What pydicom makes of the levels, with `low` to `high` spread over the 256."""
    made = dcmread(DicomBytesIO(data))
    kind = f"{'i' if made.PixelRepresentation else 'u'}{made.BitsAllocated // 8}"
    order = "<" if made.original_encoding[1] else ">"
    stored = np.frombuffer(made.PixelData, order + kind).reshape(made.Rows, made.Columns)
    with np.errstate(over="ignore"):  # in its sigmoid
        seen = apply_voi_lut(apply_modality_lut(stored.astype(kind), made), made)
    return np.clip(np.rint((seen - low) / (high - low) * 255), 0, 255).astype(int)


@pytest.mark.parametrize("syntax", PLAIN_SYNTAXES)
@pytest.mark.parametrize("pixels", [film(), deep_film(), deep_film().astype(np.int16) - 2000])
def test_a_film_is_the_same_in_every_byte_order(syntax: str, pixels: np.ndarray) -> None:
    image = decode_film(dicom(pixels, syntax=syntax))
    if pixels.dtype == np.uint8:
        expected = pixels
    else:
        fraction = (pixels - float(pixels.min())) / np.ptp(pixels)
        expected = np.rint(255 * fraction)
    assert np.array_equal(image.pixels, expected)
    assert (image.format, image.width_px, image.height_px) == ("DICOM", 80, 96)


def test_eight_bit_films_in_words_of_the_other_byte_order() -> None:
    swapped = np.ascontiguousarray(film()).reshape(-1, 2)[:, ::-1].tobytes()
    data = dicom(film(), syntax=ExplicitVRBigEndian, PixelData=swapped)
    head = data.index(b"\x7f\xe0\0\x10OB")
    assert np.array_equal(pixels_of(data[: head + 4] + b"OW" + data[head + 6 :]), film())


def test_an_odd_number_of_bytes_is_filled_up() -> None:
    odd = film()[:95, :79]
    data = dicom(odd)
    assert np.array_equal(pixels_of(data), odd)
    head = data.index(b"\xe0\x7f\x10\0OB") + 8  # and some writers leave it odd
    bare = data[:head] + struct.pack("<I", odd.size) + data[head + 4 : -1]
    assert np.array_equal(pixels_of(bare), odd)


def test_a_deep_film_without_a_window_keeps_256_levels_as_a_png_does() -> None:
    image = decode_film(dicom())
    assert np.array_equal(image.pixels, decode_film(png(deep_film())).pixels)
    assert image.notes == ("12 bit, scaled from 112 to 3987",)
    assert image.encoding == Encoding(bits=12, channels=1)
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64) + 0
    assert len(np.unique(decode_film(dicom(ramp)).pixels)) == 256


def test_a_constant_film_is_black_and_says_so() -> None:
    image = decode_film(dicom(np.full((64, 64), 900, np.uint16)))
    assert not image.pixels.any()
    assert image.notes == ("12 bit, constant at 900",)


@pytest.mark.parametrize("shape", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("centre", "width"), [(2000, 3000), (1500.5, 801), (300, 90), (2000, 2)])
def test_windows_are_as_pydicom_applies_them(
    shape: str | None, centre: float, width: float
) -> None:
    data = dicom(WindowCenter=centre, WindowWidth=width, VOILUTFunction=shape)
    assert np.abs(pixels_of(data) - judged(data, 0, 4095)).max() <= 1
    assert "12 bit, window applied" in decode_film(data).notes


def test_the_narrowest_window_parts_black_from_white() -> None:
    data = dicom(WindowCenter=2000, WindowWidth=1)
    assert np.array_equal(pixels_of(data), np.where(deep_film() > 1999.5, 255, 0))


def test_the_first_of_several_windows_counts() -> None:
    one = dicom(WindowCenter=2000, WindowWidth=3000)
    assert np.array_equal(
        pixels_of(dicom(WindowCenter=[2000, 100], WindowWidth=[3000, 9])), pixels_of(one)
    )


@pytest.mark.parametrize(("slope", "intercept"), [(2, -1000), (0.25, 10.5), (-1, 4095)])
def test_the_detectors_scale_goes_before_the_window(slope: float, intercept: float) -> None:
    scale = {"RescaleSlope": slope, "RescaleIntercept": intercept, "RescaleType": "US"}
    data = dicom(**scale, WindowCenter=700, WindowWidth=1200)
    scaled = slope * deep_film().astype(float) + intercept
    fraction = np.clip((scaled - 699.5) / 1199 + 0.5, 0, 1)
    assert np.array_equal(pixels_of(data), np.rint(255 * fraction))


def test_a_scale_that_turns_the_levels_round_is_obeyed() -> None:
    data = dicom(film(), RescaleSlope=-1, RescaleIntercept=255)
    assert np.array_equal(pixels_of(data), 255 - film().astype(int))


@pytest.mark.parametrize("first", [0, 500])
def test_tables_are_as_pydicom_looks_them_up(first: int) -> None:
    levels = np.rint(4095 * np.linspace(0, 1, 3000) ** 2).astype(int)
    data = dicom(VOILUTSequence=[table("voi", levels, first)], WindowCenter=9, WindowWidth=2)
    assert np.abs(pixels_of(data) - judged(data, 0, 4095)).max() <= 1
    assert "12 bit, table of grey levels applied" in decode_film(data).notes


def test_a_detectors_table_goes_before_the_window() -> None:
    levels = 4095 - np.arange(4096)
    data = dicom(
        ModalityLUTSequence=[table("modality", levels)], WindowCenter=2000, WindowWidth=3000
    )
    turned = dicom(4095 - deep_film(), WindowCenter=2000, WindowWidth=3000)
    assert np.array_equal(pixels_of(data), pixels_of(turned))


def test_a_table_may_begin_below_zero_and_have_65536_entries() -> None:
    pixels = deep_film().astype(np.int16) - 2000
    levels = np.arange(65536)
    item = table("voi", levels, bits=16)
    item[0x00283002].VR = "SS"
    item[0x00283002].value = [0, -32768, 16]
    window = dicom(pixels, WindowCenter=0, WindowWidth=65536, VOILUTFunction="LINEAR_EXACT")
    table_film = dicom(pixels, VOILUTSequence=[item])
    assert np.abs(pixels_of(table_film) - pixels_of(window)).max() <= 1


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"WindowCenter": 2000, "WindowWidth": 3000},
        {"WindowCenter": 1500, "WindowWidth": 900, "VOILUTFunction": "SIGMOID"},
        {"RescaleSlope": 2, "RescaleIntercept": -9, "WindowCenter": 3999, "WindowWidth": 5000},
        {"VOILUTSequence": [table("voi", np.arange(4096) ** 2 // 4096)]},
        {"PixelPaddingValue": 112},
    ],
    ids=["range", "window", "sigmoid", "scale", "table", "padding"],
)
def test_white_is_zero_is_inverted_after_the_window(tags: dict) -> None:
    """The same stored values, said to be bright at zero, are the negative."""
    bright = decode_film(dicom(PhotometricInterpretation="MONOCHROME1", **tags))
    dark = decode_film(dicom(**tags))
    assert "white is zero, inverted" in bright.notes
    inside = deep_film() != tags.get("PixelPaddingValue", -1)
    assert np.array_equal(bright.pixels[inside], 255 - dark.pixels[inside])


@pytest.mark.parametrize("window", [False, True])
def test_the_duplicate_that_stores_the_negative_looks_the_same(window: bool) -> None:
    centre, width = (1800, 2500) if window else (None, None)
    dark = dicom(WindowCenter=centre, WindowWidth=width)
    bright = dicom(
        4095 - deep_film(),
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=4095 - centre if centre else None,
        WindowWidth=width,
    )
    assert np.abs(pixels_of(dark) - pixels_of(bright)).max() <= 1


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_has_no_say_in_the_range(photometric: str) -> None:
    padded = deep_film()
    padded[:10] = 4095
    image = decode_film(
        dicom(padded, PixelPaddingValue=4095, PhotometricInterpretation=photometric)
    )
    assert not image.pixels[:10].any()
    assert "padding shown black" in image.notes
    rest = decode_film(dicom(padded[10:], PhotometricInterpretation=photometric))
    assert np.array_equal(image.pixels[10:], rest.pixels)
    assert image.notes[0] == rest.notes[0]


def test_padding_may_be_a_range_below_zero() -> None:
    padded = deep_film().astype(np.int16) - 2000
    padded[:5], padded[5:10] = -2048, -2000
    image = decode_film(dicom(padded, PixelPaddingValue=-2048, PixelPaddingRangeLimit=-2000))
    assert np.array_equal(image.pixels[10:], decode_film(dicom(padded[10:])).pixels)


def test_signed_values_may_lack_the_bits_of_their_sign() -> None:
    pixels = deep_film().astype(np.int16) - 2000
    bare = (pixels & 0xFFF).astype(np.int16)
    assert np.array_equal(pixels_of(dicom(bare)), pixels_of(dicom(pixels)))


@pytest.mark.parametrize("bits", [1, 4, 6])
def test_few_bits_are_spread_over_all_grey_levels(bits: int) -> None:
    pixels = film() >> (8 - bits)
    expected = np.rint(pixels * 255.0 / (2**bits - 1))
    assert np.array_equal(pixels_of(dicom(pixels, bits=bits)), expected)


def test_colour_is_luma_in_both_arrangements() -> None:
    tinted = colour(film())
    expected = decode_film(png(tinted)).pixels
    planes = np.ascontiguousarray(np.moveaxis(tinted, -1, 0)).tobytes()
    for data in (dicom(tinted), dicom(tinted, PlanarConfiguration=1, PixelData=planes)):
        image = decode_film(data)
        assert np.array_equal(image.pixels, expected)
        assert image.notes == ("colour",)
        assert image.encoding == Encoding(bits=8, channels=3)


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({"BurnedInAnnotation": "YES"}, "text is burnt in, as the file says"),
        ({"BurnedInAnnotation": None}, "the file does not say whether text is burnt in"),
        (
            {"Modality": "OT"},
            "may not be a chest film: the file does not say how it was made",
        ),
        ({"Modality": None}, "may not be a chest film: the file does not say how it was made"),
        (
            {"BodyPartExamined": "HAND"},
            "may not be a chest film: the file names another part of the body",
        ),
        (
            {"ViewPosition": "LL"},
            "may not be a frontal film: the file says that it is from the side",
        ),
        (
            {"SOPClassUID": DigitalXRayImageStorageForProcessing},
            "as the detector saw it, not made for viewing",
        ),
    ],
)
def test_doubts_are_noted(tags: dict, note: str) -> None:
    assert decode_film(dicom(film(), **tags)).notes == (note,)


def test_an_overlay_is_left_out_and_noted() -> None:
    overlay = element(0x60003000, "OW", bytes(960))
    image = decode_film(before_pixels(dicom(film()), overlay))
    assert image.notes == ("overlay left out",)
    assert np.array_equal(image.pixels, film())


def test_a_suffix_that_misleads_is_noted() -> None:
    assert "named .png but holds DICOM" in decode_film(dicom(), suffix=".png").notes
    assert "named .dcm but holds PNG" in decode_film(png(film()), suffix=".dcm").notes
    assert decode_film(dicom(film()), suffix="").notes == ()


def test_a_preamble_that_looks_like_tiff_is_still_dicom() -> None:
    data = b"II*\0\x54\0\0\0" + dicom(film())[8:]
    assert np.array_equal(decode_film(data).pixels, film())


def test_nothing_that_is_told_names_the_patient() -> None:
    for make in WHOLE_DICOMS.values():
        image = decode_film(make())
        assert CANARY not in repr((image.notes, image.encoding))


def test_the_maker_is_told() -> None:
    assert decode_film(dicom(Manufacturer=" Agfa-Gevaert ")).encoding.maker == "Agfa-Gevaert"
    assert decode_film(dicom(Manufacturer="x" * 60)).encoding.maker == "x" * 40
    assert decode_film(dicom(Manufacturer="")).encoding.maker is None


def test_films_are_read_in_several_threads_at_once() -> None:
    files = [make() for make in WHOLE_DICOMS.values()] * 4
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(decode_film, files))
    alone = [decode_film(data).pixels for data in files]
    assert all(np.array_equal(a.pixels, b) for a, b in every(zip(images, alone, strict=True)))


def test_reading_needs_no_foreign_dicom_code(tmp_path: Path) -> None:
    (tmp_path / "film.dcm").write_bytes(dicom())
    code = (
        "import sys; from pathlib import Path; from hilum.films.film import read_film; "
        "read_film(Path(sys.argv[1])); print({'pydicom', 'tifffile'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "film.dcm"], capture_output=True, check=True
    )
    assert done.stdout == b"set()\n"


@pytest.mark.films
def test_a_real_film_is_read(films_folder: Path) -> None:
    path = films_folder / "dicom" / "nih-no-finding.dcm"
    image = read_film(path)
    stored = np.frombuffer(dcmread(path).PixelData, np.uint8).reshape(1024, 1024)
    assert np.array_equal(image.pixels, stored)
    assert image.notes == ("the file does not say whether text is burnt in",)

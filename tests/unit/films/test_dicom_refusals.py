"""DICOM files that must be refused: each kind, the error it earns, and what that may cost."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from dicom_files import (
    CANARY,
    COMPRESSED,
    CT_CLASS,
    WHOLE_DICOMS,
    before_pixels,
    dataset,
    dicom,
    element,
    nested,
    table,
    with_syntax,
    written,
)
from film_files import deep_film, film, png
from pydicom.uid import ImplicitVRLittleEndian

from hilum.errors import (
    FilmCodecError,
    FilmCorruptError,
    FilmDicomError,
    FilmError,
    FilmFramesError,
    FilmNotChestError,
    FilmPixelMetaError,
    FilmSizeError,
    FilmTagValueError,
    FilmTypeError,
)
from hilum.films.dicom_file import DEEPEST
from hilum.films.film import decode_film, sniff_format

UNDEFINED = 0xFFFFFFFF
BAD_NUMBERS = (b"1e400 ", b"nan ", b"inf ", b"-1e400", b"1_000 ", b"0x10", b"abc ", b"9" * 70)


def without_preamble() -> bytes:
    return dicom()[132:]


def without_first_group() -> bytes:
    data = dicom()
    return data[data.index(b"\x08\0\x16\0") :]


def without_syntax() -> bytes:
    data = dicom()
    start = data.index(element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"))
    return data[:start] + data[start + 28 :]


def deflated() -> bytes:
    """A file whose elements are deflated from a gigabyte of nothing, or nearly."""
    head = with_syntax("1.2.840.10008.1.2.1.99")
    squeezer = zlib.compressobj(wbits=-15)
    bomb = squeezer.compress(bytes(20_000_000)) + squeezer.flush()
    return head[: head.index(b"\x08\0\x16\0")] + bomb


def with_length(length: int) -> Callable[[], bytes]:
    def make() -> bytes:
        data = dicom()
        head = data.index(b"\xe0\x7f\x10\0OW")
        return data[: head + 8] + struct.pack("<I", length) + data[head + 12 :]

    return make


def with_endless_sequence() -> bytes:
    return before_pixels(dicom(), element(0x00091001, "SQ", b"", length=UNDEFINED))


def with_endless_text() -> bytes:
    return before_pixels(dicom(), element(0x00091001, "UT", b"", length=UNDEFINED))


def with_giant_element() -> bytes:
    return before_pixels(dicom(), element(0x00091001, "OB", b"", length=0xFFFFFFFE))


def with_item_beyond_its_sequence() -> bytes:
    item = b"\xfe\xff\0\xe0" + struct.pack("<I", 4000) + b"xxxx"
    return before_pixels(dicom(), element(0x00091001, "SQ", item))


def with_stray_delimiter() -> bytes:
    return before_pixels(dicom(), b"\xfe\xff\x0d\xe0\0\0\0\0")


def with_unknown_kind() -> bytes:
    return before_pixels(dicom(), element(0x00091001, "zz", b"ab"))


def with_many_elements() -> bytes:
    return before_pixels(dicom(), element(0x00091001, "LO", b"") * 50_000)


def with_endless_first_group() -> bytes:
    data = dicom()
    return data[:132] + element(0x00020012, "UI", b"") * 5000 + data[132:]


def with_two_heights() -> bytes:
    return before_pixels(dicom(), element(0x00280010, "US", struct.pack("<H", 96)))


def with_odd_frames() -> bytes:
    whole, odd = (element(0x00280008, "IS", letters) for letters in (b"1 ", b"1A"))
    return dicom(NumberOfFrames=1).replace(whole, odd)


def with_long_height() -> bytes:
    return dicom(Rows=struct.pack("<HH", 96, 96))


def implicit_said_to_be_explicit() -> bytes:
    data = dicom(syntax=ImplicitVRLittleEndian)
    head = element(0x00020010, "UI", b"1.2.840.10008.1.2\0")
    return data.replace(head, element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"))


def report() -> bytes:
    return written(dataset(film(), SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR"))


def disc_index() -> bytes:
    return written(dataset(film(), SOPClassUID="1.2.840.10008.1.3.10", Modality=None))


def wrong_table(levels: np.ndarray, **changes: int) -> Callable[[], bytes]:
    def make() -> bytes:
        item = table("voi", levels, bits=changes.get("bits", 12))
        if "count" in changes:
            item[0x00283002].value = [changes["count"], 0, 12]
        return dicom(VOILUTSequence=[item])

    return make


def table_without_levels() -> bytes:
    item = table("voi", np.arange(4096))
    del item[0x00283006]
    return dicom(VOILUTSequence=[item])


def tags(**changes: object) -> Callable[[], bytes]:
    return lambda: dicom(**changes)


RAMP = np.arange(4096)
BAD: dict[str, tuple[Callable[[], bytes], type[FilmError]]] = {
    "missing preamble": (without_preamble, FilmDicomError),
    "no first group either": (without_first_group, FilmDicomError),
    "no transfer syntax": (without_syntax, FilmDicomError),
    "4 GB of pixels": (with_length(0xFFFFFFFE), FilmDicomError),
    "compressed pixels, said to be plain": (with_length(UNDEFINED), FilmDicomError),
    "length one too long": (with_length(deep_film().nbytes + 1), FilmDicomError),
    "300 nested sequences": (
        lambda: before_pixels(dicom(), nested(300, has_lengths=False)), FilmDicomError,
    ),
    "300 nested sequences with lengths": (
        lambda: before_pixels(dicom(), nested(300, has_lengths=True)), FilmDicomError,
    ),
    "sequence without end": (with_endless_sequence, FilmDicomError),
    "text without end": (with_endless_text, FilmDicomError),
    "4 GB element": (with_giant_element, FilmDicomError),
    "item beyond its sequence": (with_item_beyond_its_sequence, FilmDicomError),
    "stray delimiter": (with_stray_delimiter, FilmDicomError),
    "unknown type": (with_unknown_kind, FilmDicomError),
    "50,000 elements": (with_many_elements, FilmDicomError),
    "endless first group": (with_endless_first_group, FilmDicomError),
    "two heights": (with_two_heights, FilmDicomError),
    "height of four bytes": (with_long_height, FilmDicomError),
    "implicit said to be explicit": (implicit_said_to_be_explicit, FilmDicomError),
    "too many rows": (tags(Rows=97), FilmDicomError),
    "too few rows": (tags(Rows=95), FilmDicomError),
    "no rows": (tags(Rows=0), FilmDicomError),
    "no columns": (tags(Columns=None), FilmDicomError),
    "more frames than pixels": (tags(NumberOfFrames=3), FilmDicomError),
    "no frames": (tags(NumberOfFrames=0), FilmDicomError),
    "frames that are no number": (with_odd_frames, FilmDicomError),
    "a billion frames": (tags(NumberOfFrames=b"999999999999"), FilmDicomError),
    "several frames": (
        tags(NumberOfFrames=2, PixelData=deep_film().tobytes() * 2), FilmFramesError,
    ),
    "65535 x 65535": (tags(Rows=65535, Columns=65535), FilmSizeError),
    "deflated bomb": (deflated, FilmCodecError),
    "report": (report, FilmNotChestError),
    "document": (
        lambda: written(dataset(film(), SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1")),
        FilmNotChestError,
    ),
    "computed tomography": (tags(SOPClassUID=CT_CLASS, Modality="CT"), FilmNotChestError),
    "tomography by its class": (tags(SOPClassUID=CT_CLASS), FilmNotChestError),
    "screenshot of a tomography": (
        tags(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Modality="CT"), FilmNotChestError,
    ),
    "mammogram": (tags(Modality="MG"), FilmNotChestError),
    "unheard-of modality": (tags(Modality=CANARY.encode()), FilmNotChestError),
    "no pixels": (lambda: written(dataset(film())), FilmNotChestError),
    "DICOMDIR": (disc_index, FilmNotChestError),
    "bits beyond their container": (tags(bits=17), FilmPixelMetaError),
    "no bits": (tags(BitsStored=0, HighBit=0), FilmPixelMetaError),
    "high bit elsewhere": (tags(HighBit=15), FilmPixelMetaError),
    "no high bit": (tags(HighBit=None), FilmPixelMetaError),
    "sign neither nor": (tags(PixelRepresentation=2), FilmPixelMetaError),
    "signed pixels said to be unsigned": (
        lambda: dicom(deep_film().astype(np.int16) - 2000, PixelRepresentation=0),
        FilmPixelMetaError,
    ),
    "more bits than declared": (tags(bits=10), FilmPixelMetaError),
    "no photometric interpretation": (
        tags(PhotometricInterpretation=None), FilmPixelMetaError,
    ),
    "grey of three channels": (tags(SamplesPerPixel=3), FilmPixelMetaError),
    "colour of one channel": (tags(PhotometricInterpretation="RGB"), FilmPixelMetaError),
    "no channels": (tags(SamplesPerPixel=None), FilmPixelMetaError),
    "palette": (tags(PhotometricInterpretation="PALETTE COLOR"), FilmTypeError),
    "32 bits": (lambda: dicom(deep_film().astype(np.uint32), bits=32), FilmTypeError),
    "window width 0": (tags(WindowCenter=2000, WindowWidth=0), FilmTagValueError),
    "window width below 1": (tags(WindowCenter=2000, WindowWidth=0.5), FilmTagValueError),
    "window width below 0": (
        tags(WindowCenter=2000, WindowWidth=-5, VOILUTFunction="SIGMOID"), FilmTagValueError,
    ),
    "window without width": (tags(WindowCenter=2000), FilmTagValueError),
    "window without centre": (tags(WindowWidth=2000), FilmTagValueError),
    "window of unknown shape": (
        tags(WindowCenter=2000, WindowWidth=100, VOILUTFunction="CUBIC"), FilmTagValueError,
    ),
    "slope 0": (tags(RescaleSlope=0, RescaleIntercept=0), FilmTagValueError),
    "slope lost in the intercept": (
        tags(RescaleSlope=b"1e-9", RescaleIntercept=b"1e11"), FilmTagValueError,
    ),
    "slope without intercept": (tags(RescaleSlope=2), FilmTagValueError),
    "table shorter than it says": (wrong_table(RAMP, count=4095), FilmTagValueError),
    "table of one level": (wrong_table(RAMP * 0 + 7), FilmTagValueError),
    "table beyond its bits": (wrong_table(RAMP, bits=8), FilmTagValueError),
    "table of no bits": (wrong_table(RAMP, bits=0), FilmTagValueError),
    "table without levels": (table_without_levels, FilmTagValueError),
}  # fmt: skip
BAD |= {
    f"{name} {number[:8]!r}": (tags(**(proper | {name: number})), FilmTagValueError)
    for number in BAD_NUMBERS
    for name, proper in (
        ("WindowWidth", {"WindowCenter": 2000}),
        ("WindowCenter", {"WindowWidth": 2000}),
        ("RescaleSlope", {"RescaleIntercept": 0}),
        ("RescaleIntercept", {"RescaleSlope": 1}),
    )
}


@pytest.mark.parametrize("name", BAD)
def test_bad_dicom_files_are_refused_for_the_right_reason(name: str) -> None:
    make, expected = BAD[name]
    with pytest.raises(FilmError) as caught:
        decode_film(make(), suffix=".dcm")
    assert type(caught.value) is expected
    assert caught.value.message.endswith(".")
    assert caught.value.fix.endswith(".")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("uid", COMPRESSED)
def test_compressed_films_are_refused_by_the_name_of_their_compression(uid: str) -> None:
    with pytest.raises(FilmCodecError, match=COMPRESSED[uid]) as caught:
        decode_film(with_syntax(uid))
    assert "PNG" in caught.value.fix


@pytest.mark.parametrize(
    "content",
    [b"patient,label\n1,A\n", b"PK\x03\x04" + bytes(60), bytes(500), b"%PDF-1.7\n"],
    ids=["text", "zip", "zeros", "pdf"],
)
def test_what_is_named_dcm_and_is_no_dicom(content: bytes) -> None:
    with pytest.raises(FilmDicomError, match=r"named \.dcm and is no DICOM"):
        decode_film(content, suffix=".DCM")
    with pytest.raises(FilmTypeError):
        sniff_format(content)


def test_the_deepest_nesting_that_is_allowed_is_read() -> None:
    for has_lengths in (False, True):
        data = before_pixels(dicom(film()), nested(DEEPEST, has_lengths=has_lengths))
        assert np.array_equal(decode_film(data).pixels, film())


CRAFTED = ("300 nested sequences", "deflated bomb", "4 GB element", "65535 x 65535")


@pytest.mark.parametrize("name", [*CRAFTED, "50,000 elements"])
def test_a_crafted_file_is_refused_at_once(name: str) -> None:
    data = BAD[name][0]()
    start = time.process_time()
    with pytest.raises(FilmError):
        decode_film(data)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_takes_no_memory(name: str) -> None:
    data = BAD[name][0]()
    tracemalloc.start()
    with pytest.raises(FilmError):
        decode_film(data)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 8_000_000


@pytest.mark.parametrize("name", WHOLE_DICOMS)
def test_cut_dicom_films_are_refused_wherever_they_are_cut(name: str) -> None:
    data = WHOLE_DICOMS[name]()
    lengths = {len(data) * k // 40 for k in range(1, 40)} | set(range(120, 900, 7))
    for length in sorted(lengths | {len(data) - 1, len(data) - 2}):
        with pytest.raises((FilmDicomError, FilmNotChestError, FilmCorruptError, FilmTypeError)):
            decode_film(data[:length])


def test_formats_that_are_no_dicom_are_not_taken_for_it() -> None:
    data = bytearray(png(film()))
    assert sniff_format(bytes(data)) == "PNG"
    assert sniff_format(dicom()[:1024]) == "DICOM"
    with pytest.raises(FilmTypeError):
        sniff_format(bytes(132))

"""What a file gives away without a look at the film: bits, channels, tables, maker."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from film_files import (
    WHOLE_FILMS,
    after_header,
    bmp,
    chunk,
    colour,
    deep_film,
    exif,
    film,
    jpeg,
    pillow_tiff,
    png,
    saved,
    tiff,
)
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from hilum.films.exif import ExifFacts, read_exif
from hilum.films.film import FilmImage, decode_film
from hilum.films.picture import Encoding

MAKER, TEXT = 271, 2
ORIENTATION = struct.pack("<HHII", 274, 3, 1, 6)


def facts(name: str) -> tuple[int, int, bool]:
    encoding = decode_film(WHOLE_FILMS[name]()).encoding
    return encoding.bits, encoding.channels, encoding.is_progressive


def made_by(maker: str, orientation: int = 1) -> Image.Exif:
    tags = exif(orientation)
    tags[MAKER] = maker
    return tags


def block(*records: bytes, order: bytes = b"II*\0", after: bytes = b"") -> bytes:
    """Write an EXIF block by hand, little-endian; behind one tag, `after` begins at 26."""
    directory = struct.pack("<H", len(records)) + b"".join(records) + bytes(4)
    return order + struct.pack("<I", 8) + directory + after


def text_tag(letters: bytes, kind: int = TEXT, offset: int = 26) -> bytes:
    """A maker's tag; letters that do not fit in it stand at `offset`."""
    where = letters.ljust(4, b"\0") if len(letters) <= 4 else struct.pack("<I", offset)
    return struct.pack("<HHI", MAKER, kind, len(letters)) + where


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("png", (8, 1, False)),
        ("png colour", (8, 3, False)),
        ("png interlaced", (8, 3, True)),
        ("png 16 bit", (16, 1, False)),
        ("png 16 bit colour", (16, 3, False)),
        ("png palette", (8, 1, False)),
        ("png 1 bit", (1, 1, False)),
        ("png grey alpha", (8, 2, False)),
        ("png alpha", (8, 4, False)),
        ("jpeg", (8, 1, False)),
        ("jpeg colour", (8, 3, False)),
        ("jpeg progressive", (8, 1, True)),
        ("jpeg cmyk", (8, 4, False)),
        ("tiff", (8, 1, False)),
        ("tiff bigtiff", (16, 1, False)),
        ("tiff float", (32, 1, False)),
        ("tiff lzw 16 bit", (16, 1, False)),
        ("tiff jpeg", (8, 1, False)),
        ("tiff 1 bit", (1, 1, False)),
        ("tiff palette", (8, 1, False)),
        ("tiff planes", (8, 3, False)),
        ("tiff cmyk", (8, 4, False)),
        ("bmp", (8, 1, False)),
        ("bmp colour", (8, 3, False)),
        ("bmp 1 bit", (1, 1, False)),
    ],
)
def test_bits_and_channels_are_told_as_declared(name: str, expected: tuple[int, int, bool]) -> None:
    assert facts(name) == expected


def test_a_bmp_of_four_bytes_or_two_per_pixel_tells_its_true_depth() -> None:
    padded = saved(Image.fromarray(colour(film())).convert("RGBA"), "BMP")
    assert padded[28] == 32  # the fourth byte is declared as filling
    assert decode_film(padded).encoding == Encoding(bits=8, channels=3)
    header = struct.pack("<2sIHHI", b"BM", 54 + 64 * 128, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, 64, 64, 1, 16, 0, 64 * 128, 0, 0, 0, 0)
    pixels = np.arange(64 * 64, dtype="<u2").tobytes()
    assert decode_film(header + pixels).encoding == Encoding(bits=5, channels=3)
    oldest = struct.pack("<2sIHHI", b"BM", 26 + 64 * 192, 0, 0, 26)
    oldest += struct.pack("<IHHHH", 12, 64, 64, 1, 24)
    assert decode_film(oldest + bytes(range(192)) * 64).encoding == Encoding(bits=8, channels=3)


@pytest.mark.parametrize("quality", [20, 75, 95])
def test_a_jpeg_tells_the_mean_of_its_first_quantisation_table(quality: int) -> None:
    data = jpeg(colour(film()), quality=quality)
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImageFile)
    expected = float(np.mean(image.quantization[0]))
    assert decode_film(data).encoding.quantisation == expected
    assert decode_film(data, at_least_px=32).encoding.quantisation == expected


def test_a_quantisation_table_of_16_bits_is_read_as_such() -> None:
    data = jpeg(film(), quality=75)
    start = data.index(b"\xff\xdb")
    table = data[start + 5 : start + 69]
    assert data[start + 2 : start + 5] == b"\0\x43\0"
    wide = b"\xff\xdb\0\x83\x10" + np.frombuffer(table, "u1").astype(">u2").tobytes()
    encoding = decode_film(data[:start] + wide + data[start + 69 :]).encoding
    assert encoding.quantisation == decode_film(data).encoding.quantisation


@pytest.mark.parametrize("encode", [png, tiff, bmp])
def test_other_formats_have_no_quantisation(encode) -> None:
    assert decode_film(encode(film())).encoding.quantisation is None


@pytest.mark.parametrize(
    "read",
    [
        lambda maker: decode_film(jpeg(film(), exif=made_by(maker, orientation=6))),
        lambda maker: decode_film(png(film(), exif=made_by(maker, orientation=6))),
        lambda maker: decode_film(
            pillow_tiff(Image.fromarray(film()), "raw", tiffinfo={MAKER: maker, 274: 6})
        ),
        lambda maker: decode_film(
            tiff(deep_film(), extratags=[(MAKER, "s", 0, maker, True), (274, "H", 1, 6, True)])
        ),
    ],
    ids=["jpeg", "png", "tiff", "tiff 16 bit"],
)
def test_the_maker_is_told_beside_the_orientation(read) -> None:
    image: FilmImage = read("  Agfa-Gevaert NV ")
    assert image.encoding.maker == "Agfa-Gevaert NV"
    assert "rotated by EXIF" in image.notes
    assert read("x" * 60).encoding.maker == "x" * 40


def test_several_exif_blocks_complete_each_other() -> None:
    def segment(content: bytes) -> bytes:
        return b"\xff\xe1" + struct.pack(">H", len(content) + 8) + b"Exif\0\0" + content

    plain = jpeg(film())
    blocks = [block(text_tag(b"Fuji")), block(ORIENTATION), block(text_tag(b"Else"))]
    image = decode_film(plain[:2] + b"".join(map(segment, blocks)) + plain[2:])
    assert image.encoding.maker == "Fuji"
    assert image.notes == ("rotated by EXIF",)


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "bmp"])
def test_without_a_tag_there_is_no_maker(name: str) -> None:
    assert decode_film(WHOLE_FILMS[name]()).encoding.maker is None


@pytest.mark.parametrize(
    ("mangled", "maker"),
    [
        (block(text_tag(b"GE\0no"), after=b"GE\0no"), "GE"),
        (block(text_tag(b" \0")), None),
        (block(text_tag(b"")), None),
        (block(text_tag(b"A\x1b\xff\x07")), "A"),
        (block(text_tag(b"Beyond the end", offset=9999)), None),
        (block(struct.pack("<HHII", MAKER, TEXT, 0xFFFFFFFF, 8)), None),
        (block(struct.pack("<HHII", MAKER, 4, 1, 0x41414141)), None),
        (block(struct.pack("<HHII", MAKER, 99, 1, 0x41414141)), None),
        (block(text_tag(b"GE"))[:20], None),
        (b"", None),
        (b"not a block", None),
    ],
)  # fmt: skip
def test_a_mangled_tag_costs_the_maker_and_never_the_film(
    mangled: bytes, maker: str | None
) -> None:
    assert read_exif(mangled) == ExifFacts(maker=maker)
    image = decode_film(after_header(png(film()), chunk(b"eXIf", mangled)))
    assert image.encoding.maker == maker
    assert np.array_equal(image.pixels, film())


def test_a_mangled_orientation_does_not_cost_the_maker() -> None:
    letters = struct.pack("<HHII", 274, TEXT, 1, 6)
    assert read_exif(block(text_tag(b"GE"), letters)) == ExifFacts(maker="GE")


def test_a_tiff_with_a_mangled_maker_is_still_a_film() -> None:
    data = bytearray(tiff(film(), extratags=[(MAKER, "s", 0, "Siemens Healthineers", True)]))
    tag = data.index(struct.pack("<HH", MAKER, TEXT))
    data[tag + 8 : tag + 12] = b"\xff\xff\xff\x7f"
    image = decode_film(bytes(data))
    assert image.encoding.maker is None
    assert np.array_equal(image.pixels, film())

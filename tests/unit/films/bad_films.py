"""Every kind of file that must be refused: one function per kind, and the error it earns."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from film_files import (
    chunk,
    colour,
    film,
    jpeg,
    pillow_tiff,
    png,
    saved,
    tiff,
)
from PIL import Image

from hilum.errors import (
    FilmCorruptError,
    FilmDicomError,
    FilmEmptyError,
    FilmError,
    FilmFramesError,
    FilmNonFiniteError,
    FilmSizeError,
    FilmTypeError,
)


def webp_like() -> bytes:
    return b"RIFF\x24\0\0\0WEBPVP8 " + bytes(40)


def zip_like() -> bytes:
    return b"PK\x03\x04" + bytes(60)


def dicom_cut_in_its_first_group() -> bytes:
    return bytes(128) + b"DICM\x02\0\0\0UL\x04\0\xb4\0\0\0"


def web_page() -> bytes:
    return b"\xef\xbb\xbf<!DOCTYPE html>\n<html><body>404 Not Found</body></html>"


def animated_gif() -> bytes:
    pages = [Image.fromarray(film(seed=k)) for k in range(2)]
    return saved(pages[0], "GIF", save_all=True, append_images=pages[1:])


def png_with_wrong_checksum() -> bytes:
    data = bytearray(png(film()))
    data[-20] ^= 1
    return bytes(data)


def png_with_wrong_text_checksum() -> bytes:
    data = png(film())
    return data[:33] + struct.pack(">I", 5) + b"tEXtab\0cd" + b"\0\0\0\0" + data[33:]


def png_without_pixels() -> bytes:
    return png(film())[:33] + chunk(b"IEND", b"")


def png_without_palette() -> bytes:
    data = saved(Image.fromarray(film()).convert("P"), "PNG")
    start = data.index(b"PLTE") - 4
    (length,) = struct.unpack_from(">I", data, start)
    return data[:start] + data[start + 12 + length :]


def png_with_too_few_rows() -> bytes:
    header = struct.pack(">IIBBBBB", 80, 96, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(81 * 50))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def interlaced_png_with_too_few_rows() -> bytes:
    header = struct.pack(">IIBBBBB", 80, 96, 8, 0, 0, 0, 1)
    rows = zlib.compress(b"\0\x60" * 2000)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_of_an_unknown_extension() -> bytes:
    data = png(film())
    return data[:33] + chunk(b"CgBI", b"\0\0\0\0") + data[33:]


def png_through_text_mode() -> bytes:
    return png(film()).replace(b"\r\n", b"\n")


def animated_png() -> bytes:
    pages = [Image.fromarray(film(seed=k)) for k in range(3)]
    return saved(pages[0], "PNG", save_all=True, append_images=pages[1:])


def huge_png() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def huge_jpeg() -> bytes:
    data = bytearray(jpeg(film()))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
    return bytes(data)


def huge_bmp() -> bytes:
    data = bytearray(saved(Image.fromarray(film()), "BMP"))
    data[18:26] = struct.pack("<II", 50_000, 50_000)
    return bytes(data)


def huge_tiff() -> bytes:
    return with_tag(tiff(film()), 256, 1_000_000)


def jpeg_with_zeros_for_its_end() -> bytes:
    data = jpeg(film(400, 300))
    half = len(data) // 2
    return data[:half] + bytes(len(data) - half)


def jpeg_cut_and_closed() -> bytes:
    data = jpeg(film(400, 300))
    return data[: len(data) // 2] + b"\xff\xd9"


def jpeg_cut_late_and_closed() -> bytes:
    data = jpeg(film(400, 300))
    return data[: len(data) * 97 // 100] + b"\xff\xd9"


def colour_jpeg_cut_and_closed() -> bytes:
    data = jpeg(colour(film(400, 300)))
    return data[: len(data) * 3 // 4] + b"\xff\xd9"


def cmyk_jpeg_cut_and_closed() -> bytes:
    data = saved(Image.fromarray(colour(film(400, 300))).convert("CMYK"), "JPEG")
    return data[: len(data) * 3 // 4] + b"\xff\xd9"


def progressive_jpeg_cut_and_closed() -> bytes:
    data = jpeg(film(400, 300), progressive=True)
    return data[: len(data) * 3 // 4] + b"\xff\xd9"


def progressive_jpeg_without_end() -> bytes:
    return jpeg(film(), progressive=True)[:-2]


def jpeg_with_stray_mark() -> bytes:
    data = bytearray(jpeg(film(400, 300)))
    data[-200:-198] = b"\xff\x2a"
    return bytes(data)


def jpeg_without_one_restart_interval() -> bytes:
    data = jpeg(film(), restart_marker_blocks=5)
    third, fourth = data.index(b"\xff\xd3"), data.index(b"\xff\xd4")
    return data[:third] + data[fourth:]


def jpeg_of_endless_scans() -> bytes:
    data = jpeg(film(), progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * 200 + b"\xff\xd9"


def jpeg_of_12_bits() -> bytes:
    data = bytearray(jpeg(film()))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def lossless_jpeg() -> bytes:
    return jpeg(film()).replace(b"\xff\xc0", b"\xff\xc3", 1)


def jpeg_without_a_channel() -> bytes:
    data = jpeg(colour(film()))
    start = data.index(b"\xff\xda")
    return data[: start + 4] + b"\1\1\0\0\x3f\0" + data[start + 14 :]


def tiff_pages() -> bytes:
    return tiff(np.stack([film(seed=k) for k in range(3)]))


def tiff_with_nan() -> bytes:
    pixels = film().astype(np.float32)
    pixels[3, 4] = np.nan
    return tiff(pixels)


def tiff_with_infinity() -> bytes:
    pixels = np.stack([film().astype(np.float64)] * 3, axis=-1)
    pixels[3, 4, 1], pixels[3, 4, 0] = np.inf, -np.inf
    return tiff(pixels, photometric="rgb")


def compressed_tiff_with_nan() -> bytes:
    pixels = film().astype(np.float32)
    pixels[3, 4] = np.nan
    return pillow_tiff(Image.fromarray(pixels), "tiff_lzw")


def tiff_deflate_bomb() -> bytes:
    data = tiff(np.zeros((64, 64), np.uint8), compression="zlib")
    bomb = zlib.compress(bytes(100_000_000), 9)
    moved = with_tag(with_tag(data, 273, len(data)), 279, len(bomb))
    return moved + bomb


def tiff_with_short_strip() -> bytes:
    return with_tag(tiff(film()), 279, 100)


def lzw_tiff_with_short_strip() -> bytes:
    data = pillow_tiff(Image.fromarray(film()), "tiff_lzw")
    return with_tag(data, 279, len(data) // 3)


def packbits_tiff_with_short_strip() -> bytes:
    data = pillow_tiff(Image.fromarray(film()), "packbits")
    return with_tag(data, 279, len(data) // 3)


def jpeg_tiff_with_short_strip() -> bytes:
    data = pillow_tiff(Image.fromarray(film()), "jpeg")
    return with_tag(data, 279, len(data) // 2)


def faxed_tiff() -> bytes:
    return pillow_tiff(Image.fromarray(film()).convert("1"), "group4")


def tiff_with_strip_outside() -> bytes:
    return with_tag(tiff(film()), 273, 10_000_000)


def tiff_without_height() -> bytes:
    return with_tag(tiff(film()), 257, 0)


def tiff_of_unread_compression() -> bytes:
    return with_tag(tiff(film()), 259, 34712)


def tiff_of_giant_tiles() -> bytes:
    return with_tag(with_tag(tiff(film(), tile=(32, 32)), 322, 2**16 - 16), 323, 2**16 - 16)


def run_length_bmp() -> bytes:
    data = bytearray(saved(Image.fromarray(film()), "BMP"))
    data[30:34] = struct.pack("<I", 1)
    return bytes(data)


def bmp_of_odd_depth() -> bytes:
    data = bytearray(saved(Image.fromarray(film()), "BMP"))
    data[28:30] = struct.pack("<H", 13)
    return bytes(data)


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """Change the value of a tag in a little-endian TIFF file with one page."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for position in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, position)[0] == tag:
            changed[position + 2 : position + 12] = struct.pack("<HII", 4, 1, value)
            return bytes(changed)
    raise AssertionError(f"no tag {tag}")


def random_bytes() -> bytes:
    return np.random.default_rng(0).bytes(5000)


def long_film_of_noise() -> bytes:
    """A film whose file is larger than the limit that its test sets."""
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1000), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "BMP")
    return file.getvalue()


BAD_FILMS: dict[Callable[[], bytes], type[FilmError]] = {
    web_page: FilmTypeError,
    webp_like: FilmTypeError,
    zip_like: FilmTypeError,
    dicom_cut_in_its_first_group: FilmDicomError,
    animated_gif: FilmTypeError,
    random_bytes: FilmTypeError,
    png_with_wrong_checksum: FilmCorruptError,
    png_with_wrong_text_checksum: FilmCorruptError,
    png_without_pixels: FilmCorruptError,
    png_without_palette: FilmCorruptError,
    png_with_too_few_rows: FilmCorruptError,
    interlaced_png_with_too_few_rows: FilmCorruptError,
    png_of_an_unknown_extension: FilmCorruptError,
    png_through_text_mode: FilmCorruptError,
    animated_png: FilmFramesError,
    huge_png: FilmSizeError,
    huge_jpeg: FilmSizeError,
    huge_bmp: FilmSizeError,
    huge_tiff: FilmSizeError,
    jpeg_with_zeros_for_its_end: FilmCorruptError,
    jpeg_cut_and_closed: FilmCorruptError,
    jpeg_cut_late_and_closed: FilmCorruptError,
    colour_jpeg_cut_and_closed: FilmCorruptError,
    cmyk_jpeg_cut_and_closed: FilmCorruptError,
    progressive_jpeg_cut_and_closed: FilmCorruptError,
    progressive_jpeg_without_end: FilmCorruptError,
    jpeg_with_stray_mark: FilmCorruptError,
    jpeg_without_one_restart_interval: FilmCorruptError,
    jpeg_of_endless_scans: FilmCorruptError,
    jpeg_without_a_channel: FilmCorruptError,
    jpeg_of_12_bits: FilmTypeError,
    lossless_jpeg: FilmTypeError,
    tiff_pages: FilmFramesError,
    tiff_with_nan: FilmNonFiniteError,
    tiff_with_infinity: FilmNonFiniteError,
    compressed_tiff_with_nan: FilmNonFiniteError,
    tiff_deflate_bomb: FilmCorruptError,
    tiff_with_short_strip: FilmCorruptError,
    lzw_tiff_with_short_strip: FilmCorruptError,
    packbits_tiff_with_short_strip: FilmCorruptError,
    jpeg_tiff_with_short_strip: FilmCorruptError,
    faxed_tiff: FilmTypeError,
    tiff_with_strip_outside: FilmCorruptError,
    tiff_without_height: FilmCorruptError,
    tiff_of_unread_compression: FilmTypeError,
    tiff_of_giant_tiles: FilmSizeError,
    run_length_bmp: FilmTypeError,
    bmp_of_odd_depth: FilmCorruptError,
    bytes: FilmEmptyError,
}

OTHER_CONTENT: dict[str, bytes] = {
    "GIF": b"GIF89a" + bytes(20),
    "PDF": b"%PDF-1.7\n",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "SVG": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "Photoshop": b"8BPS\0\1" + bytes(20),
    "FITS": b"SIMPLE  =                    T" + b" " * 50,
    "web page": web_page(),
    "text": b"patient,label\n1,COVID\n",
    "Windows program": b"MZ\x90\0\3\0\0\0" + bytes(60),
    "WebP": webp_like(),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "HEIC": b"\0\0\0\x18ftypheic" + bytes(20),
    "ZIP": zip_like(),
    "gzip": zlib.compress(b"x", wbits=31),
    "NIfTI": bytes(4) + b"x" + bytes(339) + b"n+1\0" + bytes(4),
    "zero bytes": bytes(5000),
    "unknown": random_bytes(),
}

"""Whole films are read to the bit, bad ones refused with their code, and shrunk for display."""

from __future__ import annotations

import io
import os
import socket
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from bad_films import BAD_FILMS, OTHER_CONTENT, huge_png, long_film_of_noise, with_tag
from film_files import (
    WHOLE_FILMS,
    after_header,
    bmp,
    chunk,
    colour,
    deep_film,
    deep_png,
    exif,
    film,
    jpeg,
    pillow_tiff,
    png,
    png_of,
    saved,
    tiff,
)
from PIL import Image

from hilum.errors import FilmError, FilmMissingError, FilmSizeError, FilmTypeError
from hilum.films.film import decode_film, is_film_name, read_film, sniff_format, thumbnail
from hilum.films.picture import FilmLimits

LUMA = np.array([0.299, 0.587, 0.114])


def scaled(samples: np.ndarray) -> np.ndarray:
    """The rule for deep films, written down once more."""
    samples = samples.astype(float)
    return np.rint((samples - samples.min()) / np.ptp(samples) * 255).astype(np.uint8)


def outcome(data: bytes) -> tuple[str | None, np.ndarray | None]:
    """The code of the error, or the pixels."""
    try:
        return None, decode_film(data).pixels
    except FilmError as error:
        return error.code, None


@pytest.mark.parametrize("name", WHOLE_FILMS)
def test_every_encoding_is_read_as_what_it_is(name: str) -> None:
    image = decode_film(WHOLE_FILMS[name]())
    assert image.format == name.split()[0].upper()
    assert image.pixels.dtype == np.uint8
    assert image.pixels.shape == (image.height_px, image.width_px)
    assert image.pixels.flags.c_contiguous
    assert not image.pixels.flags.writeable
    assert np.ptp(image.pixels) > 90


@pytest.mark.parametrize("encode", [png, tiff, bmp])
def test_eight_bit_films_keep_every_level(encode) -> None:
    assert np.array_equal(decode_film(encode(film())).pixels, film())


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_deflate", "raw"])
def test_compressed_tiffs_keep_every_level(compression: str) -> None:
    data = pillow_tiff(Image.fromarray(film()), compression)
    assert np.array_equal(decode_film(data).pixels, film())


def test_jpeg_stays_close_to_the_film() -> None:
    assert np.abs(decode_film(jpeg(film(), quality=95)).pixels - film().astype(int)).mean() < 2


@pytest.mark.parametrize(
    "encode",
    [
        png,
        tiff,
        lambda pixels: tiff(pixels, byteorder=">"),
        lambda pixels: tiff(pixels, bigtiff=True),
        lambda pixels: tiff(pixels, compression="zlib"),
        lambda pixels: tiff(pixels.astype(np.int32) - 2000),
        lambda pixels: tiff(pixels.astype(np.int16) - 2000),
        lambda pixels: tiff(pixels.astype(np.float16) / 4096),
        lambda pixels: tiff(pixels.astype(np.float64) * 1e304),
        lambda pixels: pillow_tiff(Image.fromarray(pixels), "tiff_lzw"),
        lambda pixels: pillow_tiff(Image.fromarray(pixels.astype(np.float32)), "tiff_lzw"),
        lambda pixels: pillow_tiff(Image.fromarray(pixels.astype(np.int32)), "tiff_lzw"),
    ],
)
def test_deep_films_are_scaled_by_the_range_that_they_use(encode) -> None:
    pixels = decode_film(encode(deep_film())).pixels
    assert np.abs(pixels.astype(int) - scaled(deep_film())).max() <= 1
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_all_256_levels_of_a_12_bit_film_survive() -> None:
    ramp = np.linspace(112, 3987, 64 * 64).astype(np.uint16).reshape(64, 64)
    image = decode_film(png(ramp))
    assert len(np.unique(image.pixels)) == 256
    assert image.notes == ("16 bit, scaled from 112 to 3987",)


def test_16_bits_per_channel_are_not_cut_to_8() -> None:
    grey = np.linspace(0, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)
    rgb = np.stack([grey] * 3, axis=-1)
    for data in (deep_png(rgb, 2), tiff(rgb, photometric="rgb")):
        pixels = decode_film(data).pixels
        assert np.array_equal(pixels, scaled(grey))
        assert len(np.unique(pixels)) == 256


@pytest.mark.parametrize("value", [0, 77, 65535])
def test_a_constant_deep_film_is_black_and_says_so(value: int) -> None:
    image = decode_film(png(np.full((70, 70), value, np.uint16)))
    assert not image.pixels.any()
    assert image.notes == (f"16 bit, constant at {value}",)


def test_integers_beyond_the_precision_of_floats_keep_their_order() -> None:
    samples = np.arange(2**62, 2**62 + 4096, dtype=np.int64).reshape(64, 64)
    assert np.array_equal(decode_film(tiff(samples)).pixels, scaled(samples - 2**62))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_white_is_zero_is_inverted(dtype) -> None:
    samples = film().astype(dtype)
    usual = decode_film(tiff(samples)).pixels
    image = decode_film(tiff(samples, photometric="miniswhite"))
    assert np.array_equal(image.pixels, 255 - usual)
    assert "white is zero, inverted" in image.notes


@pytest.mark.parametrize("pixels", [film(), deep_film()])
def test_white_is_zero_is_inverted_in_compressed_films(pixels: np.ndarray) -> None:
    data = pillow_tiff(Image.fromarray(pixels), "tiff_lzw")
    inverted = decode_film(with_tag(data, 262, 0))
    assert np.array_equal(inverted.pixels, 255 - decode_film(data).pixels)
    assert "white is zero, inverted" in inverted.notes


@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_strip_may_be_declared_taller_than_the_film(bigtiff: bool, caplog) -> None:
    planes = np.moveaxis(colour(film()), -1, 0)
    options = {"photometric": "rgb", "planarconfig": "separate", "bigtiff": bigtiff}
    data = tiff(planes, rowsperstrip=2**31, **options)
    expected = decode_film(png(colour(film()))).pixels
    assert np.array_equal(decode_film(data).pixels, expected)
    if not bigtiff:
        assert np.array_equal(decode_film(with_tag(data, 278, 2**32 - 1)).pixels, expected)
    assert not caplog.records


def test_colour_becomes_luma() -> None:
    expected = colour(film()) @ LUMA
    for data in (png(colour(film())), bmp(colour(film())), tiff(colour(film()), photometric="rgb")):
        image = decode_film(data)
        assert np.abs(image.pixels - expected).max() <= 1
        assert image.notes == ("colour",)
    assert "colour" in decode_film(jpeg(colour(film()))).notes


def test_three_equal_channels_are_no_colour() -> None:
    rgb = np.stack([film()] * 3, axis=-1)
    assert decode_film(png(rgb)).notes == ()
    assert decode_film(jpeg(rgb)).notes == ()
    assert np.array_equal(decode_film(png(rgb)).pixels, film())


def test_cmyk_jpeg_is_not_a_negative() -> None:
    rgb = Image.fromarray(film()).convert("RGB")
    image = decode_film(saved(rgb.convert("CMYK"), "JPEG", quality=95))
    assert np.corrcoef(image.pixels.ravel(), film().ravel())[0, 1] > 0.98
    assert image.notes == ("CMYK converted to grey",)


def test_jpeg_of_red_green_and_blue_channels() -> None:
    data = saved(Image.fromarray(colour(film())), "JPEG", keep_rgb=True, quality=98)
    image = decode_film(data)
    assert np.abs(image.pixels - colour(film()) @ LUMA).mean() < 3


def test_palette_is_looked_up() -> None:
    palette = Image.fromarray(255 - film())
    palette.putpalette([255 - k // 3 for k in range(768)])
    for kind in ("PNG", "BMP"):
        image = decode_film(saved(palette, kind))
        assert image.notes == ("palette",)
        assert np.array_equal(image.pixels, film())


def test_one_bit_becomes_black_and_white() -> None:
    mask = Image.fromarray(film() > 150)
    for data in (saved(mask, "PNG"), pillow_tiff(mask, "packbits"), saved(mask, "BMP")):
        assert np.array_equal(decode_film(data).pixels, np.where(film() > 150, 255, 0))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_laid_on_black(mode: str) -> None:
    image = Image.fromarray(film()).convert(mode)
    alpha = np.full(film().shape, 255, np.uint8)
    alpha[:10], alpha[10:20] = 0, 128
    image.putalpha(Image.fromarray(alpha))
    expected = film() * (alpha / 255)
    for data in (saved(image, "PNG"), pillow_tiff(image, "raw"), pillow_tiff(image, "tiff_lzw")):
        read = decode_film(data)
        assert np.abs(read.pixels - expected).max() <= 1
        assert read.notes == ("transparency laid on black",)


def test_opaque_alpha_is_not_worth_a_note() -> None:
    assert decode_film(WHOLE_FILMS["png alpha"]()).notes == ()


def test_transparent_palette_entries_become_black() -> None:
    image = Image.fromarray(film())
    image.putpalette([k // 3 for k in range(768)])
    data = saved(image, "PNG", transparency=bytes([0] * 160 + [255] * 96))
    expected = np.where(film() < 160, 0, film())
    assert np.array_equal(decode_film(data).pixels, expected)


@pytest.mark.parametrize(("bits", "kind"), [(8, 0), (16, 0), (8, 2), (16, 2)])
def test_the_one_transparent_colour_becomes_black(bits: int, kind: int) -> None:
    grey = film().astype(np.uint16)
    channels = 3 if kind == 2 else 1
    samples = np.repeat(grey[..., None], channels, axis=-1)
    key = int(np.median(grey))
    transparent = chunk(b"tRNS", struct.pack(">H", key) * channels)
    stored = samples.astype(">u2" if bits == 16 else np.uint8).tobytes()
    image = decode_film(png_of(stored, 80, 96, bits, kind, transparent))
    assert not image.pixels[grey == key].any()
    assert image.pixels[grey > key].all()
    assert "transparency laid on black" in image.notes


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_spread_over_all_grey_levels(bits: int) -> None:
    levels = np.arange(2**bits, dtype=np.uint8)
    row = np.unpackbits(levels[:, None], axis=1)[:, -bits:].ravel()
    data = png_of(np.packbits(row).tobytes() * 8, len(levels), 8, bits, 0)
    expected = np.rint(levels * (255 / (2**bits - 1)))
    assert np.array_equal(decode_film(data).pixels[0], expected)


def test_16_bit_grey_with_alpha() -> None:
    alpha = np.full(film().shape, 65535, np.uint16)
    alpha[:10] = 0
    image = decode_film(deep_png(np.stack([deep_film(), alpha], -1), 4))
    assert not image.pixels[:10].any()
    assert np.array_equal(image.pixels[10:], scaled(deep_film())[10:])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_the_film_is_turned_upright(kind: str, orientation: int) -> None:
    upright = film()
    turns = {
        1: upright,
        2: upright[:, ::-1],
        3: np.rot90(upright, 2),
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).T,
        8: np.rot90(upright, -1),
    }
    stored = np.ascontiguousarray(turns[orientation])
    if kind == "TIFF":
        data = tiff(stored, extratags=[(274, "H", 1, orientation, True)])
    else:
        options = {"quality": 98} if kind == "JPEG" else {}
        data = saved(Image.fromarray(stored), kind, exif=exif(orientation), **options)
    image = decode_film(data)
    assert image.pixels.shape == (image.height_px, image.width_px) == (96, 80)
    assert np.abs(image.pixels - upright.astype(int)).mean() < 1.5
    assert ("rotated by EXIF" in image.notes) == (orientation > 1)


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"]
)
def test_a_damaged_exif_block_does_not_hide_the_film(block: bytes) -> None:
    data = after_header(png(film()), chunk(b"eXIf", block))
    assert np.array_equal(decode_film(data).pixels, film())


def test_reduced_scale_keeps_twice_the_sides_and_the_stored_size() -> None:
    data = jpeg(film(1000, 1400))
    image = decode_film(data, at_least_px=224)
    assert image.pixels.shape == (500, 700)
    assert (image.height_px, image.width_px) == (1000, 1400)
    assert decode_film(data, at_least_px=260).pixels.shape == (1000, 1400)
    assert decode_film(jpeg(film(4000, 1800)), at_least_px=224).pixels.shape == (1000, 450)


@pytest.mark.parametrize("tint", [False, True])
def test_reduced_scale_agrees_after_shrinking(tint: bool) -> None:
    pixels = colour(film(1500, 1200)) if tint else film(1500, 1200)
    whole, reduced = (
        np.asarray(
            Image.fromarray(decode_film(jpeg(pixels), at_least_px=side).pixels).resize((224, 224)),
            dtype=int,
        )
        for side in (None, 224)
    )
    assert np.abs(whole - reduced).mean() < 1


def test_luma_is_the_same_at_full_scale_with_and_without_a_size() -> None:
    data = jpeg(colour(film()))
    assert np.array_equal(decode_film(data).pixels, decode_film(data, at_least_px=48).pixels)


def test_a_misleading_suffix_is_noted_and_has_no_say() -> None:
    assert decode_film(jpeg(film()), suffix=".PNG").notes == ("named .png but holds JPEG",)
    assert decode_film(jpeg(film()), suffix=".jpeg").notes == ()
    assert decode_film(jpeg(film()), suffix=".surname").notes == ()


def test_the_first_of_several_jpeg_pictures_is_read() -> None:
    one = Image.fromarray(film())
    data = saved(one, "MPO", save_all=True, append_images=[Image.fromarray(film(seed=1))])
    image = decode_film(data)
    assert image.notes == ("several pictures in the file, the first one read",)
    assert np.array_equal(image.pixels, decode_film(jpeg(film())).pixels)


def test_a_whole_jpeg_without_its_end_mark_is_read() -> None:
    image = decode_film(jpeg(film())[:-2])
    assert np.array_equal(image.pixels, decode_film(jpeg(film())).pixels)
    assert image.notes == ("end mark missing, picture whole",)


def test_a_black_border_at_the_bottom_is_no_damage() -> None:
    pixels = film()
    pixels[-20:] = 0
    for data in (png(pixels), png(np.stack([pixels] * 3, -1)), png(pixels.astype(np.uint16))):
        read = decode_film(data).pixels
        assert read[:-20].any()
        assert not read[-20:].any()


def test_a_mid_grey_border_at_the_bottom_of_a_jpeg_is_no_damage() -> None:
    pixels = film()
    pixels[-24:] = 128
    assert (decode_film(jpeg(pixels)).pixels[-16:] == 128).all()


@pytest.mark.parametrize("make", BAD_FILMS, ids=lambda make: make.__name__)
def test_bad_films_are_refused_for_the_right_reason(make) -> None:
    with pytest.raises(FilmError) as caught:
        decode_film(make())
    assert type(caught.value) is BAD_FILMS[make]
    assert caught.value.message.endswith(".")
    assert caught.value.fix.endswith(".")


@pytest.mark.parametrize("name", WHOLE_FILMS)
def test_cut_films_are_refused_wherever_they_are_cut(name: str) -> None:
    data = WHOLE_FILMS[name]()
    whole = decode_film(data).pixels
    lengths = {len(data) * k // 40 for k in range(1, 40)} | {len(data) - k for k in range(1, 12)}
    for length in sorted(lengths | {3, 9, 17, 40, len(data) * 99 // 100}):
        code, pixels = outcome(data[:length])
        if code is None:  # only what says nothing of the pixels may be missing
            assert len(data) - length < 12
            assert np.array_equal(pixels, whole)
        else:
            assert code == "CORRUPT" or (code == "TYPE" and length < 18)


@pytest.mark.parametrize("name", [name for name in WHOLE_FILMS if name.startswith("png")])
def test_no_flipped_bit_of_a_png_goes_unnoticed(name: str) -> None:
    data = WHOLE_FILMS[name]()
    for position in np.random.default_rng(0).integers(8, len(data), 60):
        damaged = bytearray(data)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(FilmError):
            decode_film(bytes(damaged))


@pytest.mark.parametrize("what", OTHER_CONTENT)
def test_other_content_is_called_by_its_name(what: str) -> None:
    with pytest.raises(FilmTypeError, match=what):
        sniff_format(OTHER_CONTENT[what])


def test_a_picture_is_refused_before_memory_is_taken() -> None:
    data = huge_png()
    tracemalloc.start()
    with pytest.raises(FilmSizeError, match="50000 x 50000"):
        decode_film(data)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 5_000_000


def test_text_and_profiles_are_never_inflated() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    chunks = chunk(b"zTXt", b"a\0\0" + bomb), chunk(b"iCCP", b"a\0\0" + bomb)
    data = after_header(png(film()), *chunks, chunk(b"iTXt", b"a\0\1\0\0\0" + bomb))
    tracemalloc.start()
    assert np.array_equal(decode_film(data).pixels, film())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 10 * len(data)


def test_limits_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "film.bmp"
    path.write_bytes(long_film_of_noise())
    with pytest.raises(FilmSizeError, match="1 MB"):
        read_film(path, limits=FilmLimits(file_bytes=1_000_000))
    with pytest.raises(FilmSizeError, match="1 megapixels"):
        read_film(path, limits=FilmLimits(pixels=1_000_000))
    assert read_film(path).pixels.shape == (1200, 1000)


def test_what_is_no_ordinary_file_is_missing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing.png")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket.png"))
    names = ["pipe.png", "round.png", "dangling.png", "socket.png", "absent.png", ".", "a\0b.png"]
    for name in [*names, "long" * 200 + ".png"]:
        with pytest.raises(FilmMissingError) as caught:
            read_film(tmp_path / name)
        assert str(tmp_path) not in str(caught.value)
    listener.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(png(film())[:-30])
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in [tmp_path / "film.png", tmp_path, tmp_path / "absent"] * 5:
        with pytest.raises(FilmError):
            read_film(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_errors_name_neither_file_nor_folder(tmp_path: Path) -> None:
    path = tmp_path / "ZZPHI^CANARY.png"
    for content in (png(film())[:500], jpeg(film())[:500], b"ZZPHI^CANARY", bmp(film())[:500]):
        path.write_bytes(content)
        with pytest.raises(FilmError) as caught:
            read_film(path)
        assert "CANARY" not in str(caught.value)


def test_films_are_read_in_several_threads_at_once(tmp_path: Path) -> None:
    paths, expected = [], []
    for name, make in WHOLE_FILMS.items():
        path = tmp_path / f"{name}.dat"
        path.write_bytes(make())
        paths.append(path)
        expected.append(read_film(path).pixels)
    with ThreadPoolExecutor(8) as pool:
        for k, image in enumerate(pool.map(read_film, paths * 5)):
            assert np.array_equal(image.pixels, expected[k % len(paths)])


def test_film_names() -> None:
    assert all(
        is_film_name(Path(name)) for name in ("a.PNG", "b.c.jpeg", "d.TIF", "e.bmp", "f.jpg")
    )
    assert not any(is_film_name(Path(name)) for name in ("a.csv", "png", ".png", "b.ima"))


def test_a_vanished_file_is_told_from_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FilmMissingError, match="no such file"):
        read_film(tmp_path / "film.png")
    with pytest.raises(FilmMissingError, match="folder"):
        read_film(tmp_path)


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

"""Whole, valid films in every encoding that is read, made anew for each test."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tifffile
from PIL import Image


def film(height: int = 96, width: int = 80, seed: int = 0) -> np.ndarray:
    """Draw two dark lungs on a bright chest, with noise so that no two pixels rows agree."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lungs = np.exp(-((abs(x) - 0.45) ** 2 / 0.08 + (y + 0.1) ** 2 / 0.35))
    levels = 190 - 140 * lungs + 20 * x + 30 * y + rng.normal(0, 4, (height, width))
    return np.clip(levels, 0, 255).astype(np.uint8)


def deep_film(low: int = 112, high: int = 3987) -> np.ndarray:
    """Draw a 12-bit film, as detectors give it."""
    levels = film().astype(float)
    levels = (levels - levels.min()) / np.ptp(levels)
    return np.rint(low + levels * (high - low)).astype(np.uint16)


def colour(grey: np.ndarray) -> np.ndarray:
    """Tint a film strongly."""
    return np.stack([grey, grey // 2, 255 - grey], axis=-1)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(pixels: np.ndarray, **options: Any) -> bytes:
    return saved(Image.fromarray(pixels), "PNG", **options)


def jpeg(pixels: np.ndarray, **options: Any) -> bytes:
    return saved(Image.fromarray(pixels), "JPEG", **options)


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, metadata=None, **({"photometric": "minisblack"} | options))
    return file.getvalue()


def pillow_tiff(image: Image.Image, compression: str, **options: Any) -> bytes:
    return saved(image, "TIFF", compression=compression, **options)


def bmp(pixels: np.ndarray) -> bytes:
    return saved(Image.fromarray(pixels), "BMP")


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_of(samples: bytes, width: int, height: int, bits: int, kind: int, *more: bytes) -> bytes:
    """Write a PNG by hand; `samples` are rows without their filter bytes."""
    row = len(samples) // height
    rows = b"".join(b"\0" + samples[k * row : (k + 1) * row] for k in range(height))
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header),
        *more,
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def deep_png(samples: np.ndarray, kind: int, *more: bytes) -> bytes:
    """Write 16 bits per channel, which Pillow cannot."""
    height, width = samples.shape[:2]
    return png_of(samples.astype(">u2").tobytes(), width, height, 16, kind, *more)


def interlaced_png(rgb: np.ndarray) -> bytes:
    """Write a colour PNG in the seven passes of Adam7, which Pillow cannot."""
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2))
    passes += ((0, 1, 2, 2), (1, 0, 2, 1))
    bits = 8 * rgb.itemsize
    stored = rgb.astype(">u2") if bits == 16 else rgb
    rows = b"".join(
        b"\0" + row.tobytes() for y, x, down, across in passes for row in stored[y::down, x::across]
    )
    header = struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], bits, 2, 0, 0, 1)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def after_header(data: bytes, *chunks: bytes) -> bytes:
    """Put chunks behind the header of a PNG file."""
    return data[:33] + b"".join(chunks) + data[33:]


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


WHOLE_FILMS: dict[str, Callable[[], bytes]] = {
    "png": lambda: png(film()),
    "png colour": lambda: png(colour(film())),
    "png interlaced": lambda: interlaced_png(colour(film())),
    "png 16 bit interlaced": lambda: interlaced_png(np.stack([deep_film()] * 3, -1)),
    "png 16 bit": lambda: png(deep_film()),
    "png 16 bit colour": lambda: deep_png(np.stack([deep_film()] * 3, -1), 2),
    "png palette": lambda: saved(Image.fromarray(film()).convert("P"), "PNG"),
    "png 1 bit": lambda: saved(Image.fromarray(film()).convert("1"), "PNG"),
    "png grey alpha": lambda: saved(Image.fromarray(film()).convert("LA"), "PNG"),
    "png alpha": lambda: saved(Image.fromarray(film()).convert("RGBA"), "PNG"),
    "jpeg": lambda: jpeg(film()),
    "jpeg colour": lambda: jpeg(colour(film())),
    "jpeg progressive": lambda: jpeg(film(), progressive=True),
    "jpeg restarts": lambda: jpeg(film(), restart_marker_blocks=5),
    "jpeg cmyk": lambda: saved(Image.fromarray(colour(film())).convert("CMYK"), "JPEG"),
    "jpeg exif": lambda: jpeg(film(), exif=exif(6)),
    "tiff": lambda: tiff(film()),
    "tiff 16 bit": lambda: tiff(deep_film()),
    "tiff 16 bit big-endian": lambda: tiff(deep_film(), byteorder=">"),
    "tiff bigtiff": lambda: tiff(deep_film(), bigtiff=True),
    "tiff float": lambda: tiff(deep_film().astype(np.float32)),
    "tiff strips": lambda: tiff(film(), rowsperstrip=7),
    "tiff tiles": lambda: tiff(film(), tile=(32, 32)),
    "tiff deflate": lambda: tiff(deep_film(), compression="zlib"),
    "tiff deflate predictor": lambda: pillow_tiff(
        Image.fromarray(film()), "tiff_deflate", tiffinfo={317: 2}
    ),
    "tiff lzw": lambda: pillow_tiff(Image.fromarray(film()), "tiff_lzw"),
    "tiff lzw 16 bit": lambda: pillow_tiff(Image.fromarray(deep_film()), "tiff_lzw"),
    "tiff packbits": lambda: pillow_tiff(Image.fromarray(film()), "packbits"),
    "tiff jpeg": lambda: pillow_tiff(Image.fromarray(film()), "jpeg"),
    "tiff 1 bit": lambda: pillow_tiff(Image.fromarray(film()).convert("1"), "packbits"),
    "tiff palette": lambda: pillow_tiff(Image.fromarray(film()).convert("P"), "raw"),
    "tiff colour": lambda: tiff(colour(film()), photometric="rgb"),
    "tiff planes": lambda: tiff(
        np.moveaxis(colour(film()), -1, 0), photometric="rgb", planarconfig="separate"
    ),
    "tiff cmyk": lambda: pillow_tiff(Image.fromarray(colour(film())).convert("CMYK"), "raw"),
    "bmp": lambda: bmp(film()),
    "bmp colour": lambda: bmp(colour(film())),
    "bmp 1 bit": lambda: saved(Image.fromarray(film()).convert("1"), "BMP"),
}

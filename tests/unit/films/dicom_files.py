"""DICOM files made anew for each test, as other programs write them, and damaged by hand."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from film_files import colour, deep_film, film
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.tag import Tag
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

PLAIN_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
COMPRESSED = {
    JPEGBaseline8Bit: "JPEG Baseline",
    JPEGExtended12Bit: "JPEG Extended",
    JPEGLosslessSV1: "JPEG Lossless",
    JPEGLSLossless: "JPEG-LS",
    JPEG2000Lossless: "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K",
    RLELossless: "RLE",
    DeflatedExplicitVRLittleEndian: "Deflated",
    "1.2.840.10008.1.2.4.102": "video",
    "1.2.3.4": "maker's own",
}
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
CANARY = "ZZPHI^CANARY"


def dataset(pixels: np.ndarray, *, bits: int | None = None, **tags: Any) -> Dataset:
    """Describe a plain chest film; a tag of None is left out, bytes are written as they are."""
    container = 8 * pixels.itemsize
    stored = bits or (8 if container == 8 else 12)
    is_colour = pixels.ndim == 3
    described: dict[str, Any] = {
        "SOPClassUID": ComputedRadiographyImageStorage,
        "SOPInstanceUID": "1.2.3.4.5",
        "Modality": "CR",
        "PatientName": CANARY,
        "PatientID": f"{CANARY}-17",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "BurnedInAnnotation": "NO",
        "SamplesPerPixel": 3 if is_colour else 1,
        "PhotometricInterpretation": "RGB" if is_colour else "MONOCHROME2",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": container,
        "BitsStored": stored,
        "HighBit": stored - 1,
        "PixelRepresentation": 1 if pixels.dtype.kind == "i" else 0,
    }
    if is_colour:
        described["PlanarConfiguration"] = 0
    made = Dataset()
    for name, value in (described | tags).items():
        if isinstance(value, bytes):
            put_raw(made, name, value)
        elif value is not None:
            setattr(made, name, value)
    return made


def put_raw(made: Dataset, name: str, value: bytes) -> None:
    """Put bytes in place of a value, whatever the standard says of them."""
    probe = Dataset()
    setattr(probe, name, None)
    (element,) = probe
    raw = RawDataElement(element.tag, element.VR, len(value), value, 0, False, True)
    made[element.tag] = raw


def dicom(
    pixels: np.ndarray | None = None, *, syntax: str = ExplicitVRLittleEndian, **tags: Any
) -> bytes:
    """Write a film as a DICOM file; `PixelData` may be given apart from the pixels."""
    pixels = deep_film() if pixels is None else pixels
    made = dataset(pixels, **tags)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    if "PixelData" not in tags:
        raw = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        made.PixelData = raw + bytes(len(raw) % 2)
    if "PixelData" in made:
        made["PixelData"].VR = "OW" if pixels.itemsize == 2 else "OB"
    return written(made, syntax)


def written(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", CT_CLASS)
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    file = io.BytesIO()
    dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def table(name: str, levels: np.ndarray, first: int = 0, bits: int = 12) -> Dataset:
    """Describe a table of grey levels, to be an item of a sequence."""
    made = Dataset()
    made.add_new(Tag(0x0028, 0x3002), "US", [len(levels) % 65536, first, bits])
    made.add_new(Tag(0x0028, 0x3006), "OW", levels.astype("<u2").tobytes())
    if name == "modality":
        made.ModalityLUTType = "US"
    return made


def with_syntax(uid: str) -> bytes:
    """Write a film, then say that it is compressed; nothing of it needs to be for a refusal."""
    made = dataset(deep_film())
    made.PixelData = b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    made["PixelData"].VR = "OB"
    data = written(made)
    old = element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")
    assert old in data
    padded = uid.encode() + b"\0" * (len(uid) % 2)
    data = data.replace(old, element(0x00020010, "UI", padded))
    head = data.index(b"\xe0\x7f\x10\0OB\0\0")
    return data[: head + 8] + b"\xff\xff\xff\xff" + data[head + 12 :]


def element(tag: int, kind: str, value: bytes, length: int | None = None) -> bytes:
    """Write an element by hand, little-endian and with its type."""
    size = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, kind.encode())
    is_long = kind in ("OB", "OW", "SQ", "UN", "UT")
    return head + (struct.pack("<HI", 0, size) if is_long else struct.pack("<H", size)) + value


def before_pixels(data: bytes, more: bytes) -> bytes:
    """Put elements before the pixels."""
    start = data.index(b"\xe0\x7f\x10\0O")
    return data[:start] + more + data[start:]


def nested(depth: int, *, has_lengths: bool) -> bytes:
    """Write sequences within each other, closed properly."""
    content = b""
    for _ in range(depth):
        if has_lengths:
            item = b"\xfe\xff\0\xe0" + struct.pack("<I", len(content)) + content
            content = element(0x00091001, "SQ", item)
        else:
            item = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + content + b"\xfe\xff\x0d\xe0\0\0\0\0"
            end = b"\xfe\xff\xdd\xe0\0\0\0\0"
            content = element(0x00091001, "SQ", item + end, length=0xFFFFFFFF)
    return content


WHOLE_DICOMS = {
    "dicom": lambda: dicom(),
    "dicom implicit": lambda: dicom(syntax=ImplicitVRLittleEndian),
    "dicom big-endian": lambda: dicom(syntax=ExplicitVRBigEndian),
    "dicom 8 bit": lambda: dicom(film()),
    "dicom signed": lambda: dicom(deep_film().astype(np.int16) - 2000),
    "dicom white is zero": lambda: dicom(
        PhotometricInterpretation="MONOCHROME1", WindowCenter=2000, WindowWidth=3000
    ),
    "dicom table": lambda: dicom(VOILUTSequence=[table("voi", np.arange(4096) // 2)]),
    "dicom colour": lambda: dicom(colour(film()), SOPClassUID=SecondaryCaptureImageStorage),
    "dicom nested": lambda: before_pixels(dicom(), nested(3, has_lengths=False)),
}

"""Any supported file to one grey film; content decides the format, never the suffix.

`film` is the way in; beside it one module per container, and what they share.
"""

from hilum.cohort.reading.containers import Encoding
from hilum.cohort.reading.dicom_tags import FilmTags, read_dicom_tags
from hilum.cohort.reading.film import (
    READING_VERSION,
    FilmImage,
    decode_film,
    is_film_name,
    is_picture_name,
    load_bytes,
    read_film,
)
from hilum.cohort.reading.sniffing import SNIFFED_BYTES, sniff_format

__all__ = [
    "READING_VERSION",
    "SNIFFED_BYTES",
    "Encoding",
    "FilmImage",
    "FilmTags",
    "decode_film",
    "is_film_name",
    "is_picture_name",
    "load_bytes",
    "read_dicom_tags",
    "read_film",
    "sniff_format",
]

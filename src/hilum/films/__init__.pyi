from .dicom_tags import (
    FilmTags as FilmTags,
    read_age as read_age,
    read_dicom_tags as read_dicom_tags,
)
from .film import (
    LEAST_SIDE_PX as LEAST_SIDE_PX,
    LONGEST_ASPECT as LONGEST_ASPECT,
    READING_VERSION as READING_VERSION,
    SNIFFED_BYTES as SNIFFED_BYTES,
    FilmImage as FilmImage,
    decode_film as decode_film,
    is_film_name as is_film_name,
    is_picture_name as is_picture_name,
    load_bytes as load_bytes,
    read_film as read_film,
    sniff_format as sniff_format,
    thumbnail as thumbnail,
)
from .picture import (
    DEFAULT_LIMITS as DEFAULT_LIMITS,
    Encoding as Encoding,
)

from .dicom_tags import (
    FilmTags as FilmTags,
)
from .dicom_tags import (
    read_age as read_age,
)
from .dicom_tags import (
    read_dicom_tags as read_dicom_tags,
)
from .film import (
    LEAST_SIDE_PX as LEAST_SIDE_PX,
)
from .film import (
    LONGEST_ASPECT as LONGEST_ASPECT,
)
from .film import (
    READING_VERSION as READING_VERSION,
)
from .film import (
    SNIFFED_BYTES as SNIFFED_BYTES,
)
from .film import (
    FilmImage as FilmImage,
)
from .film import (
    decode_film as decode_film,
)
from .film import (
    is_film_name as is_film_name,
)
from .film import (
    is_picture_name as is_picture_name,
)
from .film import (
    load_bytes as load_bytes,
)
from .film import (
    read_film as read_film,
)
from .film import (
    sniff_format as sniff_format,
)
from .film import (
    thumbnail as thumbnail,
)
from .picture import (
    DEFAULT_LIMITS as DEFAULT_LIMITS,
)
from .picture import (
    Encoding as Encoding,
)

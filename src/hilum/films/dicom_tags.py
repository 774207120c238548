"""What a DICOM file says of its film: whether it is one, the patient, and how it was taken.

The patient's number is kept for one purpose, to keep films of one patient together; it goes into no
note and no message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hilum.errors import FilmNotChestError
from hilum.films.dicom_file import DicomFile, Tag, read_elements, read_text, read_word

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_RAW = f"{_STORAGE}1.1.1"
_DIRECTORY = "1.2.840.10008.1.3.10"
_PDF = f"{_STORAGE}104.1"
_RADIOGRAPHS = frozenset({f"{_STORAGE}1", f"{_STORAGE}1.1", _RAW})
_SCREENSHOTS = frozenset({f"{_STORAGE}7", *(f"{_STORAGE}7.{kind}" for kind in range(1, 5))})
_PLAIN_MODALITIES = frozenset({"CR", "DX", "DR", "RG"})
_VAGUE_MODALITIES = frozenset({"", "OT", "SC"})

_OTHER_KINDS = {
    "CT": "a slice of computed tomography",
    "MR": "a slice of magnetic resonance imaging",
    "PT": "a slice of positron emission tomography",
    "NM": "a scintigram",
    "US": "an ultrasound picture",
    "MG": "a mammogram",
    "XA": "an angiogram",
    "RF": "a fluoroscopy",
    "IO": "a dental film",
    "PX": "a dental film",
    "SR": "a report",
    "DOC": "a document",
    "ECG": "a recorded curve",
    "SEG": "an outline on other pictures",
    "PR": "a manner of presenting other pictures",
    "KO": "a choice of other pictures",
}

_CHEST = re.compile("CHEST|THORA|RAX|LUNG|PULM|RIB|STERN|HEART|BRUST|UNKNOWN")

_NOBODY = re.compile(
    r"[0xX*#?_. -]*|anon(ym.*)?|n/?a|nan|none|null|no ?name|unknown|removed|deleted|de-?identified"
    r"|patient|(patient ?)?id",
    re.IGNORECASE,
)
"""Placeholders; taken for a patient's number, they would make one patient of many."""

_VIEW_WORDS = (
    "PA|AP|LL|RL|LLD|RLD|LLO|RLO|LAO|RAO|LPO|RPO|LAT|LLAT|RLAT|LATERAL|LEFT|RIGHT|FRONTAL|OBLIQUE|"
    "AXIAL|LORDOTIC|DECUBITUS|SUPINE|PRONE|ERECT|UPRIGHT|SITTING|PORTABLE|XTABLE|SWIMMERS"
)

_VIEW = re.compile(rf"({_VIEW_WORDS})([ _-]({_VIEW_WORDS})){{0,2}}")
"""Only these are kept: views are shown as subgroups, and people type names into any field."""

_FROM_THE_SIDE = frozenset({"LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT"})
_TAKE_OUT = "Take it out of the cohort."


@dataclass(frozen=True)
class FilmTags:
    """What a DICOM file says of its film; None where it says nothing.

    Attributes:
        patient: The patient's number in the archive. Never shown, never logged.
        view: Such as PA, AP or LL.
        sex: M, F or O.
        age: In years.
        maker: Maker of the device.
    """

    patient: str | None = None
    view: str | None = None
    sex: str | None = None
    age: float | None = None
    maker: str | None = None


def read_dicom_tags(data: bytes) -> FilmTags:
    """Read what a DICOM file says of its film, without decoding the pixels.

    Args:
        data: The whole file, from its preamble on.

    Raises:
        FilmDicomError: The file is damaged.
        FilmNotChestError: It holds something other than a plain radiograph.
        FilmCodecError: Its pixels are compressed.
    """
    file = read_elements(data)
    check_is_film(file)
    return film_tags(file)


def film_tags(file: DicomFile) -> FilmTags:
    """Read the tags of a film from the elements of its file."""
    patient = read_text(file, Tag.PATIENT)
    view, sex = read_word(file, Tag.VIEW), read_word(file, Tag.SEX)
    return FilmTags(
        patient=None if patient is None or _NOBODY.fullmatch(patient) else patient,
        view=view if _VIEW.fullmatch(view) else None,
        sex=sex if sex in ("M", "F", "O") else None,
        age=read_age(read_word(file, Tag.AGE)),
        maker=_read_maker(file),
    )


def _read_maker(file: DicomFile) -> str | None:
    # In the same form as the makers that other formats name.
    letters = (read_text(file, Tag.MAKER) or "").encode("ascii", "ignore").decode("ascii")
    return letters[:40].strip() or None


def check_is_film(file: DicomFile) -> None:
    """Refuse a file that is not a plain radiograph, or is compressed.

    Raises:
        FilmNotChestError: The file holds something else, or no picture.
        FilmCodecError: The pixels are compressed.
    """
    uid = _class_uid(file)
    modality = read_word(file, Tag.MODALITY)
    if uid == _DIRECTORY:
        raise FilmNotChestError(
            "It is a DICOMDIR, the index of a disc.", fix="Name the films themselves."
        )
    is_other_class = uid.startswith(_STORAGE) and uid not in _RADIOGRAPHS | _SCREENSHOTS
    is_other_modality = modality not in _PLAIN_MODALITIES | _VAGUE_MODALITIES
    if is_other_class or is_other_modality:
        is_document = uid == _PDF
        what = _OTHER_KINDS.get(
            "DOC" if is_document else modality, "something else than a plain radiograph"
        )
        raise FilmNotChestError(f"The DICOM file holds {what}.", fix=_TAKE_OUT)
    if file.pixels is None:
        raise FilmNotChestError("The DICOM file holds no picture.", fix=_TAKE_OUT)
    file.syntax.check_is_read()


def _class_uid(file: DicomFile) -> str:
    element = file.find(Tag.CLASS) or file.find(Tag.MEDIA_CLASS)
    return "" if element is None else element.value[:65].decode("ascii", "replace").strip(" \0")


def note_doubts(file: DicomFile) -> list[str]:
    """Note reasons for doubt that this is a frontal chest film that may be shown."""
    notes = []
    body_part = read_word(file, Tag.BODY_PART)
    if read_word(file, Tag.MODALITY) in _VAGUE_MODALITIES:
        notes.append("may not be a chest film: the file does not say how it was made")
    elif body_part and not _CHEST.search(body_part):
        notes.append("may not be a chest film: the file names another part of the body")
    if read_word(file, Tag.VIEW) in _FROM_THE_SIDE:
        notes.append("may not be a frontal film: the file says that it is from the side")
    if _class_uid(file) == _RAW or read_word(file, Tag.INTENT) == "FOR PROCESSING":
        notes.append("as the detector saw it, not made for viewing")
    burnt_in = read_word(file, Tag.BURNT_IN)
    if burnt_in == "YES":
        notes.append("text is burnt in, as the file says")
    elif burnt_in != "NO":
        notes.append("the file does not say whether text is burnt in")
    if file.has_overlay:
        notes.append("overlay left out")
    return notes


_AGE = re.compile(r"(\d+(?:\.\d+)?) ?([YMWD]?)", re.IGNORECASE | re.ASCII)
_PER_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}
_OLDEST_YEARS = 120.0


def read_age(cell: str) -> float | None:
    """Read an age as tables and DICOM write it.

    Args:
        cell: A number of years such as `58`, or `058Y`, `18M`, `3W`, `2D`.

    Returns:
        Years; None if the cell is not an age, or beyond 120.
    """
    match = _AGE.fullmatch(cell.strip())
    if match is None:
        return None
    years = float(match[1]) / _PER_YEAR[match[2].upper()]
    return years if years <= _OLDEST_YEARS else None

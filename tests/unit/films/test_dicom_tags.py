"""What DICOM files say of their films reaches the cohort, and nothing that shows a patient."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import CANARY, PLAIN_SYNTAXES, WHOLE_DICOMS, dicom, nested, with_syntax
from film_files import film, png
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO

from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError, FilmCodecError, FilmError, FilmNotChestError
from hilum.films.dicom_file import Tag, read_elements
from hilum.films.dicom_tags import FilmTags, read_dicom_tags
from hilum.films.film import decode_film

BY_TAGS = "the DICOM file's own patient number"


def put(folder: Path, name: str, *, seed: int = 0, **tags: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dicom(film(seed=seed), **tags))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two classes of three films; patient 1 has two."""
    folder = tmp_path / "films"
    told = {"PatientSex": "F", "PatientAge": "058Y", "ViewPosition": "AP"}
    put(folder, "Sick/a.dcm", seed=1, PatientID=f"{CANARY}-1", **told)
    put(folder, "Sick/b.DCM", seed=2, PatientID=f"{CANARY}-1 ", ViewPosition=None)
    put(folder, "Sick/c", seed=3, PatientID="")
    for k, name in enumerate(("d.dcm", "e.dcm")):
        put(folder, f"Well/{name}", seed=4 + k, PatientID=f"{CANARY}-{4 + k}")
    (folder / "Well" / "f.png").write_bytes(png(film(seed=9)))
    return folder


@pytest.mark.parametrize("syntax", PLAIN_SYNTAXES)
def test_tags_are_told(syntax: str) -> None:
    data = dicom(
        syntax=syntax, PatientID="17 ", PatientSex="M", PatientAge="018M", Manufacturer="GE"
    )
    assert read_dicom_tags(data) == FilmTags("17", "PA", "M", 1.5, "GE")


def test_what_is_absent_or_odd_is_unknown() -> None:
    data = dicom(
        PatientID=None,
        PatientSex=b"X ",
        PatientAge=b"old ",
        ViewPosition=b"=cmd()",
        Manufacturer="",
    )
    assert read_dicom_tags(data) == FilmTags()


@pytest.mark.parametrize(
    "patient",
    ["", "0", "000", "Anonymous", "ANONYMIZED", "anon", "N/A", "none", "XXXX", "No Name", "---",
     "REMOVED", "De-identified", "unknown", "Patient"],
)  # fmt: skip
def test_a_stand_in_is_no_patient(patient: str) -> None:
    assert read_dicom_tags(dicom(PatientID=patient)).patient is None


@pytest.mark.parametrize("patient", ["1", "P0", "0001", "Anne", "x17", "Müller"])
def test_a_number_is_a_patient(patient: str) -> None:
    written = dicom(PatientID=patient, SpecificCharacterSet="ISO_IR 192")
    assert read_dicom_tags(written).patient == patient


def test_tags_are_refused_as_films_are() -> None:
    with pytest.raises(FilmNotChestError):
        read_dicom_tags(dicom(Modality="CT"))
    with pytest.raises(FilmCodecError):
        read_dicom_tags(with_syntax("1.2.840.10008.1.2.4.70"))


def test_a_folder_of_dicom_films_is_a_cohort_with_what_is_known(films: Path) -> None:
    cohort = Cohort.from_folder(films)
    assert cohort.excluded == ()
    patients = [film.patient for film in cohort.films]
    first, fourth, fifth = (f"{CANARY}-{k}" for k in (1, 4, 5))
    assert patients == [first, first, None, fourth, fifth, None]
    assert cohort.patients_from == (f"4 of 6 films: {BY_TAGS}",)
    one, two = cohort.films[:2]
    assert (one.view, one.sex, one.age) == ("AP", "F", 58)
    assert (two.view, two.sex, two.age) == (None, None, None)


def test_a_table_has_the_last_word(films: Path) -> None:
    table = films / "films.csv"
    table.write_text("image,label,patient,view\nSick/a.dcm,A,p1,\nSick/b.DCM,A,,LL\nSick/c,B,,\n")
    cohort = Cohort.from_csv(table)
    assert [film.patient for film in cohort.films] == ["p1", None, None]
    assert [film.view for film in cohort.films] == ["AP", "LL", "PA"]
    assert cohort.films[0].age == 58
    assert cohort.patients_from == ("1 of 3 films: the table's patient column",)
    table.write_text("image,label\nSick/a.dcm,A\nSick/c,B\n")
    assert Cohort.from_csv(table).patients_from == (f"1 of 2 films: {BY_TAGS}",)


def test_a_pattern_goes_before_tags_where_it_fits(films: Path) -> None:
    cohort = Cohort.from_folder(films, patient_pattern=r"^([ad])\.")
    assert [film.patient for film in cohort.films] == [
        "a", f"{CANARY}-1", None, "d", f"{CANARY}-5", None,
    ]  # fmt: skip


def test_one_number_for_all_is_nobodys(tmp_path: Path) -> None:
    for k in range(12):
        put(tmp_path, f"{'AB'[k % 2]}/{k}.dcm", seed=k, PatientID="research")
    cohort = Cohort.from_folder(tmp_path)
    assert cohort.n_patients is None
    assert cohort.patients_from == ()


def test_other_dicom_files_are_listed_and_the_run_goes_on(films: Path) -> None:
    put(films, "Sick/tomography.dcm", Modality="CT")
    (films / "Sick" / "squeezed.dcm").write_bytes(with_syntax("1.2.840.10008.1.2.4.90"))
    (films / "Sick" / "words.dcm").write_text("no film")
    cohort = Cohort.from_folder(films)
    assert len(cohort) == 6
    assert {e.path.name: e.code for e in cohort.excluded} == {
        "tomography.dcm": "NOT_CXR", "squeezed.dcm": "CODEC", "words.dcm": "DICOM",
    }  # fmt: skip


def test_a_class_of_compressed_films_says_so(films: Path) -> None:
    (films / "Third").mkdir()
    (films / "Third" / "x.dcm").write_bytes(with_syntax("1.2.840.10008.1.2.4.70"))
    with pytest.raises(CohortError, match=r"fails with CODEC: .*JPEG Lossless"):
        Cohort.from_folder(films)


def test_nobody_is_named_in_logs_and_messages(
    films: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cohort = Cohort.from_folder(films)
    said = [*cohort.patients_from, caplog.text]
    for made in (dicom(Modality="CT"), dicom(Rows=97), dicom(WindowWidth=0), dicom(HighBit=15)):
        try:
            decode_film(made)
        except FilmError as error:
            said += [str(error), repr(error.args)]
    assert len(said) == 10
    assert CANARY not in " ".join(said)


@pytest.mark.parametrize(
    ("told", "view"),
    [
        ("PA", "PA"),
        ("AP AXIAL", "AP AXIAL"),
        ("XTABLE LATERAL", "XTABLE LATERAL"),
        ("ZZPHI CANARY", None),
        ("PA ZZPHI", None),
        ("DOE", None),
    ],
)
def test_a_view_is_one_of_those_that_there_are(told: str, view: str | None) -> None:
    """Views are named in reports and in bundles; whatever else stands there might be a person."""
    assert read_dicom_tags(dicom(ViewPosition=told.encode())).view == view


def test_sequences_hide_no_tags_of_their_own() -> None:
    """A patient inside a sequence is another object's."""
    inside = b"\x10\0\x20\0LO\x02\x00ab"
    head = b"\xfe\xff\0\xe0\xff\xff\xff\xff" + inside
    sequence = nested(1, has_lengths=False).replace(b"\xfe\xff\0\xe0\xff\xff\xff\xff", head)
    data = dicom(PatientID=None)
    start = data.index(b"\x28\0\x02\0US")
    assert read_dicom_tags(data[:start] + sequence + data[start:]).patient is None


def test_elements_are_the_ones_that_pydicom_finds() -> None:
    """On the files that come with it, odd ones among them."""
    examples = Path(pydicom.__file__).parent / "data" / "test_files"
    compared = 0
    files = [path.read_bytes() for path in sorted(examples.glob("*small*.dcm"))]
    for data in [*files, *(make() for make in WHOLE_DICOMS.values())]:
        try:
            theirs = dcmread(DicomBytesIO(data), stop_before_pixels=True)
        except InvalidDicomError:
            continue
        try:
            ours = read_elements(data)
        except FilmError:
            continue
        for tag in set(Tag) - {Tag.SYNTAX, Tag.MEDIA_CLASS, Tag.PIXELS}:
            element = ours.find(tag)
            raw = theirs.get_item(int(tag))
            if raw is None or raw.VR == "SQ":
                assert element is None
                continue
            assert (element.value if element else b"") == (raw.value or b"")
            compared += 1
    assert compared > 250


def test_an_age_without_a_unit_is_in_years() -> None:
    assert read_dicom_tags(dicom(PatientAge=b"81")).age == 81
    assert np.isclose(read_dicom_tags(dicom(PatientAge="003W")).age or 0, 21 / 365.25)

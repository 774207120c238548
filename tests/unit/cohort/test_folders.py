"""A folder becomes a cohort, or one message says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from hilum.cohort.cohort import Cohort
from hilum.errors import CohortError, PositiveClassError


def put_film(path: Path, level: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", (70, 80), level % 256)
    picture.putpixel((level // 256 % 70, 3), 255)
    picture.save(path, format="PNG")
    return path


@pytest.fixture
def films(tmp_path: Path) -> Path:
    for k in range(3):
        put_film(tmp_path / "films" / "Normal" / f"n{k}.png", k)
        put_film(tmp_path / "films" / "Sick" / "deeper" / f"s{k}.png", 10 + k)
    return tmp_path / "films"


def test_subfolders_are_classes_in_a_fixed_order(films: Path) -> None:
    cohort = Cohort.from_folder(films)
    assert cohort.name == "films"
    assert cohort.classes == ("Normal", "Sick")
    assert cohort.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert [film.path.name for film in cohort.films] == [
        "n0.png", "n1.png", "n2.png", "s0.png", "s1.png", "s2.png",
    ]  # fmt: skip
    assert cohort.n_per_class == {"Normal": 3, "Sick": 3}
    assert cohort.n_patients is None
    assert Cohort.from_folder(films) == cohort


def test_identity_is_by_content(films: Path) -> None:
    before = Cohort.from_folder(films).films[0]
    copy = films / "Normal" / "z.png"
    copy.write_bytes(before.path.read_bytes())
    after = [film for film in Cohort.from_folder(films).films if film.sha256 == before.sha256]
    assert [film.film_id for film in after] == [before.film_id, f"{before.film_id}-2"]


def test_what_does_not_pretend_to_be_a_film_is_ignored(films: Path) -> None:
    (films / "Normal" / "README.txt").write_text("about these films")
    (films / "Normal" / ".hidden.png").write_text("not a film")
    (films / ".git").mkdir()
    (films / "labels.csv").write_text("image,label\n")
    cohort = Cohort.from_folder(films)
    assert len(cohort) == 6
    assert cohort.ignored == 1
    assert not cohort.excluded


def test_content_makes_a_film_whatever_its_name(films: Path) -> None:
    put_film(films / "Normal" / "n0.png", 77).rename(films / "Normal" / "film.dat")
    assert "film.dat" in [film.path.name for film in Cohort.from_folder(films).films]


@pytest.mark.parametrize(("content", "code"), [(b"", "EMPTY"), (b"just some text", "TYPE")])
def test_a_false_film_is_listed_with_its_reason(films: Path, content: bytes, code: str) -> None:
    (films / "Sick" / "false.png").write_bytes(content)
    cohort = Cohort.from_folder(films)
    (exclusion,) = cohort.excluded
    assert (exclusion.path.name, exclusion.label, exclusion.code) == ("false.png", "Sick", code)
    assert len(cohort) == 6


def test_links_are_followed_inside_the_folder_only(films: Path, tmp_path: Path) -> None:
    outside = put_film(tmp_path / "outside.png", 200)
    (films / "Normal" / "inside.png").symlink_to(films / "Normal" / "n0.png")
    (films / "Normal" / "out.png").symlink_to(outside)
    (films / "Normal" / "nowhere.png").symlink_to(films / "gone.png")
    (films / "Normal" / "round.png").symlink_to(films / "Normal" / "round.png")
    (films / "Normal" / "folder").symlink_to(films)
    cohort = Cohort.from_folder(films)
    assert len(cohort) == 7
    assert sorted((e.path.name, e.code) for e in cohort.excluded) == [
        ("folder", "LINK"), ("nowhere.png", "LINK"), ("out.png", "LINK"), ("round.png", "LINK"),
    ]  # fmt: skip


def test_a_pipe_does_not_block(films: Path) -> None:
    os.mkfifo(films / "Normal" / "pipe.png")
    (exclusion,) = Cohort.from_folder(films).excluded
    assert exclusion.code == "MISSING"


def test_classes_can_be_chosen(films: Path) -> None:
    put_film(films / "Other" / "o.png", 50)
    cohort = Cohort.from_folder(films, classes=["Sick", "Other"])
    assert cohort.classes == ("Other", "Sick")
    assert cohort.left_out == {"Normal": 3}


@pytest.mark.parametrize(
    ("classes", "message"),
    [(["Sick", "Absent"], "no class 'Absent'"), (["Sick"], "two or more")],
)
def test_a_wrong_choice_lists_the_right_ones(films: Path, classes: list[str], message: str) -> None:
    with pytest.raises(CohortError, match=message) as caught:
        Cohort.from_folder(films, classes=classes)
    assert "Normal, Sick" in caught.value.fix


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="no folder"):
        Cohort.from_folder(tmp_path / "absent")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="no subfolders with films") as caught:
        Cohort.from_folder(tmp_path)
    assert "subfolder named for it" in caught.value.fix


def test_films_without_subfolders(tmp_path: Path) -> None:
    put_film(tmp_path / "film.png")
    with pytest.raises(CohortError, match="films, but no subfolders"):
        Cohort.from_folder(tmp_path)


def test_one_class(tmp_path: Path) -> None:
    put_film(tmp_path / "Normal" / "film.png")
    with pytest.raises(CohortError, match="one class, 'Normal'"):
        Cohort.from_folder(tmp_path)


def test_empty_subfolders(tmp_path: Path) -> None:
    (tmp_path / "Normal").mkdir()
    (tmp_path / "Sick").mkdir()
    with pytest.raises(CohortError, match="class 'Normal' holds no film"):
        Cohort.from_folder(tmp_path)


def test_a_class_of_false_films_only(films: Path) -> None:
    (films / "Third").mkdir()
    (films / "Third" / "text.png").write_text("no film")
    with pytest.raises(CohortError, match="No file of class 'Third' is a film"):
        Cohort.from_folder(films)


def test_a_ready_made_split_is_not_taken_for_classes(films: Path, tmp_path: Path) -> None:
    split = tmp_path / "split"
    for part in ("train", "test"):
        put_film(split / part / "Normal" / "film.png")
    with pytest.raises(CohortError, match="parts of a split"):
        Cohort.from_folder(split)


def test_the_positive_class_is_told_only_when_it_is_plain(films: Path) -> None:
    cohort = Cohort.from_folder(films)
    assert cohort.positive_class(None) == "Sick"
    assert cohort.positive_class("Normal") == "Normal"
    with pytest.raises(PositiveClassError) as caught:
        cohort.positive_class("sick")
    assert "--positive Normal, --positive Sick" in caught.value.fix
    put_film(films / "COVID-19, ARDS" / "o.png", 50)
    with pytest.raises(PositiveClassError, match="cannot be told") as caught:
        Cohort.from_folder(films).positive_class(None)
    assert "--positive 'COVID-19, ARDS'" in caught.value.fix


def test_unreadable_films_leave_the_cohort_by_name(films: Path) -> None:
    from hilum.cohort.films import Exclusion
    from hilum.errors import FilmCorruptError

    cohort = Cohort.from_folder(films)
    error = FilmCorruptError("It is cut.", fix="Export it again.")
    kept = cohort.without([Exclusion.from_error(cohort.films[1], error)])
    assert len(kept) == 5
    assert [e.code for e in kept.excluded] == ["CORRUPT"]
    with pytest.raises(CohortError, match="No film of class 'Normal'"):
        cohort.without([Exclusion.from_error(film, error) for film in cohort.films[:3]])


def test_other_kinds_of_pictures_are_listed_and_never_lost(films: Path) -> None:
    (films / "Sick" / "one.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 40)
    (films / "Sick" / "bare").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 40)
    cohort = Cohort.from_folder(films)
    assert [(e.path.name, e.code) for e in cohort.excluded] == [
        ("bare", "DICOM"), ("one.dcm", "DICOM"),
    ]  # fmt: skip
    assert "DICOM" in cohort.excluded[0].message


def test_a_class_without_films_is_no_class_that_vanishes(films: Path) -> None:
    (films / "Third").mkdir()
    (films / "Third" / "readme.txt").write_text("soon")
    with pytest.raises(CohortError, match="'Third' holds no film"):
        Cohort.from_folder(films)
    assert Cohort.from_folder(films, classes=["Normal", "Sick"]).classes == ("Normal", "Sick")


def test_a_class_that_is_a_link_out_is_refused(films: Path, tmp_path: Path) -> None:
    put_film(tmp_path / "elsewhere" / "film.png")
    (films / "Third").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CohortError, match="leads out of the folder"):
        Cohort.from_folder(films)


def test_a_class_name_that_cannot_be_shown_is_refused(films: Path) -> None:
    put_film(films / "red\x1b[31m" / "film.png")
    with pytest.raises(CohortError, match="cannot be shown") as caught:
        Cohort.from_folder(films)
    assert "\x1b" not in caught.value.message


def test_a_closed_folder_is_listed(films: Path) -> None:
    """As root, permissions do not bind: they are then given up in a child."""
    put_film(films / "Sick" / "closed" / "film.png", 33)
    (films / "Sick" / "closed").chmod(0)
    code = (
        "import sys; from hilum.cohort.cohort import Cohort\n"
        "cohort = Cohort.from_folder(sys.argv[1])\n"
        "print(len(cohort), [(e.path.name, e.code) for e in cohort.excluded])"
    )
    command = [sys.executable, "-c", code, str(films)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root reads everything, and there is no setpriv to give that up")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == "6 [('closed', 'MISSING')]\n"

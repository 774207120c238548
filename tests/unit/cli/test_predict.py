"""What was typed becomes files, each once, in order."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from hilum.cli.predict import list_films
from hilum.errors import CohortError


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.png", "a.jpeg", "deep/c.dcm", "deep/bare", "notes.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.as_posix() for path in paths]


def test_a_folder_gives_its_pictures_at_any_depth(ward: Path) -> None:
    assert names(list_films(["."])) == ["a.jpeg", "b.png", "deep/bare", "deep/c.dcm"]


def test_patterns_names_and_repeats(ward: Path) -> None:
    assert names(list_films(["b.png", "*.jpeg", "**/*.png", "gone.png"])) == [
        "b.png", "a.jpeg", "gone.png",
    ]  # fmt: skip


def test_a_name_with_brackets_is_that_file_first(ward: Path) -> None:
    (ward / "film[1].png").touch()
    assert names(list_films(["film[1].png"])) == ["film[1].png"]


def test_a_list_on_standard_input(ward: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, b"b.png\r\n\ndeep\n-\n")
    assert names(list_films(["-"])) == ["b.png", "deep/bare", "deep/c.dcm", "-"]


def type_in(monkeypatch: pytest.MonkeyPatch, typed: bytes) -> None:
    """As a terminal that takes nothing but valid text hands it on."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed), "utf-8"))


def test_a_list_may_hold_names_that_are_no_valid_text(
    ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, b"b.png\nf\xfcr.png\n")
    assert list_films(["-"]) == [Path("b.png"), Path(os.fsdecode(b"f\xfcr.png"))]


def test_a_list_with_nul_may_hold_names_with_line_ends(
    ward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, b"b.png\0two\nlines.png\0")
    assert names(list_films(["-"])) == ["b.png", "two\nlines.png"]


def test_a_pattern_that_fits_nothing_is_not_passed_over(ward: Path) -> None:
    assert names(list_films(["b.png", "gone/*.png", "scan[1].png"])) == [
        "b.png", "gone/*.png", "scan[1].png",
    ]  # fmt: skip


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_may_not_be_listed_is_told(ward: Path) -> None:
    (ward / "deep").chmod(0)
    try:
        assert "deep" in names(list_films(["."]))
    finally:
        (ward / "deep").chmod(0o700)


@pytest.mark.parametrize("words", [["*.tiff"], ["empty"], ["empty", "*.tiff", "[a]"]])
def test_nothing_at_all_is_told(ward: Path, words: list[str]) -> None:
    (ward / "empty").mkdir()
    with pytest.raises(CohortError, match="no film"):
        list_films(words)

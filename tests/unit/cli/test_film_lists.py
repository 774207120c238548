"""What was typed becomes files, each once, in order."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from hilum.cli.film_lists import list_films
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
    monkeypatch.setattr("sys.stdin", io.StringIO("b.png\r\n\ndeep\n-\n"))
    assert names(list_films(["-"])) == ["b.png", "deep/bare", "deep/c.dcm", "-"]


@pytest.mark.parametrize("words", [["*.tiff"], ["empty"]])
def test_nothing_at_all_is_told(ward: Path, words: list[str]) -> None:
    (ward / "empty").mkdir()
    with pytest.raises(CohortError, match="no film"):
        list_films(words)

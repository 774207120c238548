"""Files and folders appear whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hilum.disk import (
    ABANDONED_AFTER_SECONDS,
    check_writable,
    exists,
    lend,
    nearest_folder,
    sweep,
    take_place,
    write_durably,
)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_file_is_written_over_another(tmp_path: Path) -> None:
    for data in (b"one", memoryview(b"two"), b""):
        write_durably(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == bytes(data)
    assert names(tmp_path) == {"file"}


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows")
def test_a_file_may_be_read_by_whom_others_may_be(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_durably(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_that_cannot_be_named_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_durably(tmp_path / "taken", b"data")
    assert names(tmp_path) == {"taken"}


def test_drafts_of_killed_processes_are_removed_after_an_hour(tmp_path: Path) -> None:
    for name, seconds in (("old", 1.01), ("fresh", 0.99)):
        (tmp_path / f".writing-{name}").write_bytes(b"")
        age(tmp_path / f".writing-{name}", seconds * ABANDONED_AFTER_SECONDS)
    write_durably(tmp_path / "file", b"")
    assert names(tmp_path) == {".writing-fresh", "file"}


def test_sweeping_takes_files_and_folders_of_the_prefix_alone(tmp_path: Path) -> None:
    (tmp_path / ".draft-1").write_bytes(b"")
    (tmp_path / ".draft-2").mkdir()
    (tmp_path / ".draft-2" / "inside").write_bytes(b"")
    (tmp_path / "other").write_bytes(b"")
    sweep(tmp_path, ".draft-")
    assert names(tmp_path) == {"other"}


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_folder_takes_its_place(tmp_path: Path, is_taken: bool) -> None:
    draft, place, older = tmp_path / "draft", tmp_path / "place", tmp_path / "older"
    folder(draft, "new")
    if is_taken:
        folder(place, "old")
    take_place(draft, place, older)
    assert (place / "file").read_text() == "new"
    assert not draft.exists()
    assert older.exists() is is_taken


def test_an_older_folder_is_back_where_the_new_one_cannot_come(tmp_path: Path) -> None:
    place = folder(tmp_path / "place", "old")
    with pytest.raises(FileNotFoundError):
        take_place(tmp_path / "no draft", place, tmp_path / "older")
    assert (place / "file").read_text() == "old"
    assert names(tmp_path) == {"place"}


def test_the_nearest_folder_is_there(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path / "a" / "b") == tmp_path
    assert nearest_folder(tmp_path) == tmp_path
    check_writable(tmp_path / "a" / "b")
    assert names(tmp_path) == set()
    assert not exists(tmp_path / ("n" * 5000))


def test_a_file_is_lent_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"data")
    lend(tmp_path / "file", tmp_path / "name")
    assert (tmp_path / "name").read_bytes() == b"data"

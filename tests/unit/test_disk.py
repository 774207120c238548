"""Files and folders appear whole or not at all, and what killed processes left is swept away."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hilum.disk import (
    ABANDONED_AFTER_SECONDS,
    check_writable,
    exists,
    link_or_copy,
    nearest_folder,
    sweep,
    sync_files,
    sync_folder,
    take_place,
    write_durably,
)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def age(path: Path, seconds: float) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def test_a_file_is_written_over_another(tmp_path: Path) -> None:
    for data in (b"one", memoryview(b"two"), b""):
        write_durably(tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == bytes(data)
    assert names(tmp_path) == {"file"}


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such modes")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_file_is_as_open_to_others_as_the_user_has_it(
    tmp_path: Path, mask: int, mode: int
) -> None:
    before = os.umask(mask)
    try:
        write_durably(tmp_path / "a", b"data")
        assert os.umask(mask) == mask  # it was left as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="no modes on Windows")
def test_a_file_may_be_read_by_whom_others_may_be(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_durably(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_file_that_cannot_take_its_name_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_durably(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_interrupt_just_after_the_renaming_stays_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def interrupted(draft: Path, place: Path) -> None:
        rename(draft, place)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_durably(tmp_path / "a", b"data")
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_bytes() == b"data"


def test_drafts_an_hour_old_are_removed_on_the_way(tmp_path: Path) -> None:
    for name, seconds in (("old", 3700), ("new", 3500)):
        (tmp_path / f".writing-{name}").write_bytes(b"half")
        age(tmp_path / f".writing-{name}", seconds)
    (tmp_path / "kept").write_bytes(b"whole")
    age(tmp_path / "kept", 9999)
    write_durably(tmp_path / "a", b"data")
    assert {path.name for path in tmp_path.iterdir()} == {".writing-new", "a", "kept"}


def test_drafts_of_killed_processes_are_removed_after_an_hour(tmp_path: Path) -> None:
    for name, seconds in (("old", 1.01), ("fresh", 0.99)):
        (tmp_path / f".writing-{name}").write_bytes(b"")
        age(tmp_path / f".writing-{name}", seconds * ABANDONED_AFTER_SECONDS)
    write_durably(tmp_path / "file", b"")
    assert names(tmp_path) == {".writing-fresh", "file"}


def test_a_written_file_is_made_durable_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[list[str]] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: names.append([path.name[:8] for path in tmp_path.iterdir()])
    )
    write_durably(tmp_path / "a", b"data")
    assert names == [[".writing"], ["a"]][: 1 if os.name == "nt" else 2]


def test_every_file_and_folder_below_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("one", "a/two", "a/b/three"):
        (tmp_path / name).write_bytes(b"x")
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_ino))
    sync_files(tmp_path)
    below = {path.stat().st_ino for path in (tmp_path, *tmp_path.rglob("*"))}
    assert set(synced) == (below if os.name != "nt" else below & set(synced))
    synced.clear()
    sync_folder(tmp_path)
    assert synced == ([tmp_path.stat().st_ino] if os.name != "nt" else [])


def test_sweeping_takes_files_and_folders_of_the_prefix_alone(tmp_path: Path) -> None:
    (tmp_path / ".draft-folder" / "deep").mkdir(parents=True)
    (tmp_path / ".draft-folder" / "deep" / "file").write_bytes(b"x")
    (tmp_path / ".draft-file").write_bytes(b"x")
    (tmp_path / "draft").write_bytes(b"x")
    sweep(tmp_path, ".draft-", older_than_seconds=60)
    assert len(list(tmp_path.iterdir())) == 3
    sweep(tmp_path, ".draft-")
    assert [path.name for path in tmp_path.iterdir()] == ["draft"]
    sweep(tmp_path / "absent", ".draft-")


def test_sweeping_looks_at_every_draft_whatever_their_order(tmp_path: Path) -> None:
    for k in range(32):
        (tmp_path / f".draft-{k}").write_bytes(b"x")
        age(tmp_path / f".draft-{k}", 100.0 * (k % 2))
    sweep(tmp_path, ".draft-", older_than_seconds=60)
    assert names(tmp_path) == {f".draft-{k}" for k in range(0, 32, 2)}


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


def test_a_folder_that_cannot_move_aside_stays_where_it_is(tmp_path: Path) -> None:
    draft, older = folder(tmp_path / "draft", "new"), folder(tmp_path / "older", "oldest")
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(OSError, match="place"):
        take_place(draft, place, older)
    assert list(place.iterdir()) == []
    assert (older / "file").read_text() == "oldest"
    assert (draft / "file").read_text() == "new"


def test_a_name_that_cannot_be_is_not_there(tmp_path: Path) -> None:
    assert exists(tmp_path)
    assert not exists(tmp_path / "absent")
    assert not exists(tmp_path / ("long" * 200))


def test_the_nearest_folder_is_the_deepest_that_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nearest_folder(tmp_path) == tmp_path
    assert nearest_folder(tmp_path / "a" / "b" / ("long" * 200)) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert nearest_folder(Path("a/b")) == tmp_path


def test_a_folder_is_tried_without_a_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "to" / "come")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match="file"):
        check_writable(tmp_path / "file")


def test_a_file_is_read_by_a_link_or_by_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"data")
    link_or_copy(tmp_path / "a", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"data"

    def refused(*_: object, **__: object) -> None:
        raise OSError("links are not allowed")

    monkeypatch.setattr(Path, "symlink_to", refused)
    link_or_copy(tmp_path / "a", tmp_path / "copy")
    assert not (tmp_path / "copy").is_symlink()
    assert (tmp_path / "copy").read_bytes() == b"data"

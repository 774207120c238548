"""A run folder appears whole or not at all, replaces only runs, and is written by one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from make_comparison import CANARY, make_comparison, with_nasty_names

from every import every
from hilum.errors import OutputError
from hilum.report.comparison import save_run
from hilum.runs.documents import to_json
from hilum.runs.place import check_run_folder, claim_run_folder


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_an_earlier_run_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    save_run(make_comparison(), out, cache_dir=tmp_path / "cache")
    first = (out / "results.json").read_text()
    save_run(replace(make_comparison(), seed=5), out, cache_dir=tmp_path / "cache")
    assert (out / "results.json").read_text() != first
    assert [path.name for path in out.parent.iterdir()] == ["run"]


def test_a_strangers_file_keeps_its_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    save_run(make_comparison(), out, cache_dir=tmp_path / "cache")
    (out / "my-notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"my-notes.txt"):
        check_run_folder(out)
    assert (out / "my-notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["figures/mine.pdf", "report.html", "figures/Normal/1.png"])
def test_a_folder_that_is_no_run_is_not_replaced(tmp_path: Path, name: str) -> None:
    """Names that a run writes as well do not make a run of a folder."""
    mine = tmp_path / "thesis" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(OutputError, match="holds what no run wrote"):
        check_run_folder(tmp_path / "thesis")
    assert mine.read_text() == "mine"


def test_a_picture_of_the_users_among_our_figures_keeps_the_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    save_run(make_comparison(backbones=1), out, cache_dir=tmp_path / "cache")
    (out / "figures" / "mine.pdf").write_text("mine")
    with pytest.raises(OutputError, match=r"figures/mine\.pdf"):
        check_run_folder(out)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    save_run(make_comparison(), tmp_path / "link", cache_dir=tmp_path / "cache")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "report.html").is_file()


@pytest.mark.parametrize("name", ["file", "n" * 250, "file/below"])
def test_an_impossible_place_is_refused_beforehand(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError) as caught:
        check_run_folder(tmp_path / name)
    assert "--out" in caught.value.fix


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    import os

    with (
        claim_run_folder(tmp_path / "runs" / "one"),
        pytest.raises(OutputError, match=f"process {os.getpid()}"),
        claim_run_folder(tmp_path / "runs" / "one"),
    ):
        pass
    with claim_run_folder(tmp_path / "runs" / "one"):
        (tmp_path / "runs").mkdir()  # as another run may do meanwhile
        with pytest.raises(OutputError), claim_run_folder(tmp_path / "runs" / "one"):
            pass
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_interrupted_replacement_gives_the_old_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    save_run(make_comparison(), out, cache_dir=tmp_path / "cache")
    before = (out / "results.json").read_text()
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.name == "run" and self.parent.name.startswith(".hilum-run-"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_run(replace(make_comparison(), seed=5), out, cache_dir=tmp_path / "cache")
    assert (out / "results.json").read_text() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_names_stand_only_where_films_are_named_on_purpose(tmp_path: Path) -> None:
    comparison = with_nasty_names(make_comparison())
    comparison = replace(
        comparison,
        provenance=dict(comparison.provenance)
        | {"command_line": ["hilum", "compare", f"../{CANARY}/films"]},
    )
    save_run(comparison, tmp_path / "run", cache_dir=tmp_path / "cache")
    holding = {
        name
        for name in files(tmp_path / "run")
        if CANARY in (tmp_path / "run" / name).read_text(encoding="utf-8")
    }
    assert holding <= {"predictions.csv", "folds.csv", "excluded.csv"}
    assert {"predictions.csv", "folds.csv"} <= holding


def test_a_comparison_shows_itself_as_a_table() -> None:
    lines = repr(make_comparison()).splitlines()
    assert len(lines) == 4
    assert "positive class COVID-19" in lines[0]
    assert all("accuracy 0." in line and "auroc" in line for line in every(lines[1:]))


def test_json_has_no_nan_and_keeps_every_digit() -> None:
    import numpy as np

    value = {"a": np.float32(0.1), "b": float("nan"), "c": np.arange(2), "d": (1, np.int64(2))}
    assert json.loads(to_json(value)) == {
        "a": float(np.float32(0.1)), "b": None, "c": [0, 1], "d": [1, 2],
    }  # fmt: skip

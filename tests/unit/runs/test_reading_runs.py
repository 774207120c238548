"""A run folder is read back as it was written, or refused with one clear message."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from run_files import COLUMNS, write_run

from hilum.errors import RunError
from hilum.runs.reading import needs_attention, read_run, train_from_run
from hilum.studies.recipes import find_recipe


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_films_are_found_whatever_they_are_called(here: Path) -> None:
    names = ["plain.png", "-dash.png", "=cmd().png", "two\nlines.png", os.fsdecode(b"f\xfcr.png"),
             "a,b.png"]  # fmt: skip
    past = read_run(write_run(here / "run", names))
    assert [str(film.path) for film in past.cohort.films] == names
    assert past.cohort.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert (past.seed, past.positive, past.recipe) == (3, "A", find_recipe("hilum"))
    (split,) = past.folds.splits
    assert (split.train.tolist(), split.test.tolist()) == ([0, 3], [2, 5])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("results.json", "[]"),
        ("results.json", "{"),
        ("provenance.json", "{}"),
        ("folds.csv", ",".join(COLUMNS) + "\n" + "x" * 200_000 + "\n"),
        ("folds.csv", ",".join(COLUMNS) + "\n0,0\n"),
        ("folds.csv", "a,b\n1,2\n"),
    ],
)
def test_a_damaged_run_is_refused(here: Path, name: str, content: str) -> None:
    run = write_run(here / "run", ["a.png", "b.png", "c.png"])
    (run / name).write_text(content)
    with pytest.raises(RunError):
        read_run(run)


@pytest.mark.parametrize(
    ("key", "value"),
    [("verdict", {"headline": "fine"}), ("backbones", {}), ("seed", "3"), ("classes", ["A", 2])],
)
def test_a_result_of_another_form_is_refused(here: Path, key: str, value: object) -> None:
    run = write_run(here / "run", ["a.png", "b.png", "c.png"])
    told = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps({**told, key: value}))
    with pytest.raises(RunError, match="is damaged"):
        read_run(run)
    if key != "seed":
        del told[key]
        (run / "results.json").write_text(json.dumps(told))
        with pytest.raises(RunError, match="is damaged"):
            needs_attention(run)


def test_a_run_of_an_older_version_may_lack_what_may_be_null(here: Path) -> None:
    run = write_run(here / "run", ["a.png", "b.png", "c.png"])
    told = json.loads((run / "results.json").read_text())
    for key in ("ensemble", "pick", "by_source", "external", "published"):
        del told[key]
    for key in ("scaling", "input_px", "split_seed"):
        del told["recipe"][key]
    del told["backbones"][0]["decisions"]
    (run / "results.json").write_text(json.dumps({**told, "of_a_newer_version": 1}))
    past = read_run(run)
    assert past.recipe == find_recipe("hilum")
    assert past.backbones[0].policy is None
    assert past.results["pick"] is None
    assert not needs_attention(run)


def test_a_film_that_is_gone_or_changed_is_named(here: Path) -> None:
    run = write_run(here / "run", ["a.png", "b.png", "c.png"])
    (here / "b.png").write_bytes(b"other")
    with pytest.raises(RunError, match=r"b\.png.*has changed"):
        read_run(run)
    (here / "b.png").unlink()
    with pytest.raises(RunError, match=r"b\.png.*cannot be read"):
        read_run(run)


def test_a_failed_check_needs_attention_though_the_claim_stands(here: Path) -> None:
    films = ["a.png", "b.png", "c.png"]
    assert not needs_attention(write_run(here / "fine", films, severities=["warn"]))
    failed = write_run(here / "failed", films, severities=["fail"])
    assert needs_attention(failed)
    audit = json.loads((failed / "audit.json").read_text())
    audit["checks"][0]["muted"] = True
    (failed / "audit.json").write_text(json.dumps(audit))
    assert not needs_attention(failed)
    with pytest.raises(RunError):
        needs_attention(here / "nowhere")


def test_a_run_on_a_model_file_says_what_to_name(here: Path) -> None:
    """Its name in the run is the file's own, which is no name of the catalog."""
    run = write_run(here / "run", ["a.png", "b.png", "c.png"])
    with pytest.raises(RunError, match="used the model file ours") as caught:
        train_from_run(run, cache_dir=here / "cache")
    assert "onnx:PATH" in caught.value.fix

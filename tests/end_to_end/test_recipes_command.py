"""`hilum compare` with several recipes, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hilum.phantoms.cohort import write_phantoms

FAST = (
    "--backbones", "efficientnet-lite0", "--folds", "3", "--repeats", "1", "--views", "1",
    "--epochs", "8",
)  # fmt: skip
RUN_FILES = {
    "report.html", "results.json", "predictions.csv", "history.csv", "folds.csv", "audit.json",
    "provenance.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("data") / "phantoms", n_films=40)


@pytest.fixture(scope="module")
def hilum(graph_cache: Path, tmp_path_factory: pytest.TempPathFactory):
    here = tmp_path_factory.mktemp("here")

    def run(*arguments: object, cwd: Path = here) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", *map(str, arguments)],
            env=os.environ | {"HILUM_CACHE_DIR": str(graph_cache), "COLUMNS": "80"},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="module")
def finished(hilum, films: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("runs") / "both"
    process = hilum(
        "compare", films, "--positive", "Opacity", "--recipe", "paper,hilum", "--out", out, *FAST
    )
    # The paper splits films, not patients: its run leaks, and its claim is withheld.
    assert process.returncode == 1, process.stderr
    return process, out


def test_the_folder_holds_the_page_and_a_whole_run_of_each(finished) -> None:
    out = finished[1]
    assert {path.name for path in out.iterdir()} == {
        "report.html", "results.json", "paper", "hilum",
    }  # fmt: skip
    for recipe in ("paper", "hilum"):
        names = {path.name for path in (out / recipe).iterdir()}
        assert names >= RUN_FILES
        results = json.loads((out / recipe / "results.json").read_text())
        assert results["schema"] == "hilum.results/1"
        assert results["recipe"]["name"] == recipe
    assert not list(out.parent.glob(".*"))
    assert "same films" in (out / "paper" / "report.html").read_text()
    assert "validation and test are the same films" in (out / "report.html").read_text()


def test_the_result_over_all_repeats_that_of_each(finished) -> None:
    out = finished[1]
    results = json.loads((out / "results.json").read_text())
    assert results["schema"] == "hilum.recipes/1"
    assert [recipe["tested"] for recipe in results["recipes"]] == [8, 40]
    (backbone,) = results["backbones"]
    for recipe in ("paper", "hilum"):
        (alone,) = json.loads((out / recipe / "results.json").read_text())["backbones"]
        assert backbone["under"][recipe]["metrics"] == alone["metrics"]
    (difference,) = results["differences"]
    found = difference["accuracy"]
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["calls"] + found["draw"] == pytest.approx(found["difference"])
    assert sum(step["accuracy_change"] for step in results["path"]) == pytest.approx(
        found["difference"]
    )


def test_the_terminal_shows_both_side_by_side_within_its_width(finished) -> None:
    told = finished[0].stdout
    assert max(map(len, told.splitlines())) <= 80
    assert "What the difference is worth" in told
    assert "What each setting is worth" in told
    assert "Same films." in told
    heading = next(line for line in told.splitlines() if "Backbone" in line)
    assert heading.split() == ["Backbone", "paper", "hilum"]


@pytest.mark.slow
def test_a_run_of_either_kind_replaces_the_other_and_strangers_stay(
    hilum, films: Path, finished, tmp_path: Path
) -> None:
    out = finished[1]
    (out / "paper" / "notes.txt").write_text("mine")
    command = ("compare", films, "--positive", "Opacity", "--out", out, *FAST)
    process = hilum(*command)
    assert process.returncode == 2
    assert "no run wrote, such as 'paper/notes.txt'" in process.stderr
    assert (out / "paper" / "notes.txt").read_text() == "mine"
    (out / "paper" / "notes.txt").unlink()
    process = hilum(*command, "--json")
    assert process.returncode == 0, process.stderr  # Hilum's recipe alone has no leak
    assert json.loads(process.stdout)["schema"] == "hilum.results/1"
    assert not (out / "paper").exists()
    process = hilum(*command, "--json", "--recipe", "hilum,paper")
    assert process.returncode == 1, process.stderr  # the paper's is there again
    assert json.loads(process.stdout) == json.loads((out / "results.json").read_text())
    assert not (out / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        (["--recipe", "paper,magic"], "no recipe 'magic'", "hilum, paper, pyimagesearch"),
        (["--recipe", "paper,hilum,paper"], "'paper' is named twice", "each once"),
        (["--recipe", ","], "No recipe is named", "Choose among"),
        (["--recipe", "pyimagesearch,paper", "--folds", "3"], "one fixed split", "--folds"),
        (["--recipe", "paper,hilum", "--folds", "1"], "out of range", "2 to"),
        (["--recipe", "paper,hilum", "--folds", "30"], "30 folds need at", "--folds 15"),
        (
            ["--head", "none", "--recipe", "paper"],
            "--recipe, --positive would mean nothing",
            "Leave out",
        ),
        (
            ["--head", "none", "--folds", "3", "--epochs", "2"],
            "--folds, --epochs, --positive",
            "--head dense",
        ),
        (
            ["--head", "none", "--operating-point", "garbage"],
            "--positive, --operating-point would mean nothing",
            "Leave out",
        ),
        (["--head", "deep"], "--head", "dense"),
    ],
)
def test_a_mistake_is_told_before_any_work(
    hilum, films: Path, tmp_path: Path, arguments: list[str], message: str, fix: str
) -> None:
    out = tmp_path / "run"
    process = hilum("compare", films, "--positive", "Opacity", "--out", out, *arguments)
    assert process.returncode == 2
    assert message in process.stderr
    assert fix in process.stderr
    assert process.stdout == ""
    assert "views" not in process.stderr
    assert not out.exists()


@pytest.mark.slow
def test_three_recipes_with_their_own_inputs(hilum, films: Path, tmp_path: Path) -> None:
    process = hilum(
        "compare", films, "--positive", "Opacity", "--recipe", "pyimagesearch,paper,hilum",
        "--out", tmp_path / "run", "--json", *FAST,
    )  # fmt: skip
    assert process.returncode == 1, process.stderr  # the paper's leaks
    results = json.loads(process.stdout)
    assert {row["setting"] for row in results["settings"]} >= {"Pixel scaling", "Pooling"}
    assert len(results["differences"]) == 2
    assert results["path"][0]["settings"] == ["Split", "Validation"]

"""From films to a bundle to answers, run as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hilum
from hilum.cli.main import app
from hilum.phantoms.cohort import write_phantoms

FAST = ("--folds", "3", "--repeats", "1", "--views", "1", "--epochs", "12")
ONE = ("efficientnet-lite0", "--no-probes")


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("data") / "phantoms", n_films=48).parent


@pytest.fixture(scope="module")
def run(graph_cache: Path, tmp_path_factory: pytest.TempPathFactory):
    here = tmp_path_factory.mktemp("here")

    def run(*arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", *map(str, arguments)],
            env=os.environ | {"HILUM_CACHE_DIR": str(graph_cache), "COLUMNS": "200"},
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
            input=typed,
        )

    return run


@pytest.fixture(scope="module")
def compared(run, phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first"
    table = phantoms / "films.csv"
    done = run("compare", table, "--positive", "Opacity", "--out", out, *FAST, "--backbones", *ONE)
    # Nothing is planted. Few films and no probes limit the claim, and no more.
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def bundle(run, compared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle from the run, its backbone inside."""
    out = tmp_path_factory.mktemp("bundles") / "first"
    done = run("train", "--from", compared, "-o", out, "--standalone", "--json")
    assert done.returncode == 0, done.stderr  # as the run
    assert json.loads(done.stdout) == json.loads((out / "classifier.json").read_text())
    assert "0 computed" in done.stderr  # not one film was looked at again
    return out


def test_training_on_the_films_gives_the_very_heads_of_the_run(
    run, phantoms: Path, bundle: Path, tmp_path: Path
) -> None:
    done = run(
        "train", phantoms / "films.csv", "--positive", "Opacity", *FAST, "--backbone", *ONE,
        "-o", tmp_path / "anew",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "Bundle:" in done.stdout
    for name in ("head.safetensors",):
        assert (tmp_path / "anew" / name).read_bytes() == (bundle / name).read_bytes()
    anew, from_run = (
        json.loads((place / "classifier.json").read_text()) for place in (tmp_path / "anew", bundle)
    )
    assert anew["threshold"] == from_run["threshold"]
    assert anew["study"]["metrics"] == from_run["study"]["metrics"]
    assert not (tmp_path / "anew" / "graph").exists()  # named by its hash


def test_the_card_opens_with_the_verdict_and_tells_the_runs_figures(
    bundle: Path, compared: Path
) -> None:
    card = (bundle / "README.md").read_text()
    results = json.loads((compared / "results.json").read_text())
    (told,) = results["backbones"]
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert card.index(results["summary"]["title"]) < card.index("Evaluation")
    for name in ("accuracy", "sensitivity", "specificity", "auroc"):
        figure = told["metrics"][name]
        assert f"{figure['value']:.3f} | [{figure['low']:.3f}, {figure['high']:.3f}]" in card
    assert ("model-index" in card) == (results["verdict"]["headline"] != "withheld")
    assert json.loads((bundle / "study.json").read_text()) == results


def test_no_file_of_a_bundle_names_a_film_or_a_place(bundle: Path, phantoms: Path) -> None:
    for name in ("classifier.json", "README.md", "study.json"):
        text = (bundle / name).read_text()
        assert "phantom-p" not in text
        assert str(phantoms) not in text


def test_a_bundle_answers_on_a_machine_without_the_cache(
    run, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(bundle, tmp_path / "moved")
    done = run("predict", moved, phantoms, "--json", "--cache-dir", tmp_path / "none")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["films"]) == 48
    assert told["failed"] == []
    seen = [film for film in told["films"] if film["in_domain"]]
    assert len(seen) >= 45
    assert all(abs(sum(film["probabilities"].values()) - 1) < 1e-9 for film in seen)
    right = sum(film["call"] in film["path"] for film in seen)
    assert right / len(seen) > 0.8  # the films that it was trained on


def test_bad_films_are_listed_and_the_rest_is_answered(
    run, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    good = next((phantoms / "Normal").iterdir())
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no film")
    typed = f"{good}\n{tmp_path / 'empty.png'}\n\n{tmp_path / 'nowhere.png'}\n"
    done = run("predict", bundle, "-", f"{tmp_path}/*.png", "--csv", typed=typed)
    assert done.returncode == 1
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["code"] for row in rows] == ["", "EMPTY", "MISSING", "TYPE"]
    assert rows[0]["call"] in ("Normal", "Opacity")
    assert done.stderr.count("Not read:") == 3


def test_what_is_no_chest_film_gets_no_call_and_no_probability(
    run, bundle: Path, tmp_path: Path
) -> None:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (300, 300), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    done = run("predict", bundle, tmp_path / "noise.png", "--json")
    assert done.returncode == 0
    (film,) = json.loads(done.stdout)["films"]
    assert (film["call"], film["in_domain"], film["probabilities"]) == (None, False, None)
    shown = run("predict", bundle, tmp_path / "noise.png", "--json", "--show-refused")
    (film,) = json.loads(shown.stdout)["films"]
    assert film["call"] is None
    assert set(film["probabilities"]) == {"Normal", "Opacity"}
    table = run("predict", bundle, tmp_path / "noise.png").stdout
    assert "not like the training films" in table
    assert "Research use only" in table


def test_python_gives_the_answers_of_the_command(run, bundle: Path, phantoms: Path) -> None:
    film = next((phantoms / "Opacity").iterdir())
    (told,) = json.loads(run("predict", bundle, film, "--json", "--show-refused").stdout)["films"]
    answer = hilum.Classifier.load(bundle).predict(film)
    assert told["call"] == answer.call
    assert told["probabilities"] == pytest.approx(answer.probabilities, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train"], "Name the films"),
        (["train", "--from", "nowhere"], "no run folder"),
        (["predict", "{run}", "film.png"], "has no classifier.json"),
    ],
)
def test_a_mistake_is_one_clear_message(run, compared: Path, arguments, says: str) -> None:
    done = run(*(argument.format(run=compared) for argument in arguments))
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "{films}", "--from", "{run}"], "DATA would mean nothing"),
        (["train", "--from", "{run}", "--seed", "3"], "--seed would mean nothing"),
        (["train", "--from", "{run}", "--backbone", "vgg16"], "did not compare 'vgg16'"),
        (["train", "{films}", "--positive", "Opacity", "--backbone", "paper"],
         "a classifier has one"),
        (["train", "{films}", "--positive", "Opacity", "-o", "{films}"], "among the films"),
        (["predict", "nowhere", "film.png"], "is not there"),
        (["predict", "{bundle}", "{empty}"], "no film to answer for"),
        (["predict", "{bundle}", "none-*.png"], "no film to answer for"),
    ],
)  # fmt: skip
def test_every_mistake_is_told_before_any_work(
    compared: Path, bundle: Path, phantoms: Path, graph_cache: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, arguments, says: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("HILUM_CACHE_DIR", str(graph_cache))
    monkeypatch.chdir(tmp_path)
    places = {"films": phantoms, "run": compared, "bundle": bundle, "empty": tmp_path}
    words = [argument.format(**places) for argument in arguments]
    with pytest.raises(hilum.HilumError) as caught:
        app(words, standalone_mode=False)
    assert says in caught.value.message
    assert caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_films_changed_is_not_built_on(run, compared: Path, tmp_path: Path) -> None:
    past = Path(shutil.copytree(compared, tmp_path / "past"))
    rows = (past / "folds.csv").read_text().splitlines()
    film = rows[1].split(",")[4]
    copy = tmp_path / "copy.png"
    copy.write_bytes(Path(film).read_bytes() + b"\0")
    (past / "folds.csv").write_text("\n".join(rows).replace(film, str(copy)) + "\n")
    done = run("train", "--from", past, "-o", tmp_path / "bundle")
    assert done.returncode == 2
    assert "has changed since the run" in done.stderr
    assert not (tmp_path / "bundle").exists()

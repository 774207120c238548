"""Each command, run as a user runs it, on generated films and a real backbone."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hilum.phantoms.cohort import write_phantoms
from tiny_networks import convolution, place

FAST = ("--backbones", "efficientnet-lite0", "--repeats", "2", "--views", "1", "--epochs", "12")


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantoms(tmp_path_factory.mktemp("data") / "phantoms", n_films=48).parent


@pytest.fixture(scope="module")
def hilum(graph_cache: Path, tmp_path_factory: pytest.TempPathFactory):
    here = tmp_path_factory.mktemp("here")

    def run(*arguments: object, cwd: Path = here) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", *map(str, arguments)],
            env=os.environ | {"HILUM_CACHE_DIR": str(graph_cache), "COLUMNS": "120"},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="module")
def finished(hilum, phantoms: Path, tmp_path_factory: pytest.TempPathFactory):
    """One comparison of the command line, looked at by several tests."""
    out = tmp_path_factory.mktemp("runs") / "first"
    table = phantoms / "films.csv"
    process = hilum("compare", table, "--positive", "Opacity", "--out", out, "--json", *FAST)
    # Nothing is planted. So few films limit the claim, which calls for nobody's attention.
    assert process.returncode == 0, process.stderr
    return process, out


def test_compare_writes_the_whole_run_folder(finished) -> None:
    process, out = finished
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        "report.html", "results.json", "predictions.csv", "history.csv", "folds.csv",
        "audit.json", "provenance.json", "figures/roc.svg",
    } <= names  # fmt: skip
    assert not list(out.parent.glob(".*"))
    assert json.loads(process.stdout) == json.loads((out / "results.json").read_text())
    provenance = json.loads((out / "provenance.json").read_text())
    line = provenance["command_line"]
    assert line[:6] == ["hilum", "compare", "DATA", "--positive", "Opacity", "--out"]
    assert line[6] == "OUT"
    assert str(out.parent) not in (out / "report.html").read_text()


def test_results_follow_the_contract(finished) -> None:
    results = json.loads((finished[1] / "results.json").read_text())
    assert results["schema"] == "hilum.results/1"
    assert results["positive"] == "Opacity"
    assert results["classes"] == ["Normal", "Opacity"]
    assert results["cohort"]["n"] == 48
    assert results["cohort"]["per_class"] == {"Normal": 24, "Opacity": 24}
    assert results["cohort"]["patients"] == results["cohort"]["groups"] < 48
    assert results["verdict"]["headline"] == "limited"
    assert 100e6 < results["peak_rss_bytes"] < 1.5e9
    (backbone,) = results["backbones"]
    assert backbone["name"] == "efficientnet-lite0"
    assert len(backbone["weights"]["sha256"]) == 64
    confusion = backbone["confusion"]
    assert sum(confusion.values()) == 48
    for name in ("accuracy", "sensitivity", "specificity", "auroc"):
        metric = backbone["metrics"][name]
        assert 0 <= metric["low"] <= metric["value"] <= metric["high"] <= 1
        assert metric["method"]
        assert set(backbone["repeats"][name]) == {"mean", "sd"}
    correct = confusion["tp"] + confusion["tn"]
    assert backbone["metrics"]["accuracy"]["value"] == pytest.approx(correct / 48)
    assert backbone["metrics"]["accuracy"]["value"] > 0.7
    assert set(backbone["seconds"]) == {"extract", "train"}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_agree_with_each_other_and_with_the_results(finished) -> None:
    out = finished[1]
    predictions, folds = read_csv(out / "predictions.csv"), read_csv(out / "folds.csv")
    assert list(predictions[0]) == [
        "backbone", "repeat", "fold", "film_id", "path", "label", "predicted",
        "score_Normal", "score_Opacity", "calibrated", "threshold",
    ]  # fmt: skip
    assert len(predictions) == 48 * 2
    tested = {
        (row["repeat"], row["fold"], row["film_id"]) for row in folds if row["part"] == "test"
    }
    assert {(row["repeat"], row["fold"], row["film_id"]) for row in predictions} == tested
    assert len(folds) == 48 * 5 * 2
    by_split: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in folds:
        parts = by_split.setdefault((row["repeat"], row["fold"]), {})
        parts.setdefault(row["part"], set()).add(row["group"])
    for parts in by_split.values():
        assert not parts["training"] & parts["test"]
        assert not parts["training"] & parts["validation"]
        assert not parts["validation"] & parts["test"]

    margins: dict[str, float] = {}
    for row in predictions:
        margin = float(row["score_Opacity"]) - float(row["score_Normal"])
        margins[row["film_id"]] = margins.get(row["film_id"], 0.0) + margin
        assert float(row["score_Normal"]) + float(row["score_Opacity"]) == pytest.approx(
            1, abs=1e-5
        )
    label = {row["film_id"]: row["label"] for row in predictions}
    correct = sum(
        (margin > 0) == (label[film_id] == "Opacity") for film_id, margin in margins.items()
    )
    results = json.loads((out / "results.json").read_text())
    accuracy = results["backbones"][0]["metrics"]["accuracy"]["value"]
    assert accuracy == pytest.approx(correct / 48)

    history = read_csv(out / "history.csv")
    assert {row["part"] for row in history} == {"training", "validation"}
    assert {(row["repeat"], row["fold"]) for row in history} == set(by_split)
    assert max(int(row["epoch"]) for row in history) <= 12


def test_the_same_again_reads_no_film_and_repeats_every_number(
    hilum, finished, phantoms: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    process = hilum("compare", phantoms / "films.csv", "--positive", "Opacity", "--out", out, *FAST)
    assert process.returncode == 0
    assert "0 computed, 96 from the store" in process.stderr
    assert (out / "predictions.csv").read_text() == (finished[1] / "predictions.csv").read_text()
    first, second = (
        json.loads((folder / "results.json").read_text())["backbones"][0]["metrics"]
        for folder in (finished[1], out)
    )
    assert first == second


def test_python_gives_the_numbers_of_the_command(
    finished, phantoms: Path, graph_cache: Path
) -> None:
    import hilum
    from hilum.studies.recipes import find_recipe

    comparison = hilum.compare(
        hilum.Cohort.from_csv(phantoms / "films.csv"),
        positive="Opacity",
        backbones=["efficientnet-lite0"],
        recipe=find_recipe("hilum", repeats=2, views=1, epochs=12),
        cache_dir=graph_cache,
    )
    results = json.loads((finished[1] / "results.json").read_text())
    for name, estimate in comparison.backbones[0].evaluation.metrics.items():
        told = results["backbones"][0]["metrics"][name]
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (told["value"], told["low"], told["high"]), abs=1e-12
        )


def test_an_unreadable_film_is_named_and_the_rest_goes_on(
    hilum, phantoms: Path, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    for film in sorted(phantoms.glob("*/*.png")):
        copy = films / film.parent.name / film.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(film.read_bytes())
    cut = sorted(films.glob("Normal/*"))[0]
    cut.write_bytes(cut.read_bytes()[:-2000])
    (films / "Opacity" / "notes.png").write_text("not a film at all")
    out = tmp_path / "run"
    process = hilum("compare", films, "--positive", "Opacity", "--out", out, "--json", *FAST)
    assert process.returncode == 1, process.stderr
    assert f"Not read: {cut}: CORRUPT" in process.stderr
    assert "notes.png: TYPE" in process.stderr
    results = json.loads(process.stdout)
    assert results["cohort"]["n"] == 47
    assert sorted(e["code"] for e in results["cohort"]["excluded"]) == ["CORRUPT", "TYPE"]
    assert "notes.png" not in process.stdout
    assert "notes.png" not in (out / "report.html").read_text()
    listed = read_csv(out / "excluded.csv")
    assert {Path(row["path"]).name for row in listed} == {cut.name, "notes.png"}


def test_an_unreadable_film_from_elsewhere_is_told_as_such(
    hilum, phantoms: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    films = sorted(write_phantoms(tmp_path / "drawn", n_films=20, seed=5).parent.glob("*/*.png"))
    for film in films:
        place = elsewhere / film.parent.name / film.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(film.read_bytes())
    cut = sorted(elsewhere.glob("Normal/*"))[0]
    cut.write_bytes(cut.read_bytes()[:-2000])
    (elsewhere / "Opacity" / "notes.png").write_text("not a film at all")
    out = tmp_path / "run"
    process = hilum(
        "compare", phantoms / "films.csv", "--external", elsewhere, "--recipe", "paper",
        "--epochs", "2", "--views", "0", "--backbones", "efficientnet-lite0", "--no-probes",
        "--operating-point", "youden", "--out", out,
    )  # fmt: skip
    assert process.returncode == 1, process.stderr
    assert f"External cohort elsewhere: Not read: {cut}: CORRUPT" in process.stderr
    assert "notes.png: TYPE" in process.stderr
    assert "External: Films" in process.stderr
    assert "paper validates on its test films, so there is no operating point" in process.stderr
    listed = read_csv(out / "excluded.csv")
    assert {Path(row["path"]).name for row in listed} == {cut.name, "notes.png"}
    assert {row["cohort"] for row in listed} == {"external"}
    report = (out / "report.html").read_text()
    assert "2 files could not be read" in report
    assert "notes.png" not in report


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        (["compare", "absent"], "no file or folder 'absent'", "Check the name"),
        (["compare", "empty"], "no subfolders with films", "subfolder named for it"),
        (["compare", "one"], "belong to one class, 'Normal'", "one subfolder per class"),
        (["compare", "bad.csv"], "2 of the table's 2 rows", "--image-folder"),
        (["compare", "two"], "cannot be told which class", "--positive A, --positive B"),
        (["compare", "two", "--positive", "C"], "no class 'C'", "--positive A"),
        (["compare", "two", "--positive", "A"], "Class A has 1", "Collect more"),
        (["compare", "two", "--positive", "A", "--backbones", "x"], "no backbone", "-lite0"),
        (["compare", "two", "--recipe", "magic"], "no recipe 'magic'", "hilum, paper"),
        (["compare", "two", "--folds", "1"], "--folds 1 is out of range", "Give 2 to"),
        (["compare", "two", "--image-column", "x"], "is a folder", "Leave them out"),
        (["compare", "two", "--label", "A=C"], "has the label 'C'", "labels are: A, B"),
        (["compare", "two", "--external", "one"], "none of the classes A, B", '"A=LABEL|LABEL"'),
        (["compare", "two", "--external", ""], "--external names nothing", "leave it out"),
        (["compare", "two", "--positive", "A", "--prevalence", ","], "No prevalence", "0.01,0.1"),
        (["compare", "two", "--positive", "A", "--prevalence", "1e-9"], "too close", "1e-06"),
        (["compare", "two", "--positive", "A", "--operating-point", "x"], "no rule", "youden"),
        (["compare", "two", "--positive", "A", "--out", "taken"], "no run wrote", "--out"),
        (["compare", "two", "--positive", "A", "--seed", "-1"], "seed is -1", "0 or more"),
        (["compare", "two", "--positive", "A", "--backbones", ","], "No backbone", "-lite0"),
        (["compare", "two", "--positive", "A", "--epochs", "99999"], "range", "Give 1 to"),
        (["compare", "two", "--positive", "A", "--out", "."], "holds the films", "--out"),
        (["compare", "two", "--positive", "A", "--cache-dir", "bad.csv"], "cache", "--cache-dir"),
        (["compare", "two", "--positive", "A", "--out", "two/run"], "among the films", "--out"),
        (["compare", "x" * 300], "no file or folder", "Check the name"),
        (["compare", "pipe"], "no ordinary file", "own file"),
        (["compare", "closed.csv"], "breaks at line", "Save it"),
        (["phantoms", "taken"], "taken", "new folder"),
        (["phantoms", "new", "--classes", "9"], "9", "2 to 4"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_message_and_writes_nothing(
    hilum, phantoms: Path, tmp_path: Path, arguments: list[str], message: str, fix: str
) -> None:
    films = sorted(phantoms.glob("*/*.png"))
    for name, film in (("one/Normal", 0), ("two/A", 1), ("two/B", 30), ("taken", 2)):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "film.png").write_bytes(films[film].read_bytes())
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text("image,label\ngone.png,A\nlost.png,B\n")
    (tmp_path / "closed.csv").write_text('image,label\n"gone.png,A\nlost.png,B\n')
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.rglob("*"))
    process = hilum(*arguments, cwd=tmp_path)
    assert process.returncode == 2
    assert message in process.stderr
    assert fix in process.stderr
    assert process.stderr.count("Error:") == 1
    assert "Traceback" not in process.stderr
    assert process.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_three_classes_and_the_papers_recipe(hilum, tmp_path: Path) -> None:
    folder = tmp_path / "phantoms"
    process = hilum("phantoms", folder, "--n", "45", "--classes", "3", "--seed", "1")
    assert process.returncode == 0
    out = tmp_path / "run"
    process = hilum(
        "compare", folder, "--positive", "Opacity", "--recipe", "paper", "--views", "1",
        "--backbones", "efficientnet-lite0", "--out", out, "--json",
    )  # fmt: skip
    # The paper splits films, not patients: some patients stand in training and in test.
    assert process.returncode == 1, process.stderr
    results = json.loads(process.stdout)
    assert results["classes"] == ["Effusion", "Normal", "Opacity"]
    assert results["recipe"]["validates_on_test"] is True
    (backbone,) = results["backbones"]
    assert {"macro_sensitivity", "macro_specificity", "macro_auroc"} <= set(backbone["metrics"])
    assert sum(backbone["confusion"].values()) == 9
    assert backbone["size_px"] == 224
    assert backbone["repeats"]["accuracy"]["sd"] is None
    assert results["recipe"]["split_seed"] == 42
    assert "same films" in (out / "report.html").read_text()


def test_doctor_and_backbones_find_everything_here(hilum) -> None:
    doctor = hilum("doctor", "--json")
    assert doctor.returncode == 0, doctor.stdout
    assert {"OpenVINO", "JAX", "Codecs", "Cache"} <= {s["part"] for s in json.loads(doctor.stdout)}
    listing = json.loads(hilum("backbones", "--json").stdout)
    assert len(listing) == 43
    here = [entry["name"] for entry in listing if entry["is_available"]]
    assert {"efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"} <= set(here)


def test_help_of_every_command_shows_an_example(hilum) -> None:
    for command in ("compare", "demo", "phantoms", "backbones", "doctor"):
        process = hilum(command, "--help")
        assert process.returncode == 0
        assert f"hilum {command}" in process.stdout


def test_version_and_unknown_options(hilum) -> None:
    assert hilum("--version").stdout.startswith("hilum 0.")
    assert hilum("compare", "--nonsense").returncode == 2


def test_the_place_of_a_model_file_is_kept_from_the_run(
    hilum, tmp_path: Path, phantoms: Path
) -> None:
    folder = tmp_path / "ZZPHI^CANARY"
    folder.mkdir()
    net = place(folder, convolution(3), "JaneDoe.onnx", channels=3)
    description = net.with_suffix(".json")
    description.write_text(
        json.dumps(json.loads(description.read_text()) | {"name": "net-of-ours"})
    )
    out = tmp_path / "run"
    process = hilum(
        "compare", phantoms / "films.csv", "--positive", "Opacity", "--backbones", f"onnx:{net}",
        "--recipe", "paper", "--epochs", "2", "--views", "0", "--out", out,
    )  # fmt: skip
    # The paper splits films, not patients: some patients stand in training and in test.
    assert process.returncode == 1, process.stderr
    assert "onnx:MODEL" in (out / "provenance.json").read_text()
    shown = [path for path in out.rglob("*") if path.suffix in (".html", ".json", ".svg")]
    assert len(shown) > 5
    for path in shown:
        text = path.read_text()
        assert "ZZPHI" not in text
        assert "JaneDoe" not in text


def test_films_in_a_folder_that_the_run_would_replace_are_safe(
    hilum, tmp_path: Path, phantoms: Path
) -> None:
    data = tmp_path / "out" / "figures"
    shutil.copytree(phantoms, data)
    n_films = len(list(data.rglob("*.png")))
    process = hilum("compare", data, "--out", tmp_path / "out")
    assert process.returncode == 2
    assert "holds the films" in process.stderr
    assert len(list(data.rglob("*.png"))) == n_films > 0

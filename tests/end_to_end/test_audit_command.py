"""`hilum audit` from the command line: what it prints, writes and returns."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from hilum.phantoms.cohort import write_phantoms
from hilum.phantoms.plan import Plants

Hilum = Callable[..., subprocess.CompletedProcess[str]]
N_FILMS = 40
PLANTS = Plants(duplicates=7, rotated=3, patients_in_both_classes=2, marker_shortcut=True)


@pytest.fixture(scope="module")
def hilum(graph_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Hilum:
    place = tmp_path_factory.mktemp("place")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", *map(str, arguments)],
            cwd=place,
            env=os.environ | {"HILUM_CACHE_DIR": str(graph_cache), "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "films"
    return write_phantoms(folder, n_films=N_FILMS, plants=PLANTS)


@pytest.fixture(scope="module")
def audited(hilum: Hilum, faulty: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("runs") / "audit"
    return hilum("audit", faulty, "--positive", "Opacity", "--out", out), out


def test_the_verdict_comes_first_and_names_the_planted_marker(audited) -> None:
    process, out = audited
    assert process.returncode == 1, process.stderr  # the marker withholds the claim
    told = process.stdout
    assert told.index("Verdict: withheld") < told.index("Frame of the film")
    assert "The frame of the film" in told
    assert f"Report: {out / 'report.html'}" in told
    assert max(map(len, told.splitlines())) <= 100
    results = json.loads((out / "results.json").read_text())
    assert results["schema"] == "hilum.audit/1"
    frame = next(b for b in results["shortcuts"]["baselines"] if b["name"] == "frame")
    assert frame["weight"] == "withholds"
    assert frame["auroc"]["low"] > 0.5


def test_an_unknown_code_is_refused_before_any_work(hilum: Hilum, faulty: Path) -> None:
    process = hilum("audit", faulty, "--positive", "Opacity", "--mute", "duplicate,mixed-patients")
    assert process.returncode == 2
    assert "No check has the code 'duplicate'.\nDid you mean 'duplicates'?" in process.stderr
    assert process.stdout == ""


def test_muted_checks_are_marked_and_the_verdict_stands(
    hilum: Hilum, faulty: Path, audited, tmp_path: Path
) -> None:
    out = tmp_path / "muted"
    codes = "conflicting-labels,frame"
    process = hilum("audit", faulty, "--positive", "Opacity", "--mute", codes, "--out", out)
    loud, quiet = (json.loads((f / "audit.json").read_text()) for f in (audited[1], out))
    assert {c["check"] for c in quiet["checks"] if c.get("muted")} <= set(codes.split(","))
    assert [{k: v for k, v in c.items() if k != "muted"} for c in quiet["checks"]] == loud["checks"]
    assert "Muted problem" in process.stdout
    assert quiet["verdict"] == loud["verdict"]
    assert process.returncode == 1  # a claim stays withheld, whatever is muted


def test_planted_copies_are_found(audited, faulty: Path) -> None:
    """Every copy but at most one of the harder kinds; the byte-identical one always."""
    audit = json.loads((audited[1] / "audit.json").read_text())
    found = {frozenset(duplicate["films"]) for duplicate in audit["twins"]}
    with (faulty.parent / "planted.csv").open(encoding="utf-8", newline="") as file:
        planted = [row for row in csv.DictReader(file) if row["fault"] in ("duplicates", "rotated")]
    assert len(planted) == PLANTS.n_copies
    import hilum as package

    by_image = {
        film.path.relative_to(faulty.parent).as_posix(): film.film_id
        for film in package.Cohort.from_csv(faulty).films
    }
    missed = [
        row["change"]
        for row in planted
        if frozenset({by_image[row["image"]], by_image[row["original"]]}) not in found
    ]
    assert len(missed) <= 1, missed
    assert sum(duplicate["kind"] == "bytes" for duplicate in audit["twins"]) >= 1


def test_patients_in_two_classes_and_copies_under_two_names_are_told(audited) -> None:
    checks = {c["check"]: c for c in json.loads((audited[1] / "audit.json").read_text())["checks"]}
    assert checks["mixed-patients"]["title"].startswith("2 patients")
    assert checks["duplicate-patients"]["severity"] == "warn"


def test_json_is_the_results_file(hilum: Hilum, faulty: Path, audited) -> None:
    process = hilum("audit", faulty, "--positive", "Opacity", "--json", "--no-probes")
    results = json.loads(process.stdout)
    assert results["schema"] == "hilum.audit/1"
    assert {b["name"] for b in results["shortcuts"]["baselines"]} == {
        "metadata",
        "processing",
        "objects",
        "histogram",
    }
    assert "probes" in {design["cause"] for design in results["verdict"]["grounds"]}
    assert set(results) == set(json.loads((audited[1] / "results.json").read_text()))


def test_no_name_of_a_film_or_patient_leaves_but_in_tables(audited) -> None:
    for path in audited[1].rglob("*"):
        if path.suffix in (".html", ".json", ".svg"):
            text = path.read_text(encoding="utf-8")
            assert "phantom-p00" not in text.replace("phantom-p0000-0", ""), path.name
            assert "p0001" not in text, path.name


def test_films_under_two_labels_fail_the_audit_and_stop_a_comparison(
    hilum: Hilum, tmp_path: Path
) -> None:
    table = write_phantoms(tmp_path / "films", n_films=24, plants=Plants(relabelled=1))
    process = hilum("audit", table, "--positive", "Opacity", "--no-probes", "--json")
    assert process.returncode == 1, process.stderr
    results = json.loads(process.stdout)
    (conflict,) = [c for c in results["checks"] if c["check"] == "conflicting-labels"]
    assert conflict["severity"] == "fail"
    stopped = hilum("compare", table, "--positive", "Opacity", "--out", tmp_path / "run")
    assert stopped.returncode == 2
    assert "stand in two classes" in stopped.stderr


def test_a_cohort_too_small_to_train_on_is_audited_as_far_as_it_goes(
    hilum: Hilum, tmp_path: Path
) -> None:
    table = write_phantoms(tmp_path / "films", n_films=6)
    out = tmp_path / "audit"
    process = hilum("audit", table, "--positive", "Opacity", "--out", out)
    assert process.returncode == 1, process.stderr
    assert "Verdict: withheld" in process.stdout
    results = json.loads((out / "results.json").read_text())
    assert results["model"] is None
    assert results["shortcuts"]["baselines"] == []
    assert [design["cause"] for design in results["verdict"]["grounds"]] == ["folds"]


def test_lung_masks_are_tried_where_they_are_given(
    hilum: Hilum, faulty: Path, tmp_path: Path
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    for film in faulty.parent.glob("*/*"):
        mask = Image.new("L", (64, 64))
        mask.paste(255, (12, 8, 52, 50))
        mask.save(masks / f"{film.stem}.png")
    process = hilum("audit", faulty, "--positive", "Opacity", "--masks", masks, "--json")
    assert process.returncode in (0, 1), process.stderr
    baselines = {b["name"] for b in json.loads(process.stdout)["shortcuts"]["baselines"]}
    assert {"lungs", "lungless"} <= baselines


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        (["--masks", "nowhere"], "no folder 'nowhere'", "--masks"),
        (["--masks", "."], "No picture in '.'", "ending in .png"),
        (["--backbone", "nonsense"], "'nonsense'", "Choose among"),
        (["--backbone", "efficientnet-lite0,efficientnet-lite1"], "no backbone", "Choose among"),
        (["--seed", "-1"], "The seed is -1", "0 or more"),
        (["--patient-pattern", "("], "no regular expression", "parentheses"),
    ],
)
def test_a_mistake_is_one_clear_message(
    hilum: Hilum, faulty: Path, arguments: list[str], message: str, fix: str
) -> None:
    process = hilum("audit", faulty, "--positive", "Opacity", *arguments)
    assert process.returncode == 2
    assert message in process.stderr
    assert fix in process.stderr
    assert "Traceback" not in process.stderr

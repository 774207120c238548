"""`hilum check-table`, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest


def hilum(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hilum", "check-table", *map(str, arguments)],
        env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_paper_at_63_films(tmp_path: Path) -> None:
    start = time.monotonic()
    process = hilum("paper", "--max-films", 63, cwd=tmp_path)
    assert time.monotonic() - start < 5
    assert process.returncode == 0, process.stderr
    assert max(map(len, process.stdout.splitlines())) <= 80
    words = " ".join(process.stdout.split())
    assert words.startswith(
        "These six rows can come from exactly one test set of at most 63 films: "
        "14 positive + 18 negative films."
    )
    assert "No pair of rows differs" in words
    assert "27 have the disease" in words
    assert "76.8–100.0" in words
    assert "A low sensitivity misses the diseased." in words
    assert "A low specificity calls the healthy ill." in words
    assert words.count(" tied ") >= 15


def test_the_paper_at_14_and_16_is_a_finding(tmp_path: Path) -> None:
    process = hilum("paper", "--positives", 14, "--negatives", 16, cwd=tmp_path)
    assert process.returncode == 1
    words = " ".join(process.stdout.split())
    assert "InceptionV3: accuracy 91 cannot be had" in words
    assert "90.0 % (27/30)" in words


def test_json_holds_everything(tmp_path: Path) -> None:
    process = hilum("paper", "--json", "--prevalence", 0.05, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout)
    assert found["schema"] == "hilum.table-check/1"
    assert found["asked"] == {
        "positives": None, "negatives": None, "max_films": 200, "prevalence": 0.05,
    }  # fmt: skip
    rounding, truncation = found["reached"]["rounding"], found["reached"]["truncation"]
    assert rounding["smallest"][0] == [14, 18]
    assert len(rounding["smallest"]) == rounding["n_reached"]
    first = found["audits"][0]
    assert (first["positives"], first["negatives"], first["manner"]) == (14, 18, "rounding")
    assert first["rows"][0]["fp"] == [1, 1]
    assert len(first["pairs"]) == 15
    assert {pair["verdict"] for pair in first["pairs"]} == {"tied"}
    n_audited = min(100, rounding["n_reached"]) + min(100, truncation["n_reached"])
    assert len(found["audits"]) == n_audited
    assert found["missed"] is None


def test_unreached_json_says_what_fails(tmp_path: Path) -> None:
    process = hilum("paper", "--positives", 14, "--negatives", 16, "--json", cwd=tmp_path)
    assert process.returncode == 1
    found = json.loads(process.stdout)
    assert not found["is_reached"]
    assert found["missed"]["rows"][0] == {
        "model": "InceptionV3", "metric": "accuracy", "printed": "91", "nearest": 27, "trials": 30,
    }  # fmt: skip
    assert found["table"]["rows"][0]["ppv_as_printed"] == pytest.approx(0.2538, abs=5e-5)


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(
        "Network;Accuracy;Sensitivity;Specificity\n[bold]ours;0,906;0,786;1,000\n", encoding="utf-8"
    )
    process = hilum("mine.csv", "--positives", 14, "--negatives", 18, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert "[bold]ours" in process.stdout
    assert process.stdout.startswith("This one row can come from 14 positive + 18 negative films")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("absent.csv",), "'absent.csv' cannot be read"),
        ((".",), "It is a folder."),
        (("binary.csv",), "no table in UTF-8"),
        (("short.csv",), "no column 'specificity'"),
        (("paper", "--positives", 14), "--positives alone"),
        (("paper", "--positives", 14, "--negatives", 18, "--max-films", 63), "--max-films looks"),
        (("paper", "--prevalence", 2), "0.02 means 2 %"),
        (("paper", "--max-films", "many"), "--max-films"),
        ((), "Missing argument"),
    ],
)
def test_bad_input_gets_one_message(tmp_path: Path, arguments, complaint) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "short.csv").write_text("model,accuracy,sensitivity\na,1,1\n", encoding="utf-8")
    process = hilum(*arguments, cwd=tmp_path)
    assert process.returncode == 2
    assert complaint in process.stderr
    assert "Traceback" not in process.stderr
    assert not process.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary.csv", "short.csv"]


def test_help_has_a_worked_example(tmp_path: Path) -> None:
    process = hilum("--help", cwd=tmp_path)
    assert process.returncode == 0
    assert "hilum check-table paper --max-films 63" in process.stdout

"""`hilum export` says what it wrote, and what the file does not do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hilum.cli.export import export_command
from hilum.errors import BundleError
from tiny_bundle import write_tiny_bundle

app = typer.Typer()
app.command()(export_command)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


def test_it_tells_what_it_wrote(bundle: Path, tmp_path: Path) -> None:
    place = tmp_path / "tiny.onnx"
    done = CliRunner().invoke(app, [str(bundle), "-o", str(place), "--map"])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert place.name in done.output.replace("\n", "")
    assert "probabilities, log_odds, distance, call, map" in said
    assert "where that is -1" in said
    assert "Research use only" in said
    assert list(tmp_path.iterdir()) == [place]


def test_json_and_the_other_format(bundle: Path, tmp_path: Path) -> None:
    place = tmp_path / "tiny.xml"
    arguments = [str(bundle), "--format", "openvino", "-o", str(place), "--json"]
    done = CliRunner().invoke(app, arguments)
    told = json.loads(done.output)
    assert told["files"] == [str(place), str(place.with_suffix(".bin"))]
    assert told["size_bytes"] == sum(Path(file).stat().st_size for file in told["files"])
    assert set(told["largest_differences"]) == {"probabilities", "log_odds", "distance"}


def test_no_bundle_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [str(tmp_path / "none"), "-o", str(tmp_path / "a.onnx")])
    assert isinstance(done.exception, BundleError)


def test_what_predicts_never_loads_onnx() -> None:
    program = (
        "import sys, hilum.cli.export, hilum.classifier.classifier, hilum.classifier.export.files;"
        "print([name for name in ('onnx', 'onnxruntime') if name in sys.modules])"
    )
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert child.stdout.strip() == b"[]"

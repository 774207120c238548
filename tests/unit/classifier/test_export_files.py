"""An exported file answers as its bundle does, says what it is, or is not there at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hilum.classifier.bundle import Bundle, read_bundle
from hilum.classifier.classifier import Classifier
from hilum.classifier.export.files import Exported, Format, export_bundle
from hilum.classifier.export.graph import REFUSED
from hilum.classifier.guard import DomainGuard
from hilum.classifier.heads import HeadStack
from hilum.errors import ExportError, OutputError
from tiny_bundle import CHANNELS, SIZE_PX, strange_film, tiny_film, write_tiny_bundle

# isort: split
import onnxruntime
import openvino
from openvino import opset13 as ops

FILES: dict[Format, str] = {"onnx": "tiny.onnx", "openvino": "tiny.xml"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return read_bundle(write_tiny_bundle(folder), folder / "no-cache")


def run(exported: Exported, squares: np.ndarray) -> dict[str, np.ndarray]:
    """Run a file as a stranger would: nothing of Hilum's."""
    file = exported.files[0]
    if file.suffix == ".onnx":
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {"film": squares}), strict=True))
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    answers = openvino.Core().compile_model(file, "CPU", hints)({"film": squares})
    return {output.get_any_name(): values for output, values in answers.items()}


def with_graph(bundle: Bundle, folder: Path, outputs: Sequence[Any], film: Any) -> Bundle:
    """Put another backbone under a bundle's heads; its width must fit."""
    folder.mkdir()
    openvino.serialize(openvino.Model(list(outputs), [film], "other"), folder / "graph.xml")
    return replace(bundle, graph_folder=folder)


@pytest.mark.parametrize("n_films", [1, 7])
@pytest.mark.parametrize("file_format", FILES)
def test_a_file_answers_as_the_bundle(
    bundle: Bundle, tmp_path: Path, file_format: Format, n_films: int
) -> None:
    exported = export_bundle(bundle, tmp_path / FILES[file_format], file_format, with_map=True)
    films = [tiny_film(0.1 + 0.12 * k, seed=100 + k) for k in range(n_films - 1)]
    squares = np.stack([*films, strange_film()])
    answers = run(exported, squares[..., np.newaxis])
    assert tuple(answers) == exported.outputs

    classifier = Classifier(bundle)
    predictions = classifier.predict(list(squares))
    np.testing.assert_allclose(
        answers["probabilities"], classifier.predict_proba(list(squares)), atol=1e-6
    )
    np.testing.assert_allclose(
        answers["distance"], [each.distance for each in predictions], atol=1e-6
    )
    assert answers["call"].tolist() == [
        REFUSED if each.call is None else bundle.record.classes.index(each.call)
        for each in predictions
    ]
    assert answers["call"][-1] == REFUSED
    assert answers["map"].shape == (n_films, 8, 8)
    assert max(exported.largest_differences.values()) < 1e-5


def test_three_classes_and_pooling_by_blocks(bundle: Bundle, tmp_path: Path) -> None:
    """With more than one other class, and cells at the edges that the features do not read."""
    rng = np.random.default_rng(3)
    width = 4 * CHANNELS
    film = ops.parameter([-1, SIZE_PX, SIZE_PX, 1], np.uint8, name="films")
    scaled = ops.divide(ops.convert(film, "f32"), np.float32(255))
    filters = rng.normal(0, 0.3, (CHANNELS, 1, 7, 6)).astype(np.float32)
    seen = ops.convolution(
        ops.transpose(scaled, [0, 3, 1, 2]), filters, [7, 6], [0, 0], [0, 0], [1, 1]
    )
    cells = ops.transpose(ops.relu(seen), [0, 2, 3, 1])  # 9 x 10 of them
    blocks = ops.avg_pool(ops.relu(seen), [4, 4], [0, 0], [0, 0], [4, 4], False)
    features = ops.reshape(ops.transpose(blocks, [0, 2, 3, 1]), [-1, width], False)

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    heads = HeadStack(
        hidden_kernel=drawn(2, width, 5), hidden_bias=drawn(2, 5),
        output_kernel=4 * drawn(2, 5, 3), output_bias=drawn(2, 3),
        temperatures=np.float32([0.7, 1.4]), log_prior_ratios=drawn(2, 3),
        positive=1, threshold=0.3,
    )  # fmt: skip
    trained_on = drawn(20, width)
    trained_on /= np.linalg.norm(trained_on, axis=1, keepdims=True)
    other = with_graph(bundle, tmp_path / "graph", [features, cells], film)
    backbone = replace(other.record.backbone, pooling="average-4x4", feature_width=width)
    record = replace(other.record, classes=("A", "B", "C"), positive="B", backbone=backbone)
    guard = DomainGuard(trained_on, neighbours=3, threshold=2.0)
    other = replace(other, heads=heads, guard=guard, record=record)
    for file_format, name in FILES.items():
        exported = export_bundle(other, tmp_path / name, file_format, with_map=True)
        assert max(exported.largest_differences.values()) < 1e-5
        answers = run(exported, np.stack([tiny_film(0.2), tiny_film(0.9)])[..., np.newaxis])
        assert answers["map"].shape == (2, 9, 10)
        assert not answers["map"][:, 8].any()
        assert not answers["map"][:, :, 8:].any()
        assert answers["map"][:, :8, :8].any()


def test_an_onnx_file_says_what_it_is(bundle: Bundle, tmp_path: Path) -> None:
    exported = export_bundle(bundle, tmp_path / "tiny.onnx", "onnx")
    model = onnx.load(exported.files[0])
    onnx.checker.check_model(model, full_check=True)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said["classes"]) == list(bundle.record.classes)
    assert float(said["threshold"]) == bundle.record.threshold
    assert float(said["distance_limit"]) == bundle.record.distance_limit
    assert said["verdict"] == bundle.record.verdict.headline
    assert "Research use only" in said["use"]
    assert model.producer_name == "hilum"
    assert exported.size_bytes == exported.files[0].stat().st_size
    assert list(tmp_path.iterdir()) == [exported.files[0]]


def test_an_openvino_file_says_what_it_is(bundle: Bundle, tmp_path: Path) -> None:
    exported = export_bundle(bundle, tmp_path / "tiny.xml", "openvino")
    assert [file.name for file in exported.files] == ["tiny.xml", "tiny.bin"]
    graph = openvino.Core().read_model(exported.files[0])
    assert json.loads(graph.get_rt_info(["hilum", "classes"]).astype(str)) == ["Disease", "Normal"]
    assert "Research use only" in graph.get_rt_info(["hilum", "use"]).astype(str)


def test_what_cannot_be_translated_is_named_and_leaves_the_older_file(
    bundle: Bundle, tmp_path: Path
) -> None:
    film = ops.parameter([-1, SIZE_PX, SIZE_PX, 1], np.uint8, name="films")
    numbers = ops.divide(ops.convert(film, "f32"), np.float32(255))
    rows = ops.reshape(numbers, [-1, SIZE_PX, SIZE_PX], special_zero=False)
    features = ops.reduce_mean(ops.cum_sum(rows, np.array(1)), np.array([1]))
    features = ops.slice(features, [0], [CHANNELS], [1], [1])
    other = with_graph(bundle, tmp_path / "graph", [features], film)
    place = tmp_path / "out" / "tiny.onnx"
    older = export_bundle(bundle, place, "onnx")
    content = place.read_bytes()
    with pytest.raises(ExportError, match="CumSum") as caught:
        export_bundle(other, place, "onnx")
    assert "--format openvino" in caught.value.fix
    assert list(place.parent.iterdir()) == list(older.files)
    assert place.read_bytes() == content

    # The other format takes it; and a vector has no map.
    assert export_bundle(other, tmp_path / "cum.xml", "openvino").files[0].is_file()
    with pytest.raises(ExportError, match="no feature map"):
        export_bundle(other, place, "onnx", with_map=True)


@pytest.mark.parametrize(
    ("name", "file_format", "fix"),
    [
        ("a.xml", "onnx", "--format openvino"),
        ("a.onnx", "openvino", "--format onnx"),
        ("a", "onnx", r"end in \.onnx"),
        ("folder.onnx", "onnx", "another place"),
        ("file/a.onnx", "onnx", "another place"),
    ],
)
def test_places_that_cannot_be(
    bundle: Bundle, tmp_path: Path, name: str, file_format: Format, fix: str
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=fix):
        export_bundle(bundle, tmp_path / name, file_format)
    assert not list(tmp_path.glob("**/.export-*"))


def test_a_bundle_is_not_written_over(bundle: Bundle) -> None:
    place = bundle.graph_folder / "graph.xml"
    content = place.read_bytes()
    with pytest.raises(OutputError, match="own files"):
        export_bundle(bundle, place, "openvino")
    assert place.read_bytes() == content


def test_missing_packages_are_named(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError) as caught:
        export_bundle(bundle, tmp_path / "tiny.onnx", "onnx")
    assert 'pip install "hilum[onnx]"' in caught.value.fix

"""Real backbones come through: EfficientNet-Lite0 with heads, and a network of each family."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from both_runtimes import run_onnx, run_openvino
from embedded import embedded
from every import every
from hilum.backbones.compilation import compile_backbone
from hilum.classifier.bundle import Bundle, read_bundle
from hilum.classifier.export.files import bundle_outputs, compare_outputs, export_bundle
from hilum.classifier.export.graph import combine
from hilum.classifier.graph import FeatureGraph
from hilum.classifier.guard import fit_guard
from hilum.classifier.heads import HeadStack
from hilum.features.views import resize_film
from hilum.films.film import read_film
from tiny_bundle import write_tiny_bundle

# isort: split
import openvino

SIZE_PX, WIDTH = 224, 1280


def random_heads(features: np.ndarray, n_heads: int = 4, n_hidden: int = 16) -> HeadStack:
    """Make heads whose log-odds differ between films, some beyond where scores are held."""
    rng = np.random.default_rng(5)
    kernel = rng.normal(0, 1, (n_heads, WIDTH, n_hidden)) / np.sqrt(WIDTH)
    kernel /= features.std(axis=0).mean()
    bias = -features.mean(axis=0) @ kernel
    return HeadStack(
        hidden_kernel=np.float32(kernel),
        hidden_bias=np.float32(bias),
        output_kernel=rng.normal(0, 1, (n_heads, n_hidden, 2)).astype(np.float32),
        output_bias=rng.normal(0, 0.1, (n_heads, 2)).astype(np.float32),
        temperatures=np.float32(rng.uniform(0.7, 1.5, n_heads)),
        log_prior_ratios=np.tile(np.float32([-0.2, 0.2]), (n_heads, 1)),
        positive=1,
        threshold=0.4,
    )


def lite0(folder: Path, cache: Path, squares: np.ndarray) -> Bundle:
    """Make a classifier on EfficientNet-Lite0 that knows every other film."""
    graph_folder = compile_backbone(embedded(), cache)
    graph = FeatureGraph(graph_folder, size_px=SIZE_PX, width=WIDTH)
    features = graph.look(squares).features
    known = features[::2]
    guard = fit_guard(known, np.arange(len(known)), rng=np.random.default_rng(0), kept_share=0.8)
    bundle = read_bundle(write_tiny_bundle(folder / "tiny"), cache)
    record = replace(
        bundle.record,
        backbone=replace(bundle.record.backbone, size_px=SIZE_PX, feature_width=WIDTH),
        positive="Normal",
        distance_limit=guard.threshold,
    )
    heads = random_heads(features)
    return replace(bundle, record=record, heads=heads, guard=guard, graph_folder=graph_folder)


def blots(n_films: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 200, (n_films, 14, 14))
    films = np.kron(coarse, np.ones((SIZE_PX // 14, SIZE_PX // 14)))
    return (films + rng.integers(0, 50, films.shape)).astype(np.uint8)


def agree_on(bundle: Bundle, squares: np.ndarray) -> None:
    """Hold both runtimes to the bundle on some films."""
    graph = combine(bundle, with_map=True)
    fed = {"film": squares[..., np.newaxis]}
    expected = bundle_outputs(bundle, fed["film"], with_map=True)
    assert np.ptp(expected["log_odds"]) > 1
    assert len(set(expected["call"].tolist())) > 1
    for run in (run_onnx, run_openvino):
        differences = compare_outputs(run(graph, fed), expected, bundle)
        assert max(differences.values()) < 1e-4


def test_lite0_with_heads_in_both_formats(graph_cache: Path, tmp_path: Path) -> None:
    squares = blots(8)
    bundle = lite0(tmp_path, graph_cache, squares)
    agree_on(bundle, squares)
    assert export_bundle(bundle, tmp_path / "lite.onnx", "onnx").size_bytes > 12_000_000
    assert export_bundle(bundle, tmp_path / "lite.xml", "openvino").size_bytes > 12_000_000


@pytest.mark.films
def test_lite0_on_fifty_films(films_folder: Path, graph_cache: Path, tmp_path: Path) -> None:
    files = sorted((films_folder / "radiography").glob("*/*.png"))[::3][:50]
    squares = np.stack([resize_film(read_film(file).pixels, SIZE_PX) for file in files])
    assert len(squares) == 50
    agree_on(lite0(tmp_path, graph_cache, squares), squares)


BUILD = """
import sys
import numpy as np
from hilum.backbones.catalog import CATALOG
from hilum.backbones.records import fed_differently
from hilum.backbones.networks import build_features
import keras

name, size_px, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = build_features(fed_differently(CATALOG[name], size_px=size_px), None)
rng = np.random.default_rng(0)

def drawn(w):
    if w.ndim < 2:
        return w * rng.uniform(0.8, 1.2, w.shape) + rng.uniform(0, 0.1, w.shape)
    fan_in = np.prod(w.shape[:2]) if w.shape[-1] == 1 else np.prod(w.shape[:-1])
    return rng.normal(0, ((1 if name.startswith("EfficientNetV2") else 2) / fan_in) ** 0.5, w.shape)

def fill(layers):
    for layer in layers:
        if isinstance(layer, keras.Model):
            fill(layer.layers)
        elif not isinstance(layer, keras.layers.Normalization):
            layer.set_weights([drawn(w) for w in layer.get_weights()])

fill(model.layers)
model.export(place, format="openvino", verbose=False)
"""
FAMILIES = (
    "VGG16", "ResNet50", "ResNet50V2", "InceptionV3", "InceptionResNetV2", "Xception",
    "NASNetMobile", "NASNetLarge", "DenseNet121", "MobileNet", "MobileNetV2", "MobileNetV3Small",
    "EfficientNetB0", "EfficientNetV2B0", "EfficientNetV2S", "ConvNeXtTiny",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_keras_comes_through(name: str, tmp_path: Path) -> None:
    size_px = 96
    place = tmp_path / "graph.xml"
    environment = os.environ | {"KERAS_BACKEND": "openvino", "KERAS_HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", BUILD, name, str(size_px), str(place)], env=environment, check=True
    )
    graph = openvino.Core().read_model(place)
    graph.inputs[0].get_tensor().set_names({"film"})
    for output, label in zip(graph.outputs, ("features", "map"), strict=True):
        output.get_tensor().set_names({label})
    squares = blots(3)[:, :size_px, :size_px, np.newaxis]
    wanted, got = (run(graph, {"film": squares}) for run in (run_openvino, run_onnx))
    for label, values in every(wanted.items()):
        assert got[label].shape == values.shape
        scale = np.abs(values).max()
        assert np.ptp(values, axis=0).max() > 1e-3 * scale
        assert np.abs(got[label] - values).max() < 1e-4 * scale

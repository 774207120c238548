"""`hilum compare --head none` as users run it, on films that were never photographed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hilum.backbones.catalog import CATALOG, imagenet_classes, with_top

TOP_FILE = with_top(CATALOG["MobileNetV2"]).weights.file
# Keras's own network with its own preprocessing, on another engine; random weights, spread so
# that the classes do not all come out alike.
REFERENCE = """
import sys
import keras, numpy as np
films, weights, scores = sys.argv[1:4]
network = keras.applications.MobileNetV2(weights=None, include_top=True)
rng = np.random.default_rng(0)
def drawn(w):
    if w.ndim < 2:
        return w * rng.uniform(0.8, 1.2, w.shape) + rng.uniform(0, 0.1, w.shape)
    fan_in = np.prod(w.shape[:2]) if w.shape[-1] == 1 else np.prod(w.shape[:-1])
    return rng.normal(0, (2 / fan_in) ** 0.5, w.shape)

network.set_weights([drawn(w) for w in network.get_weights()])
network.save(weights)
rgb = np.repeat(np.load(films)[..., None], 3, axis=-1).astype(np.float32)
scaled = keras.applications.mobilenet_v2.preprocess_input(rgb)
np.save(scores, network.predict(scaled, verbose=0))
"""

Hilum = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    """Four blotchy films of the network's own size, so that nothing is resampled."""
    coarse = np.random.default_rng(1).integers(0, 256, (4, 8, 8), dtype=np.uint8)
    return np.kron(coarse, np.ones((28, 28), np.uint8))


@pytest.fixture(scope="module")
def data(films: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "blotches"
    for number, film in enumerate(films):
        path = folder / ("Normal" if number < 2 else "Opacity") / f"MUELLER-{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(film).save(path)
    return folder


@pytest.fixture(scope="module")
def reference(films: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A weights folder with a stand-in, and the probabilities that Keras gives with it."""
    folder = tmp_path_factory.mktemp("weights")
    elsewhere = tmp_path_factory.mktemp("reference")
    np.save(elsewhere / "films.npy", films)
    child = subprocess.run(
        [sys.executable, "-c", REFERENCE, elsewhere / "films.npy", folder / TOP_FILE,
         elsewhere / "scores.npy"],
        env=os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": str(elsewhere)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    return folder, elsewhere / "scores.npy"


@pytest.fixture(scope="module")
def hilum(graph_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Hilum:
    here = tmp_path_factory.mktemp("here")
    kept = {k: v for k, v in os.environ.items() if k != "HILUM_WEIGHTS_DIR"}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", "compare", *map(str, arguments), "--head", "none"],
            env=kept
            | {
                "HILUM_CACHE_DIR": str(graph_cache),
                "KERAS_HOME": str(here / "keras"),
                "COLUMNS": "80",
            },
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    return run


def test_a_keras_network_names_what_keras_names(
    hilum: Hilum, data: Path, reference: tuple[Path, Path], tmp_path: Path
) -> None:
    weights, scores_file = reference
    out = tmp_path / "run"
    arguments = (data, "--backbones", "MobileNetV2", "--weights-dir", weights, "--out", out)
    refused = hilum(*arguments)
    assert refused.returncode == 2
    assert "cannot be verified" in refused.stderr
    assert not out.exists()

    process = hilum(*arguments, "--allow-unverified-weights", "--json")
    assert process.returncode == 0, process.stderr
    results = json.loads(process.stdout)
    assert results == json.loads((out / "results.json").read_text())
    (backbone,) = results["backbones"]
    assert backbone["title"] == "MobileNetV2 (unverified weights)"
    assert "(unverified weights)" in (out / "report.html").read_text()
    with (out / "imagenet.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["rank"] == "1"]
    scores, things = np.load(scores_file), imagenet_classes()
    assert len(rows) == 4
    for row in rows:
        wanted = scores[int(row["path"][-5])]
        assert wanted.max() > 0.01  # the stand-in does tell the classes apart
        assert row["class"] == things[int(wanted.argmax())]
        assert float(row["probability"]) == pytest.approx(wanted.max(), rel=1e-3)


def test_the_default_asks_those_that_come_along(hilum: Hilum, data: Path, tmp_path: Path) -> None:
    (data / "Normal" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    out = tmp_path / "run"
    process = hilum(data, "--out", out)
    (data / "Normal" / "broken.png").unlink()
    assert process.returncode == 1, process.stderr
    assert "Not read: " in process.stderr
    assert "EfficientNet-Lite2" in process.stdout
    assert "none of the 1,000 is a lung" in " ".join(process.stdout.split())
    assert max(map(len, process.stdout.splitlines()[:-1])) <= 80
    assert {path.name for path in out.iterdir()} == {
        "report.html", "results.json", "imagenet.csv", "excluded.csv", "provenance.json",
    }  # fmt: skip
    results = json.loads((out / "results.json").read_text())
    assert [backbone["name"] for backbone in results["backbones"]][:3] == [
        "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2",
    ]  # fmt: skip
    for backbone in results["backbones"]:
        for names in backbone["per_class"]:
            assert names["n_films"] == 2
            assert len(names["top"]) == 5
            assert sum(likeness["probability"] for likeness in names["top"]) <= 1 + 1e-6
    for name in ("report.html", "results.json", "provenance.json"):
        text = (out / name).read_text()
        assert "MUELLER" not in text
        assert str(data) not in text


def test_missing_classifiers_stop_it_before_any_work(
    hilum: Hilum, data: Path, tmp_path: Path
) -> None:
    process = hilum(data, "--backbones", "VGG16,Xception", "--out", tmp_path / "run")
    assert process.returncode == 2
    assert "vgg16_weights_tf_dim_ordering_tf_kernels.h5" in process.stderr
    assert "xception_weights_tf_dim_ordering_tf_kernels.h5" in process.stderr
    assert "fetch VGG16 Xception --with-top" in " ".join(process.stderr.split())
    assert not (tmp_path / "run").exists()

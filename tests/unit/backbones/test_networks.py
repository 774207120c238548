"""Our graphs repeat what Keras itself computes on another engine, preprocessing included.

The reference is a child process on Keras's JAX backend: its own network, its own
`preprocess_input`, random weights. Numbers of such weights mean nothing, but two
implementations must agree on them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hilum.backbones.catalog import CATALOG, PAPER_SIX, with_top
from hilum.backbones.engine import open_engine
from hilum.backbones.records import HostedWeights, fed_differently
from hilum.backbones.weights import LocalWeights

SIZE_PX = 96  # small enough to be quick, large enough for every network
REFERENCE = """
import importlib, sys
import keras, numpy as np
name, module, folder, file, size = sys.argv[1:6]
network = getattr(keras.applications, name)(
    weights=None, include_top=False, input_shape=(int(size), int(size), 3))
rng = np.random.default_rng(0)
def drawn(w):
    if w.ndim < 2:  # fresh normalisations hold ones and zeros alone, which would hide a mix-up
        return w * rng.uniform(0.8, 1.2, w.shape) + rng.uniform(0, 0.1, w.shape)
    # Kernels so large that a film's signal reaches the last layer, and no larger where gates
    # (squeeze and excitation) would make a step of rounding errors.
    fan_in = np.prod(w.shape[:2]) if w.shape[-1] == 1 else np.prod(w.shape[:-1])
    gain = 1 if name.startswith("EfficientNetV2") else 2
    return rng.normal(0, (gain / fan_in) ** 0.5, w.shape)

for layer in network.layers:
    if isinstance(layer, keras.layers.Normalization):
        continue  # its numbers are those of the input, and are tested by themselves
    layer.set_weights([drawn(w) for w in layer.get_weights()])
network.save(f"{folder}/{file}")
films = np.load(f"{folder}/films.npy")
rgb = np.repeat(films[..., None], 3, axis=-1).astype(np.float32)
scaled = importlib.import_module(f"keras.applications.{module}").preprocess_input(rgb)
maps = np.asarray(network.predict(scaled, verbose=0))
np.savez(f"{folder}/{name}.npz", features=maps.mean(axis=(1, 2)), map_shape=maps.shape)
"""
MODULES = {
    "VGG16": "vgg16", "VGG19": "vgg19", "ResNet50V2": "resnet_v2", "InceptionV3": "inception_v3",
    "Xception": "xception", "NASNetLarge": "nasnet", "NASNetMobile": "nasnet",
    "ResNet50": "resnet", "DenseNet121": "densenet", "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3", "EfficientNetV2B0": "efficientnet_v2",
    "EfficientNetB0": "efficientnet", "ConvNeXtTiny": "convnext",
    "InceptionResNetV2": "inception_resnet_v2", "EfficientNetV2S": "efficientnet_v2",
    "MobileNet": "mobilenet",
}  # fmt: skip
QUICK = ("ResNet50V2",)


def run_keras(backend: str, program: str, *arguments: str, home: Path) -> str:
    child = subprocess.run(
        # Behind Hilum's door OpenVINO cannot tell its maker that it was imported.
        [sys.executable, "-c", f"import hilum.backbones\n{program}", *arguments],
        env=os.environ | {"KERAS_BACKEND": backend, "KERAS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def draw_films() -> np.ndarray:
    """A dark, a middling and a bright picture of blots: as unlike as films can be."""
    rng = np.random.default_rng(1)
    blots = np.kron(rng.integers(0, 120, (3, 6, 6)), np.ones((SIZE_PX // 6, SIZE_PX // 6)))
    brightness = np.array([0, 60, 120])[:, None, None]
    return (blots + brightness + rng.integers(0, 16, blots.shape)).astype(np.uint8)


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in MODULES if n not in QUICK)]
)
def test_features_equal_those_of_keras_itself(name: str, tmp_path: Path) -> None:
    record = CATALOG[name]
    films = draw_films()
    np.save(tmp_path / "films.npy", films)
    arguments = (name, MODULES[name], str(tmp_path), record.weights.file, str(SIZE_PX))
    run_keras("jax", REFERENCE, *arguments, home=tmp_path)
    reference = np.load(tmp_path / f"{name}.npz")["features"]

    backbone = LocalWeights(tmp_path, tmp_path).find(
        fed_differently(record, size_px=SIZE_PX), allows_unverified=True
    )
    assert not backbone.weights.is_verified
    engine = open_engine(backbone, tmp_path)
    found = np.stack(list(engine.features(films)))
    assert found.shape == (3, record.feature_width) == (3, engine.feature_width)
    assert np.abs(found - reference).max() <= 1e-4 * np.abs(reference).max()
    # The films differ, and so must their features: a dead network would agree with anything.
    assert np.abs(found[0] - found[1]).max() > 1e-3 * np.abs(found).max()


CLASSIFIER = """
import importlib, sys
import keras, numpy as np
name, module, folder, file = sys.argv[1:5]
network = getattr(keras.applications, name)(weights=None, include_top=True)
rng = np.random.default_rng(0)
network.set_weights([w + 0.02 * rng.standard_normal(w.shape) * (w.ndim > 1)
                     for w in network.get_weights()])
network.save(f"{folder}/{file}")
films = np.load(f"{folder}/films.npy")
rgb = np.repeat(films[..., None], 3, axis=-1).astype(np.float32)
scaled = importlib.import_module(f"keras.applications.{module}").preprocess_input(rgb)
np.save(f"{folder}/classes.npy", network.predict(scaled, verbose=0))
"""


@pytest.mark.parametrize(
    "name", ["MobileNetV3Small", pytest.param("VGG16", marks=pytest.mark.slow)]
)
def test_classes_equal_those_of_keras_itself(name: str, tmp_path: Path) -> None:
    """With its top, which flattens a map whose axes stand in another order here."""
    record = with_top(CATALOG[name])
    films = np.random.default_rng(1).integers(0, 256, (3, 224, 224), dtype=np.uint8)
    np.save(tmp_path / "films.npy", films)
    arguments = (name, MODULES[name], str(tmp_path), record.weights.file)
    run_keras("jax", CLASSIFIER, *arguments, home=tmp_path)
    reference = np.load(tmp_path / "classes.npy")
    backbone = LocalWeights(tmp_path, tmp_path).find(record, allows_unverified=True)
    found = np.stack(list(open_engine(backbone, tmp_path, "classes").features(films)))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(found - reference).max() <= 1e-4 * reference.max()


def test_every_scaling_is_that_of_keras(tmp_path: Path) -> None:
    """Whatever the network, `preprocess_input` of a grey picture is what our graph does."""
    program = """
import importlib, inspect, json
import keras, numpy as np
from hilum.backbones.catalog import CATALOG
from hilum.backbones.networks import _film_input
from hilum.backbones.records import fed_differently

grey = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), dtype=np.uint8)
rgb = np.repeat(grey, 3, axis=-1).astype(np.float32)
worst = {}
for name, record in CATALOG.items():
    if record.family != "keras":
        continue
    module = inspect.getmodule(getattr(keras.applications, name))
    theirs = module.preprocess_input(rgb.copy(), data_format="channels_last")
    film, scaled = _film_input(fed_differently(record, size_px=16))
    ours = np.asarray(keras.Model(film, scaled).predict(grey, verbose=0)).transpose(0, 2, 3, 1)
    worst[name] = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
print(json.dumps(worst))
"""
    worst = json.loads(run_keras("openvino", program, home=tmp_path).strip().splitlines()[-1])
    assert len(worst) == 40
    assert set(PAPER_SIX) <= set(worst)
    assert max(worst.values()) < 1e-6


@pytest.mark.slow
def test_efficientnet_divides_by_the_deviation(tmp_path: Path) -> None:
    """As Keras has it after a download: (x / 255 - mean) / deviation, in front of the stem."""
    program = """
import json, sys
import keras, numpy as np
from pathlib import Path
from hilum.backbones.networks import load_keras_weights

def first_steps(network):
    names = [layer.name for layer in network.layers]
    inner = network.get_layer(next(n for n in names if n.startswith("normalization")))
    return keras.Model(network.input, inner.output)

build = lambda: keras.applications.EfficientNetB0(
    weights=None, include_top=False, input_shape=(32, 32, 3))
network = build()
inner = next(l for l in network.layers if isinstance(l, keras.layers.Normalization))
mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
# As in the official file: the deviations stand where variances belong.
inner.set_weights([np.array(mean, np.float32), np.array(deviation, np.float32), np.array(0)])
inner.finalize_state()
network.save(sys.argv[1])
fresh = build()
load_keras_weights(fresh, Path(sys.argv[1]))
pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
found = np.asarray(first_steps(fresh).predict(pixels, verbose=0))
expected = (pixels / 255 - np.float32(mean)) / np.float32(deviation)
print(json.dumps(float(np.abs(found - expected).max())))
"""
    path = str(tmp_path / "efficientnetb0_notop.h5")
    off = run_keras("openvino", program, path, home=tmp_path).strip().splitlines()[-1]
    assert json.loads(off) < 1e-5


def test_four_by_four_pooling_reads_the_top_left_of_a_seven_by_seven_map(tmp_path: Path) -> None:
    program = """
import json
import keras, numpy as np
from hilum.backbones.catalog import CATALOG
from hilum.backbones.networks import _outputs, build_features
from hilum.backbones.records import fed_differently

record = fed_differently(CATALOG["VGG16"], size_px=224, scaling="unit", pooling="average-4x4")
features, feature_map = build_features(record, None).outputs
cells = keras.Input((2, 7, 7), batch_size=1)
model = keras.Model(cells, _outputs(cells, record)[0])
values = np.arange(98, dtype=np.float32).reshape(1, 2, 7, 7)
pooled = np.asarray(model.predict(values, verbose=0))
print(json.dumps([list(features.shape)[1:], list(feature_map.shape)[1:], pooled.tolist(),
                  values[:, :, :4, :4].mean(axis=(2, 3)).tolist()]))
"""
    output = run_keras("openvino", program, home=tmp_path).strip().splitlines()[-1]
    features, feature_map, pooled, expected = json.loads(output)
    assert features == [512]
    assert feature_map == [7, 7, 512]
    assert pooled == expected


def test_the_catalog_names_every_network_of_keras(tmp_path: Path) -> None:
    program = (
        "import json, keras; apps = keras.applications; "
        "print(json.dumps([n for n in dir(apps) if n[0].isupper() and callable(getattr(apps, n))]))"
    )
    names = json.loads(run_keras("openvino", program, home=tmp_path).strip().splitlines()[-1])
    assert sorted(names) == sorted(n for n, r in CATALOG.items() if r.family == "keras")
    for name in names:
        weights, top = CATALOG[name].weights, CATALOG[name].top_weights
        assert isinstance(weights, HostedWeights)
        assert isinstance(top, HostedWeights)
        for source in (weights, top):
            kind, _, digest = source.digest.partition(":")
            assert len(digest) == {"md5": 32, "sha256": 64, "": 0}[kind]
            assert source.address.startswith("https://storage.googleapis.com/")
            assert source.file.endswith(".h5")

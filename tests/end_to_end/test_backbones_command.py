"""`hilum backbones` as users run it, against a server of this machine and Keras's own files."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilum.backbones.catalog import CATALOG, PAPER_SIX
from hilum.backbones.compilation import compile_backbone
from hilum.backbones.engine import OpenVinoEngine
from hilum.backbones.weights import HDF5_SIGNATURE, LocalWeights
from hilum.errors import UntrustedModelError
from weights_server import WeightsServer, serving

SMALL = CATALOG["MobileNetV3Small"]
STAND_INS = """
import sys
from pathlib import Path
import h5py, keras, numpy as np
from hilum.backbones.networks import load_keras_weights
keras.utils.set_random_seed(0)
make = lambda: keras.applications.MobileNetV3Small(weights=None, include_top=False)
network, folder = make(), Path(sys.argv[1])
rng = np.random.default_rng(0)
network.set_weights([rng.uniform(0.1, 0.2, w.shape) for w in network.get_weights()])
network.save(folder / "whole.h5")
network.save_weights(folder / "new.weights.h5")
with h5py.File(folder / "whole.h5") as whole, h5py.File(folder / "official.h5", "w") as official:
    for name, group in whole["model_weights"].items():
        whole.copy(group, official, name)
    official.attrs.update(whole["model_weights"].attrs)
for name in ("whole.h5", "new.weights.h5", "official.h5"):
    again = make()
    load_keras_weights(again, folder / name)
    print(name, all(map(np.array_equal, network.get_weights(), again.get_weights())))
"""

Hilum = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """An environment in which no weights lie around."""
    places = {
        "HILUM_CACHE_DIR": tmp_path / "cache",
        "KERAS_HOME": tmp_path / "keras",
        "HOME": tmp_path,
    }
    kept = {k: v for k, v in os.environ.items() if k != "HILUM_WEIGHTS_DIR"}
    return kept | {name: str(place) for name, place in places.items()} | {"COLUMNS": "80"}


@pytest.fixture
def hilum(surroundings: dict[str, str], tmp_path: Path) -> Hilum:
    def run(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hilum", "backbones", *map(str, arguments)],
            env=surroundings | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """MobileNetV3Small with random weights in every layout of file, and how they loaded."""
    folder = tmp_path_factory.mktemp("stand-ins")
    child = subprocess.run(
        [sys.executable, "-c", STAND_INS, str(folder)],
        env=os.environ | {"KERAS_BACKEND": "openvino", "KERAS_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return folder, child.stdout


def test_every_layout_of_file_loads_to_the_last_weight(stand_ins: tuple[Path, str]) -> None:
    told = stand_ins[1].splitlines()
    assert told == ["whole.h5 True", "new.weights.h5 True", "official.h5 True"]


def test_a_file_placed_by_hand_is_proven_compiled_and_run(
    stand_ins: tuple[Path, str], tmp_path: Path
) -> None:
    data = (stand_ins[0] / "official.h5").read_bytes()
    (tmp_path / "placed").mkdir()
    (tmp_path / "placed" / "renamed.bin").write_bytes(data)
    digest = f"md5:{hashlib.md5(data).hexdigest()}"
    record = replace(SMALL, weights=replace(SMALL.weights, digest=digest))
    backbone = LocalWeights(tmp_path / "cache", tmp_path / "placed").find(record)
    assert backbone.weights.is_verified
    engine = OpenVinoEngine(compile_backbone(backbone, tmp_path / "cache"))
    films = np.random.default_rng(0).integers(0, 256, (2, 224, 224), dtype=np.uint8)
    features = np.stack(list(engine.features(films)))
    assert features.shape == (2, SMALL.feature_width)
    assert np.isfinite(features).all()
    assert np.ptp(features, axis=0).max() > 0


def test_another_file_is_not_kept_and_placed_by_hand_it_is_refused(
    hilum: Hilum, server: WeightsServer, stand_ins: tuple[Path, str], tmp_path: Path
) -> None:
    data = (stand_ins[0] / "official.h5").read_bytes()
    server.files[SMALL.weights.file] = data
    fetched = hilum("fetch", SMALL.name, "--mirror", server.address)
    assert fetched.returncode == 2
    assert hashlib.md5(data).hexdigest() in fetched.stderr
    assert SMALL.weights.digest[4:] in fetched.stderr
    folder = tmp_path / "cache" / "weights"
    assert [path.name for path in folder.iterdir() if path.suffix != ".lock"] == []

    (folder / SMALL.weights.file).write_bytes(data)
    (entry,) = json.loads(hilum("list", SMALL.name, "--json").stdout)
    assert not entry["is_available"]
    assert "--allow-unverified-weights" in entry["why_not"]
    table = hilum("list").stdout
    assert "refused" in table
    assert "Refused: The weight file weights_mobilenet" in table
    local_weights = LocalWeights(tmp_path / "cache")
    with pytest.raises(UntrustedModelError):
        local_weights.find(SMALL)
    allowed = local_weights.find(SMALL, allows_unverified=True)
    assert not allowed.weights.is_verified
    assert compile_backbone(allowed, tmp_path / "cache").is_dir()


def test_weights_without_a_hash_are_fetched_and_said_to_be_unproven(
    hilum: Hilum, server: WeightsServer, tmp_path: Path
) -> None:
    source = CATALOG["MobileNetV2"].weights
    server.files[source.file] = HDF5_SIGNATURE + bytes(source.size_bytes)
    arguments = ("fetch", "mobilenetv2", "--mirror", server.address, "--weights-dir", "ours")
    first, second = hilum(*arguments), hilum(*arguments)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert str(Path("ours") / source.file) in first.stdout
    assert "--allow-unverified-weights only" in " ".join(first.stdout.split())
    assert "MobileNetV2: 9 MB fetched" in first.stderr
    assert "fetched" not in second.stderr
    assert (tmp_path / "ours" / source.file).stat().st_size == source.size_bytes + 8
    assert len(server.requests) == 1


def test_several_names_go_on_after_one_fails(hilum: Hilum, server: WeightsServer) -> None:
    source = CATALOG["MobileNetV2"].weights
    server.files[source.file] = HDF5_SIGNATURE + bytes(source.size_bytes)
    done = hilum("fetch", "VGG16", "MobileNetV2", "--mirror", server.address, "--quiet")
    assert done.returncode == 1
    assert "VGG16: 127.0.0.1 answered 404" in done.stderr
    assert CATALOG["VGG16"].weights.file in done.stderr
    assert "1 of 2 could not be fetched" in done.stderr
    assert done.stdout == ""
    assert hilum("fetch", "paper", "--mirror", server.address).returncode == 2


def test_the_file_with_the_classifier_can_be_fetched_instead(
    hilum: Hilum, server: WeightsServer
) -> None:
    done = hilum("fetch", "VGG16", "--with-top", "--mirror", server.address)
    assert done.returncode == 2
    assert server.requests[0]["path"] == "/vgg16_weights_tf_dim_ordering_tf_kernels.h5"


def test_what_comes_with_the_installation_needs_no_fetching(hilum: Hilum) -> None:
    done = hilum("fetch", "efficientnet-lite0", "--offline")
    assert (done.returncode, done.stderr) == (0, "")
    assert "comes with the installation" in done.stdout


def test_offline_nothing_is_asked_and_the_files_are_named(
    hilum: Hilum, server: WeightsServer, tmp_path: Path
) -> None:
    done = hilum("fetch", "paper", "--offline", "--mirror", server.address)
    assert done.returncode == 2
    assert server.requests == []
    for name in PAPER_SIX:
        source = CATALOG[name].weights
        assert f"{source.address}{source.file}" in done.stderr
        assert source.digest[4:] in done.stderr
    assert str(tmp_path / "cache" / "weights") in done.stderr
    assert not (tmp_path / "cache").exists()


def test_an_unencrypted_mirror_is_refused(hilum: Hilum, tmp_path: Path) -> None:
    done = hilum("fetch", "VGG16", "--mirror", "http://me:secret@mirror.example.org/weights")
    assert done.returncode == 2
    assert "mirror.example.org would be asked without encryption" in done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_download_goes_on_later(
    surroundings: dict[str, str], server: WeightsServer, tmp_path: Path, number: int, code: int
) -> None:
    source = CATALOG["MobileNetV2"].weights
    server.files[source.file] = HDF5_SIGNATURE + bytes(source.size_bytes)
    server.versions[source.file] = '"one"'
    server.plan = ["wait"]
    command = [sys.executable, "-m", "hilum", "backbones", "fetch", "MobileNetV2", "--mirror"]
    process = subprocess.Popen(
        [*command, server.address], env=surroundings, stderr=subprocess.PIPE, text=True
    )
    part = tmp_path / "cache" / "weights" / f"{source.file}.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 1_000_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code, told
    assert "goes on from there" in told
    assert "Traceback" not in told
    n_kept = part.stat().st_size
    assert n_kept > 1_000_000
    again = subprocess.run(
        [*command, server.address], env=surroundings, capture_output=True, check=False
    )
    assert again.returncode == 0
    assert server.requests[-1]["Range"] == f"bytes={n_kept}-"


def test_the_listing_says_everything_to_machines(hilum: Hilum, tmp_path: Path) -> None:
    done = hilum("--json")
    assert done.returncode == 0
    entries = {entry["name"]: entry for entry in json.loads(done.stdout)}
    assert list(entries) == list(CATALOG)
    vgg16 = entries["VGG16"]
    assert vgg16 | {"why_not": ""} == {
        "name": "VGG16",
        "title": "VGG16",
        "parameters": 14_714_688,
        "size_px": 224,
        "feature_width": 512,
        "licence": "CC-BY-4.0",
        "trained_on": "ImageNet-1k",
        "file": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "digest": "md5:6d6bbae143d832006294945121d1f1fc",
        "size_bytes": 58_858_752,
        "address": "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "folder": str(tmp_path / "cache" / "weights"),
        "is_available": False,
        "path": None,
        "why_not": "",
    }
    assert vgg16["file"] in vgg16["why_not"]
    lite = entries["efficientnet-lite0"]
    assert lite["is_available"]
    assert Path(lite["path"]).is_file()
    assert (lite["address"], lite["folder"], lite["why_not"]) == (None, None, None)
    missing = json.loads(hilum("list", "--missing", "--json").stdout)
    assert {entry["name"] for entry in missing} == set(CATALOG) - {
        f"efficientnet-lite{k}" for k in range(3)
    }


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_and_shows_first_what_is_here(
    hilum: Hilum, tmp_path: Path, columns: int
) -> None:
    lines = hilum(COLUMNS=str(columns)).stdout.splitlines()
    *table, folder = lines
    assert folder.split() == [str(tmp_path / "cache" / "weights")]
    assert max(len(line.rstrip()) for line in table) <= columns
    assert not any("…" in line for line in table[:-3])  # nothing is cut short
    names = [line.split()[0] for line in lines if line.strip()]
    shown = [name for name in names if name in CATALOG]
    assert sorted(shown) == sorted(CATALOG)
    assert shown[:3] == [f"efficientnet-lite{k}" for k in range(3)]
    assert tuple(shown[3:9]) == PAPER_SIX
    assert any("Trained on" in line for line in lines) == (columns == 120)


def test_named_backbones_are_told_in_full(hilum: Hilum, tmp_path: Path) -> None:
    told = hilum("list", "Xception", "mobilenet", "--weights-dir", "ours").stdout
    source = CATALOG["Xception"].weights
    for text in (source.file, source.digest[4:], f"{source.address}{source.file}", "MIT"):
        assert text in told
    assert str(tmp_path / "ours") in told
    assert "none was ever published" in told
    assert source.file.replace("_notop", "") in hilum("list", "Xception", "--with-top").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fetch"], "name the backbones"),
        (["fetch", "VGG99"], "no backbone named 'VGG99'"),
        (["list", "VGG99"], "no backbone named 'VGG99'"),
        (["--json", "list"], "write options after 'list'"),
        (["fetch", "VGG16", "--mirror", "/srv/weights"], "not that of a folder on the web"),
    ],
)
def test_misuse_is_told_and_nothing_is_made(
    hilum: Hilum, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = hilum(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "cache").exists()

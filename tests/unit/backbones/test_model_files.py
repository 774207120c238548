"""A model file of the user's computes what it says, or is refused before it can do harm."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hilum
from hilum.backbones.catalog import find_backbone, find_backbones
from hilum.backbones.compilation import compile_backbone, graph_key
from hilum.backbones.engine import open_engine
from hilum.backbones.model_files import EXAMPLE, read_description, read_model_file
from hilum.backbones.records import OwnWeights, fed_differently
from hilum.backbones.weights import Backbone, LocalWeights
from hilum.errors import (
    CompilingError,
    HilumError,
    UnknownBackboneError,
    UntrustedModelError,
    WeightsError,
)
from hilum.phantoms.cohort import write_phantoms
from hilum.studies.recipes import find_recipe
from tiny_networks import SIZE_PX, WIDTH, convolution, maps, node, place, tensor

FILMS = np.random.default_rng(0).integers(0, 256, (6, SIZE_PX, SIZE_PX), np.uint8)


def found(path: Path, cache: Path) -> Backbone:
    """Go the way that a study goes."""
    (record,) = find_backbones([f"onnx:{path}"])
    return LocalWeights(cache).find(record)


def features(path: Path, cache: Path) -> np.ndarray:
    return np.stack(list(open_engine(found(path, cache), cache).features(FILMS)))


@pytest.mark.parametrize(
    ("channels", "layout", "fed"),
    [
        (1, "NCHW", {}),
        (1, "NHWC", {"pixel_range": [-1024, 1024]}),
        (3, "NCHW", {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}),
        (3, "NHWC", {"pixel_range": [255, 0], "mean": 100, "std": 2.5}),
        (3, "NCHW", {}),  # nothing to subtract
        (3, "NHWC", {"pixel_range": [0, 255]}),
    ],
)
def test_features_are_those_of_an_independent_reckoning(
    tmp_path: Path, channels: int, layout: str, fed: dict[str, Any]
) -> None:
    data = convolution(channels, layout)
    path = place(tmp_path, data, channels=channels, layout=layout, **fed)
    numbers = {key: np.atleast_1d(value) for key, value in fed.items()}
    expected = maps(FILMS, channels, **numbers).mean((1, 2))
    backbone = found(path, tmp_path)
    assert backbone.record.feature_width == WIDTH
    assert backbone.record.parameters == WIDTH * channels * 16
    assert backbone.record.input.size_px == SIZE_PX
    np.testing.assert_allclose(features(path, tmp_path), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_feature_map_is_averaged_and_kept_beside(tmp_path: Path, layout: str) -> None:
    import openvino

    path = place(tmp_path, convolution(1, layout, outputs=["map"]), layout=layout, take="map")
    expected = maps(FILMS)
    np.testing.assert_allclose(features(path, tmp_path), expected.mean((1, 2)), atol=1e-4)
    graph = compile_backbone(found(path, tmp_path), tmp_path) / "graph.xml"
    precisely = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(graph, "CPU", precisely)
    pooled, kept = compiled(FILMS[..., None]).values()
    np.testing.assert_allclose(kept, expected, atol=1e-4)
    np.testing.assert_allclose(pooled, expected.mean((1, 2)), atol=1e-4)


@pytest.mark.parametrize("take", ["first-token", "mean-token"])
def test_tokens_become_one_vector(tmp_path: Path, take: str) -> None:
    path = place(tmp_path, convolution(outputs=["tokens"]), take=take)
    tokens = maps(FILMS).reshape(len(FILMS), -1, WIDTH)
    expected = tokens[:, 0] if take == "first-token" else tokens.mean(1)
    np.testing.assert_allclose(features(path, tmp_path), expected, atol=1e-4)


@pytest.mark.parametrize("output", ["features", "pooled", "map"])
def test_any_output_or_tensor_within_may_be_named(tmp_path: Path, output: str) -> None:
    """`pooled` is no output of the network, and of the shape batch x width x 1 x 1."""
    take = "map" if output == "map" else "vector"
    path = place(tmp_path, convolution(outputs=["map", "features"]), output=output, take=take)
    expected = maps(FILMS).mean((1, 2))
    np.testing.assert_allclose(features(path, tmp_path), expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), ("n", 1, "h", "w"), ("n", "c", 32, 32)])
def test_a_batch_of_one_and_pictures_of_any_size_are_made_to_fit(
    tmp_path: Path, shape: tuple[int | str, ...]
) -> None:
    path = place(tmp_path, convolution(shape=shape))
    np.testing.assert_allclose(features(path, tmp_path), maps(FILMS).mean((1, 2)), atol=1e-4)


def test_an_openvino_ir_is_two_files(tmp_path: Path) -> None:
    import openvino

    onnx = place(tmp_path, convolution(), "source.onnx")
    path = place(tmp_path, b"", "ir.xml")
    openvino.save_model(openvino.Core().read_model(onnx), path, compress_to_fp16=False)
    expected = maps(FILMS).mean((1, 2))
    record = find_backbone(f"openvino:{path}")
    backbone = LocalWeights(tmp_path).find(record)
    computed = np.stack(list(open_engine(backbone, tmp_path).features(FILMS)))
    np.testing.assert_allclose(computed, expected, atol=1e-4)
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x42")
    assert graph_key(found(path, tmp_path)) != graph_key(backbone)
    weights.unlink()
    with pytest.raises(WeightsError, match=r"ir\.bin' is not there"):
        read_model_file(path)


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    path = place(tmp_path, convolution(), "no-suffix.bin")
    assert find_backbone(f"OpenVINO: {path}").name == "no-suffix"


def test_half_precision_and_links_are_taken(tmp_path: Path) -> None:
    import openvino

    onnx = place(tmp_path, convolution(), "source.onnx")
    openvino.save_model(openvino.Core().read_model(onnx), tmp_path / "half.xml")
    path = place(tmp_path, (tmp_path / "half.xml").read_bytes(), "half.xml")
    np.testing.assert_allclose(features(path, tmp_path), maps(FILMS).mean((1, 2)), rtol=1e-2)
    (tmp_path / "link.onnx").symlink_to(onnx)
    (tmp_path / "link.json").symlink_to(onnx.with_suffix(".json"))
    assert find_backbone(f"onnx:{tmp_path / 'link.onnx'}").name == "link"


def test_the_record_says_what_the_description_says(tmp_path: Path) -> None:
    data = convolution()
    sha256 = hashlib.sha256(data).hexdigest()
    path = place(
        tmp_path, data, "my net (2).onnx", title="Ours", trained_on="our films",
        licence="CC0-1.0", sha256=sha256.upper(),
    )  # fmt: skip
    record = read_model_file(path)
    source = record.weights
    assert isinstance(source, OwnWeights)
    assert (record.name, record.title, record.family) == ("my-net-2", "Ours", "file")
    assert (source.trained_on, source.licence) == ("our films", "CC0-1.0")
    assert (source.spec.sha256, source.size_bytes) == (sha256, len(data))
    assert source.digest == f"sha256:{sha256}"
    assert fed_differently(record, size_px=96, scaling="unit", pooling="average-4x4") is record


def test_what_the_description_says_is_part_of_the_address(tmp_path: Path) -> None:
    keys = set()
    for changed in ({}, {"mean": 0.5}, {"pixel_range": [0, 255]}, {"output": "pooled"}):
        keys.add(graph_key(found(place(tmp_path, convolution(), **changed), tmp_path)))
    assert len(keys) == 4
    told = place(tmp_path, convolution(), title="T", trained_on="t", licence="l", mean=0.0)
    assert graph_key(found(told, tmp_path)) in keys


@pytest.mark.parametrize(
    ("data", "described", "message"),
    [
        (convolution(), {"output": "nothing here"}, r"it has 'features'"),
        (convolution(outputs=["map", "features"]), {}, "2 outputs: 'map', 'features'"),
        (convolution(outputs=["map"]), {}, "4 x 5 x 8 x 8, of which no vector"),
        (convolution(), {"take": "map"}, "of which no map"),
        (convolution(), {"take": "first-token"}, "of which no first-token"),
        (convolution(), {"channels": 3}, "any x 1 x 32 x 32, and .* batch x 3 x 32 x 32"),
        (convolution(), {"size_px": 64}, "any x 1 x 32 x 32, and .* batch x 1 x 64 x 64"),
        (convolution(), {"layout": "NHWC"}, "batch x 32 x 32 x 1"),
        (convolution(shape=("n", 32)), {}, "takes any x 32|OpenVINO cannot use"),
        (convolution(shape=("n", 1, "h", "w")), {"size_px": 3000, "output": "x"}, "no vector"),
        (convolution(input_kind=7), {}, "OpenVINO cannot use|type i64"),
        (convolution(outputs=["row"]), {}, "OpenVINO cannot use|batch is fixed"),
    ],
)
def test_what_does_not_fit_its_description_is_one_clear_error(
    tmp_path: Path, data: bytes, described: dict[str, Any], message: str
) -> None:
    path = place(tmp_path, data, **described)
    with pytest.raises(WeightsError, match=message) as caught:
        read_model_file(path)
    assert caught.value.fix
    assert "Traceback" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("normed", "depend on the pictures that share its batch"),
        ("nothing", "are the same for every picture"),
        ("undefined", "are not finite"),
    ],
)
def test_features_of_no_use_are_refused_before_a_study(
    tmp_path: Path, output: str, fault: str
) -> None:
    backbone = found(place(tmp_path, convolution(outputs=[output])), tmp_path)
    with pytest.raises(CompilingError, match=fault) as caught:
        compile_backbone(backbone, tmp_path)
    assert "model.eval()" in caught.value.fix


@pytest.mark.skipif(sys.platform != "linux", reason="other systems set no limit")
def test_a_network_that_would_take_all_memory_fails_in_its_child(tmp_path: Path) -> None:
    greedy = [
        node("ConstantOfShape", ["sides"], ["huge"]),
        node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        node("Add", ["films", "sum"], ["larger"]),
    ]
    sides = [tensor("sides", np.array([400_000, 400_000]))]
    data = convolution(outputs=["larger"], extra_nodes=greedy, extra_weights=sides)
    with pytest.raises(HilumError, match=r"takes more memory|cannot use the network"):
        compile_backbone(found(place(tmp_path, data, take="map"), tmp_path), tmp_path)


def test_a_file_that_changes_before_it_is_compiled_is_refused(tmp_path: Path) -> None:
    path = place(tmp_path, convolution())
    backbone = found(path, tmp_path)
    path.write_bytes(convolution(outputs=["pooled"]))
    with pytest.raises(CompilingError, match="has changed"):
        compile_backbone(backbone, tmp_path)


def test_names_may_not_clash(tmp_path: Path) -> None:
    taken = place(tmp_path, convolution(), "vgg16.onnx")
    with pytest.raises(UnknownBackboneError, match="name of another"):
        find_backbone(f"onnx:{taken}")
    titled = place(tmp_path, convolution(), "mine.onnx", title="VGG16 ")
    with pytest.raises(UnknownBackboneError, match="name of another"):
        find_backbone(f"onnx:{titled}")
    (tmp_path / "a").mkdir()
    one, other = place(tmp_path, convolution()), place(tmp_path / "a", convolution(), mean=1)
    with pytest.raises(UnknownBackboneError, match="same name"):
        find_backbones([f"onnx:{one}", f"onnx:{other}"])
    assert len(find_backbones([f"onnx:{one}", f"openvino:{one}"])) == 1


@pytest.mark.parametrize("path", ["", "absent.onnx", ".", "nul\0byte", "x" * 300, "loop.onnx"])
def test_a_path_to_nothing_is_one_clear_error(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop.onnx").symlink_to("loop.onnx")
    with pytest.raises(WeightsError, match=r"is not there|is no file"):
        find_backbone(f"onnx:{path}")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(WeightsError, match="is no file"):
        read_model_file(tmp_path / "pipe.onnx")


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    path = place(tmp_path, b"")
    with path.open("wb") as file:
        file.truncate((4 << 30) + 1)
    with pytest.raises(WeightsError, match="larger than 4 GB"):
        read_model_file(path)


@pytest.mark.parametrize(
    "start",
    [b"PK\x03\x04", b"\x80\x02}q\x00.", b"\x80\x04\x95", b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08"],
)
def test_what_may_run_code_is_refused_by_content(tmp_path: Path, start: bytes) -> None:
    path = place(tmp_path, start + bytes(100))
    with pytest.raises(UntrustedModelError, match="could run code") as caught:
        find_backbone(f"onnx:{path}")
    assert "ONNX" in caught.value.fix


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"hello, world, I am no model", "no ONNX file"),
        (bytes(1000), "no ONNX file"),
        (convolution()[:-20], "reaches beyond its end"),
        (b"<?xml version='1.0'?><net", "not there"),
        (b"<?xml version='1.0'?><!DOCTYPE net [<!ENTITY a 'b'>]><net/>", "entities"),
    ],
)
def test_damaged_files_are_one_clear_error(tmp_path: Path, data: bytes, message: str) -> None:
    path = place(tmp_path, data)
    with pytest.raises(HilumError, match=message):
        read_model_file(path)


@pytest.mark.parametrize("weights", [b"", bytes(40)])
def test_a_damaged_ir_is_one_clear_error(tmp_path: Path, weights: bytes) -> None:
    import openvino

    onnx = place(tmp_path, convolution(), "source.onnx")
    path = place(tmp_path, b"", "ir.xml")
    openvino.save_model(openvino.Core().read_model(onnx), path)
    path.with_suffix(".bin").write_bytes(weights)
    with pytest.raises(WeightsError, match=r"ir\.xml"):
        read_model_file(path)


def test_every_cut_of_a_file_is_an_error_and_never_a_crash(tmp_path: Path) -> None:
    data = convolution()
    for length in range(1, len(data), 97):
        path = place(tmp_path, data[:length])
        with pytest.raises(HilumError):
            read_model_file(path)


def test_no_socket_is_opened_and_no_path_is_written(tmp_path: Path) -> None:
    path = place(tmp_path, convolution())
    spec = read_model_file(path).weights.spec  # type: ignore[attr-defined]
    (tmp_path / "graph").mkdir()
    program = (
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "def deny(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto', 'os.fork'):\n"
        "        os.write(2, event.encode()); os._exit(4)\n"
        "sys.addaudithook(deny)\n"
        "from hilum.backbones.model_graphs import write_model_file_graph\n"
        "job = json.load(sys.stdin)\n"
        "about = write_model_file_graph(Path(job['path']), job['spec'], 32, Path(job['folder']))\n"
        "print(json.dumps(about))\n"
    )
    job = {"path": str(path), "spec": asdict(spec), "folder": str(tmp_path / "graph")}
    child = subprocess.run(
        [sys.executable, "-P", "-c", program],
        input=json.dumps(job), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    assert json.loads(child.stdout) == {"parameters": WIDTH * 16, "width": WIDTH}
    assert {p.name for p in (tmp_path / "graph").iterdir()} == {"graph.xml", "graph.bin"}
    assert str(tmp_path) not in (tmp_path / "graph" / "graph.xml").read_text()


def test_openvino_tells_its_maker_nothing(tmp_path: Path) -> None:
    """It would leave an identity in the home folder, and send from a process of its own."""
    path = place(tmp_path, convolution())
    program = f"from hilum.backbones.catalog import find_backbone as find; find('onnx:{path}')"
    home = tmp_path / "home"
    home.mkdir()
    child = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=os.environ | {"HOME": str(home), "USERPROFILE": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    assert not list(home.iterdir())


def test_a_comparison_with_a_network_of_ones_own(tmp_path: Path) -> None:
    films = write_phantoms(tmp_path / "films", n_films=24).parent
    path = place(tmp_path, convolution(outputs=["map"]), "ours.onnx", take="map", title="Ours")
    comparison = hilum.compare(
        hilum.Cohort.from_csv(films / "films.csv"),
        positive="Opacity",
        backbones=[f"onnx:{path}"],
        recipe=replace(find_recipe("hilum"), folds=2, repeats=1),
        cache_dir=tmp_path / "cache",
    )
    (result,) = comparison.backbones
    assert (result.name, result.title, result.size_px) == ("ours", "Ours", SIZE_PX)
    assert result.feature_width == WIDTH
    assert "given by the user" in result.weights.origin
    hilum.save_run(comparison, tmp_path / "run")
    written = [file.read_text() for file in (tmp_path / "run").rglob("*.json")]
    assert written
    assert not any(str(tmp_path) in text for text in written)


# The JSON beside a model file: every fault is told, and at once.


SHA256 = "ab" * 32
NEEDED = {"size_px": 224, "channels": 3, "take": "vector"}


def read(folder: Path, text: str | bytes, name: str = "net.onnx") -> Any:
    (folder / name).with_suffix(".json").write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )
    return read_description(folder / name, SHA256)


def faults(folder: Path, **fields: Any) -> str:
    with pytest.raises(WeightsError) as caught:
        read(folder, json.dumps(NEEDED | fields))
    assert EXAMPLE in caught.value.fix
    return caught.value.message


def test_three_fields_are_enough(tmp_path: Path) -> None:
    described = read(tmp_path, json.dumps(NEEDED))
    assert (described.name, described.title, described.size_px) == ("net", "net", 224)
    spec = described.spec
    assert (spec.layout, spec.pixel_range, spec.output) == ("NCHW", (0.0, 1.0), None)
    assert (spec.mean, spec.std) == ((0.0,) * 3, (1.0,) * 3)
    assert spec.sha256 == SHA256


def test_the_example_is_a_whole_description(tmp_path: Path) -> None:
    described = read(tmp_path, EXAMPLE)
    assert described.name == "my-densenet"
    assert described.spec.pixel_range == (-1024.0, 1024.0)
    assert described.spec.output == "features"


def test_one_number_stands_for_every_channel(tmp_path: Path) -> None:
    spec = read(tmp_path, json.dumps(NEEDED | {"mean": 0.5, "std": [0.1, 0.2, 0.3]})).spec
    assert (spec.mean, spec.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))


def test_a_missing_description_shows_one_to_copy(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"net\.json cannot be read") as caught:
        read_description(tmp_path / "net.onnx", SHA256)
    assert json.loads(caught.value.fix.partition("\n")[2])["size_px"] == 224


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(
        tmp_path, size_px="224", channels=2, layout="CHW", pixel_range=[0], mean=[1, 2],
        std=0, take="mean", output=7, title="", sizepx=3,
    )  # fmt: skip
    for name in ("size_px", "channels", "layout", "pixel_range", "std", "take", "output", "title"):
        assert f"\n  {name}: " in told
    assert "'sizepx': no such field; there are " in told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"size_px": 0}, "from 8 to 4096"),
        ({"size_px": 224.0}, "a whole number"),
        ({"size_px": True}, "a whole number"),
        ({"channels": True}, "one of 1, 3"),
        ({"channels": "3"}, "one of 1, 3"),
        ({"mean": [1, 2]}, "mean: must be 3 numbers"),
        ({"mean": [1, 2, float("nan")]}, "mean: must be"),
        ({"mean": float("inf")}, "mean: must be"),
        ({"mean": 10**400}, "mean: must be"),
        ({"mean": [True, 1, 1]}, "mean: must be"),
        ({"mean": {}}, "mean: must be"),
        ({"std": [1, -1, 1]}, "std: above 0"),
        ({"pixel_range": [3, 3]}, "are the same"),
        ({"pixel_range": 3}, "pixel_range: must be 2 numbers"),
        ({"name": "../../etc"}, "name: letters"),
        ({"name": "a b"}, "name: letters"),
        ({"title": "two\nlines"}, "title: must be one line"),
        ({"title": "=cmd()"}, "title: must be one line"),
        ({"title": "\u202egnp"}, "title: must be one line"),
        ({"licence": ["MIT"]}, "licence: must be"),
        ({"trained_on": "x" * 201}, "trained_on: must be"),
        ({"output": None}, "output: must be"),
        ({"sha256": "abc"}, "64 hex digits"),
        ({"sha256": "cd" * 32}, f"is {SHA256}: another file, or damaged"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    assert told in faults(tmp_path, **fields)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b"[1]", "one JSON object"),
        (b" " * ((1 << 20) + 1), "larger than 1 MB"),
    ],
)
def test_what_is_no_description_is_said_to_be_none(tmp_path: Path, text: bytes, told: str) -> None:
    with pytest.raises(WeightsError, match=told):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("file", "name"),
    [("a b.onnx", "a-b"), ("net.v2.onnx", "net.v2"), ("ö.onnx", "own-network"), ("=c.xml", "c")],
)
def test_a_name_is_made_from_the_files(tmp_path: Path, file: str, name: str) -> None:
    assert read(tmp_path, json.dumps(NEEDED), file).name == name

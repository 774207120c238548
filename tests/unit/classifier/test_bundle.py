"""A bundle is what was written, or it is refused with a word on what to do."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hilum.backbones.weights import hash_file
from hilum.classifier.bundle import check_bundle_place, read_bundle, write_bundle
from hilum.classifier.classifier import Classifier
from hilum.disk import take_place
from hilum.errors import BundleError, BundleVersionError, OutputError, UntrustedModelError
from tiny_bundle import tiny_film, write_tiny_bundle


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("made") / "bundle")


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def change_record(bundle: Path, change: Callable[[dict], object]) -> None:
    path = bundle / "classifier.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def test_what_is_read_is_what_was_written(original: Path) -> None:
    read = read_bundle(original, Path("nowhere"))
    assert read.record.classes == ("Disease", "Normal")
    assert read.record.positive_index == 0
    assert read.heads.threshold == 0.4
    assert read.card.startswith("---\nlicense")
    assert read.study == {"schema": "hilum.results/1", "positive": "Disease"}
    assert {path.name for path in original.iterdir()} == {
        "README.md", "classifier.json", "graph", "head.safetensors", "study.json",
    }  # fmt: skip


def test_an_older_bundle_is_replaced_and_nothing_else(original: Path, bundle: Path) -> None:
    (bundle / "README.md").write_text("edited by hand")
    assert Classifier.load(bundle).card == "edited by hand"  # the card is for people
    write_tiny_bundle(bundle)
    assert (bundle / "README.md").read_text() != "edited by hand"
    (bundle / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds more"):
        write_tiny_bundle(bundle)
    assert (bundle / "notes.txt").read_text() == "mine"
    assert not list(bundle.parent.glob(".bundle-*"))


@pytest.mark.parametrize("name", ["head.safetensors", "study.json"])
def test_a_changed_byte_is_noticed(bundle: Path, name: str) -> None:
    data = bytearray((bundle / name).read_bytes())
    data[-1] ^= 1
    (bundle / name).write_bytes(data)
    with pytest.raises(UntrustedModelError, match="not the one that was written"):
        Classifier.load(bundle)


@pytest.mark.parametrize("name", ["graph.xml", "graph.bin"])
def test_a_changed_graph_is_noticed(bundle: Path, name: str) -> None:
    path = bundle / "graph" / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(UntrustedModelError, match="not the one that the heads"):
        Classifier.load(bundle)


def test_a_graph_whose_xml_defines_entities_is_refused(bundle: Path) -> None:
    path = bundle / "graph" / "graph.xml"
    path.write_text(path.read_text().replace("<net", '<!DOCTYPE a [<!ENTITY b "c">]><net', 1))
    change_record(bundle, lambda told: told["graph"]["sha256"].update(
        {"graph.xml": hash_file(path)}))  # fmt: skip
    with pytest.raises(UntrustedModelError, match="document type"):
        Classifier.load(bundle)


@pytest.mark.parametrize("name", ["head.safetensors", "study.json", "README.md"])
def test_a_missing_part_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"no {name}"):
        Classifier.load(bundle)


def test_a_link_out_of_the_bundle_is_refused_and_a_hubs_cache_is_not(
    bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(UntrustedModelError, match="leads out of it"):
        Classifier.load(bundle)
    snapshot = tmp_path / "models" / "snapshots" / "abc"
    shutil.copytree(bundle, snapshot, symlinks=True)
    (tmp_path / "models" / "blobs").mkdir()
    (tmp_path / "models" / "blobs" / "0123").write_text("# A card")
    (snapshot / "README.md").unlink()
    (snapshot / "README.md").symlink_to("../../blobs/0123")
    assert Classifier.load(snapshot).card == "# A card"


def test_a_graph_that_is_nowhere_says_what_would_help(bundle: Path, tmp_path: Path) -> None:
    shutil.rmtree(bundle / "graph")
    with pytest.raises(BundleError, match="missing"):
        Classifier.load(bundle)
    change_record(bundle, lambda told: told["graph"].update({"is_included": False}))
    with pytest.raises(BundleError, match="refers to Tiny by hash") as caught:
        Classifier.load(bundle, cache_dir=tmp_path)
    assert "--standalone" in caught.value.fix


def test_a_referenced_graph_is_found_in_the_cache(bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(bundle / "graph", tmp_path / "graphs" / "tiny-graph")
    shutil.rmtree(bundle / "graph")
    change_record(bundle, lambda told: told["graph"].update({"is_included": False}))
    prediction = Classifier.load(bundle, cache_dir=tmp_path).predict(tiny_film(0.8))
    assert prediction.call == "Disease"


@pytest.mark.parametrize("part", ["reading", "views"])
def test_other_preprocessing_is_refused_and_both_versions_named(bundle: Path, part: str) -> None:
    change_record(bundle, lambda told: told["made_with"].update({part: 977}))
    with pytest.raises(BundleVersionError, match=r"977.*this is version"):
        Classifier.load(bundle)


def test_another_schema_is_refused_and_both_named(bundle: Path) -> None:
    change_record(bundle, lambda told: told.update({"schema": "hilum.classifier/9"}))
    with pytest.raises(BundleVersionError, match=r"hilum.classifier/9.*hilum.classifier/1"):
        Classifier.load(bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop("classes"),
        lambda told: told.update(classes=["Disease"]),
        lambda told: told.update(classes=["Disease", "Disease"]),
        lambda told: told.update(positive="Flu"),
        lambda told: told.update(threshold="NaN"),
        lambda told: told.update(threshold=1.5),
        lambda told: told.update(n_heads=10**9),
        lambda told: told.update(distance_limit=float("inf")),
        lambda told: told["graph"].update(key="../../etc"),
        lambda told: told["graph"].update(sha256={"graph.xml": "0" * 64}),
        lambda told: told.update(backbone=[]),
        lambda told: told["backbone"].update(size_px=10**6),
        lambda told: told.update(verdict={"headline": "splendid", "reasons": []}),
        lambda told: told.update(files={"../x": "0" * 64}),
        lambda told: told.update(made_with=None),
        lambda told: told.update(classes="ab", positive="a"),
        lambda told: told.update(classes=["Disease", None]),
        lambda told: told.update(classes=["Disease", "Normal\x1b[2J"]),
        lambda told: told.update(classes=["Disease", "lam\u202eroN"]),
        lambda told: told["backbone"].update(title={"a": 1}),
        lambda told: told["backbone"]["weights"].pop("licence"),
        lambda told: told["graph"].update(is_included="no"),
        lambda told: told["policy"].update(target="high"),
        lambda told: told["verdict"].update(reasons="all good"),
        lambda told: told["study"].pop("operating_point"),
        lambda told: told["study"].update(seed=float("nan")),
    ],
)
def test_a_record_that_cannot_be_is_refused(bundle: Path, change: Callable) -> None:
    change_record(bundle, change)
    with pytest.raises(BundleError):
        Classifier.load(bundle)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"schema": ' + "[" * 100_000])
def test_a_record_that_is_none_is_refused(bundle: Path, text: str) -> None:
    (bundle / "classifier.json").write_text(text)
    with pytest.raises(BundleError):
        Classifier.load(bundle)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "9" * 5000])
@pytest.mark.parametrize("name", ["n_heads", "neighbours", "threshold", "distance_limit"])
def test_a_number_that_is_none_is_refused(bundle: Path, name: str, number: str) -> None:
    change_record(bundle, lambda told: told.update({name: "HERE"}))
    path = bundle / "classifier.json"
    path.write_text(path.read_text().replace('"HERE"', number))
    with pytest.raises(BundleError):
        Classifier.load(bundle)


def test_a_name_that_stands_twice_is_refused(bundle: Path) -> None:
    path = bundle / "classifier.json"
    path.write_text(path.read_text().replace('"threshold"', '"threshold": 0.9, "threshold"', 1))
    with pytest.raises(BundleError):
        Classifier.load(bundle)


@pytest.mark.parametrize("content", [b"no JSON", b"[]", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_a_study_that_is_none_is_refused(bundle: Path, content: bytes) -> None:
    (bundle / "study.json").write_bytes(content)
    sha256 = hash_file(bundle / "study.json")
    change_record(bundle, lambda told: told["files"].update({"study.json": sha256}))
    with pytest.raises(BundleError, match=r"study\.json"):
        Classifier.load(bundle)


def test_a_place_that_cannot_be_written_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for place in (tmp_path / "file" / "bundle", Path("a" * 300), Path("b" * 220), Path()):
        with pytest.raises(OutputError):
            check_bundle_place(place)
    check_bundle_place(tmp_path / "new" / "bundle")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "here"}


def test_a_bundle_that_cannot_take_its_place_leaves_the_older_one(
    bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        take_place(tmp_path / "no draft", bundle, tmp_path / "older")
    assert Classifier.load(bundle).record.positive == "Disease"
    assert not (tmp_path / "older").exists()


def test_a_cohorts_name_that_is_no_valid_text_loses_no_bundle(
    original: Path, tmp_path: Path
) -> None:
    read = read_bundle(original, Path("nowhere"))
    named = {**read.record.study, "cohort": {**read.record.study["cohort"], "name": "f\udcfcr"}}
    odd = replace(read, record=replace(read.record, study=named), card="# f\udcfcr")
    write_bundle(odd, tmp_path / "bundle")
    again = read_bundle(tmp_path / "bundle", Path("nowhere"))
    assert again.record.study["cohort"]["name"] == "f?r"
    assert again.card == "# f?r"


def replace_weights(bundle: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    tensors = load_file(bundle / "head.safetensors")
    change(tensors)
    save_file(tensors, bundle / "head.safetensors")
    sha256 = hash_file(bundle / "head.safetensors")
    change_record(bundle, lambda told: told["files"].update({"head.safetensors": sha256}))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("guard_features"),
        lambda t: t.update(extra=np.zeros(3, np.float32)),
        lambda t: t.update(output_bias=np.zeros((3, 5), np.float32)),
        lambda t: t.update(hidden_bias=t["hidden_bias"][:, :-1].copy()),
        lambda t: t.update(temperatures=np.zeros(3, np.float32)),
        lambda t: t.update(temperatures=t["temperatures"].astype(np.float64)),
        lambda t: t.update(output_bias=np.full((3, 2), np.nan, np.float32)),
        lambda t: t.update(guard_features=t["guard_features"][:2].copy()),
        lambda t: t.update(guard_features=t["guard_features"][:, :-1].copy()),
        lambda t: t.pop("reference_films"),
        lambda t: t.update(reference_films=np.zeros(2, np.float32)),
        lambda t: t.update(reference_maps=t["reference_maps"][0].copy()),
    ],
)
def test_weights_that_do_not_fit_are_refused(bundle: Path, change: Callable) -> None:
    replace_weights(bundle, change)
    with pytest.raises(UntrustedModelError):
        Classifier.load(bundle)


def test_a_giant_header_is_refused_before_it_is_read(bundle: Path) -> None:
    (bundle / "head.safetensors").write_bytes((10**12).to_bytes(8, "little") + b"{}")
    sha256 = hash_file(bundle / "head.safetensors")
    change_record(bundle, lambda told: told["files"].update({"head.safetensors": sha256}))
    with pytest.raises(UntrustedModelError, match="1 MB"):
        Classifier.load(bundle)


@pytest.mark.parametrize("name", ["model.pkl", "model.h5", "model.keras", "model.pt", "m.joblib"])
def test_models_of_other_kinds_are_refused_unopened(tmp_path: Path, name: str) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "exploded",))

    (tmp_path / "folder").mkdir()
    for place in (tmp_path / name, tmp_path / "folder" / name):
        place.write_bytes(pickle.dumps(Bomb()))
    for place in (tmp_path / name, tmp_path / "folder"):
        with pytest.raises(UntrustedModelError, match="may run code"):
            Classifier.load(place)
    assert not (tmp_path / "exploded").exists()


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    for place, what in ((tmp_path, "has no classifier.json"), (tmp_path / "x", "is not there")):
        with pytest.raises(BundleError, match=what):
            Classifier.load(place)

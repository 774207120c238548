"""Examines an installation: what `hilum doctor` shows."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hilum.backbones.catalog import CATALOG
from hilum.backbones.records import PackagedWeights
from hilum.backbones.weights import WeightsShelf
from hilum.disk import check_writable, nearest_folder
from hilum.errors import UntrustedModelError
from hilum.studies.provenance import describe_run


@dataclass(frozen=True)
class Symptom:
    """One part of the installation and how it is."""

    part: str
    is_well: bool
    detail: str


def examine(cache_dir: Path, weights_dir: Path | None = None) -> tuple[Symptom, ...]:
    """Look at engines, codecs, backbones, cache and versions; changes nothing."""
    run = describe_run()
    hardware = run["hardware"]
    memory = hardware["memory_bytes"]
    shelf = WeightsShelf(cache_dir, weights_dir)
    return (
        Symptom("Python", True, run["python"]),
        *(
            Symptom(name, release is not None, release or "absent: install Hilum again.")
            for name, release in run["versions"].items()
        ),
        Symptom(
            "Machine",
            True,
            f"{hardware['processor']}, {hardware['cores']} cores"
            + (f", {memory / 2**30:.0f} GiB" if memory else ""),
        ),
        _tried("OpenVINO", _openvino_devices),
        _tried("JAX", _jax_devices),
        _codecs(),
        *_backbones(shelf),
        _cache(cache_dir),
    )


def _tried(part: str, look: Callable[[], str]) -> Symptom:
    """Look at an engine; whatever it throws is what the user needs to read."""
    try:
        return Symptom(part, True, look())
    except Exception as error:
        return Symptom(part, False, f"{error}. Install Hilum again into a fresh environment.")


def _openvino_devices() -> str:
    import openvino

    core = openvino.Core()
    return ", ".join(
        f"{device} ({core.get_property(device, 'FULL_DEVICE_NAME')})"
        for device in core.available_devices
    )


def _jax_devices() -> str:
    import jax

    return ", ".join(str(device) for device in jax.devices())


def _codecs() -> Symptom:
    from PIL import features

    wanted = {"jpg": "JPEG", "zlib": "PNG", "libtiff": "TIFF"}
    absent = [name for codec, name in wanted.items() if not features.check(codec)]
    if absent:
        return Symptom(
            "Codecs", False, f"Pillow cannot read {', '.join(absent)}. Install Pillow again."
        )
    return Symptom("Codecs", True, "PNG, JPEG, TIFF, BMP, DICOM (uncompressed)")


def _backbones(shelf: WeightsShelf) -> Iterator[Symptom]:
    """Look at those that come with the installation, and at what else is here."""
    absent = 0
    for record in CATALOG.values():
        obstacle = shelf.obstacle(record)
        if obstacle is None:
            yield Symptom(record.title, True, f"weights verified, {record.weights.licence}")
        elif isinstance(record.weights, PackagedWeights) or isinstance(
            obstacle, UntrustedModelError
        ):
            yield Symptom(record.title, False, str(obstacle))
        else:
            absent += 1
    yield Symptom(
        "Further backbones", True, f"{absent} can be fetched: `hilum backbones` lists them."
    )


def _cache(cache_dir: Path) -> Symptom:
    try:
        check_writable(cache_dir)
    except OSError as error:
        return Symptom(
            "Cache", False, f"{cache_dir} cannot be written ({error.strerror}): use --cache-dir."
        )
    used = 0
    for path in cache_dir.rglob("*"):
        with contextlib.suppress(OSError):  # a run may be tidying up
            used += path.stat().st_size if path.is_file() else 0
    free = shutil.disk_usage(nearest_folder(cache_dir)).free
    return Symptom("Cache", True, f"{cache_dir}: {used / 1e6:.0f} MB, {free / 1e9:.0f} GB free")

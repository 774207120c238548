"""Where a result came from: versions, hardware and time; is an installation in order?"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict, Unpack

from hilum.backbones import CATALOG, LocalWeights, PackagedWeights
from hilum.disk import check_writable, nearest_folder
from hilum.errors import UntrustedModelError

_PACKAGES = (
    "hilum", "numpy", "scipy", "scikit-learn", "jax", "optax", "keras", "openvino",
    "pillow", "tifffile", "pyarrow", "matplotlib",
)  # fmt: skip


class Hardware(TypedDict):
    """The machine; null where it does not tell."""

    machine: str
    processor: str
    cores: int | None
    memory_bytes: int | None
    system: str


class RunDescription(TypedDict):
    """When, by what and on what something was run.

    Attributes:
        created: In ISO 8601.
        command_line: Without folders or files; empty for a run from Python.
        versions: Of each package; null where it is absent.
    """

    created: str
    command_line: list[str]
    python: str
    versions: dict[str, str | None]
    hardware: Hardware


class SomeProvenance(TypedDict, total=False):
    """What some kinds of study alone have.

    Attributes:
        split_seed: Where the split was drawn from.
        external_films_sha256: Of the films of the other cohort.
        seed: Where every draw began.
        earlier_runs: Comparisons of the same films before, on this machine and with this cache.
            Whoever tries often enough finds a seed or a recipe that looks better than it is.
    """

    split_seed: int
    external_films_sha256: str
    seed: int
    earlier_runs: int


class Provenance(RunDescription, SomeProvenance):
    """Where a result came from.

    Attributes:
        films_sha256: Of all films.
        graphs: Address of each backbone's graph.
    """

    films_sha256: str
    graphs: dict[str, str]


def describe_study(
    command_line: tuple[str, ...],
    *,
    films_sha256: str,
    graphs: Mapping[str, str],
    **further: Unpack[SomeProvenance],
) -> Provenance:
    """Describe where the result of a study comes from.

    Args:
        command_line: As for `describe_run`.
        films_sha256: Of all films.
        graphs: Address of each backbone's graph.
        further: What this kind of study alone has.
    """
    return {
        **describe_run(command_line),
        "films_sha256": films_sha256,
        "graphs": dict(graphs),
        **further,
    }


def count_runs(cache_dir: Path, films_sha256: str, seed: int) -> int:
    """Note down a comparison of some films, and count those before it.

    Args:
        cache_dir: Hilum's cache folder.
        films_sha256: Of all films, as in the provenance.
        seed: Where this one begins.

    Returns:
        Earlier ones; 0 where they cannot be read.
    """
    folder = cache_dir / "comparisons"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{films_sha256}.txt").open("a+", encoding="utf-8") as notes:
            notes.seek(0)
            earlier = sum(1 for _ in notes)
            moment = datetime.now(UTC).isoformat(timespec="seconds")
            notes.write(f"{moment} seed {seed}\n")
    except OSError:
        return 0  # a cache that cannot be written costs the count and nothing else
    return earlier


def describe_run(command_line: tuple[str, ...] = ()) -> RunDescription:
    """Describe the machine and the software.

    Args:
        command_line: What was run, without folders or files; empty for a run from Python.
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command_line": list(command_line),
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in _PACKAGES},
        "hardware": {
            "machine": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": _memory_bytes(),
            "system": platform.system(),
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


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
    local_weights = LocalWeights(cache_dir, weights_dir)
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
        *_backbones(local_weights),
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


def _backbones(local_weights: LocalWeights) -> Iterator[Symptom]:
    """Look at those that come with the installation, and at what else is here."""
    absent = 0
    for record in CATALOG.values():
        obstacle = local_weights.obstacle(record)
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

"""Where a result came from: versions, hardware and time."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict, Unpack

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
    """

    split_seed: int
    external_films_sha256: str
    seed: int


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

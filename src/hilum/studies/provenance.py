"""Where a result came from: versions, hardware and time."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "hilum", "numpy", "scipy", "scikit-learn", "jax", "optax", "keras", "openvino",
    "pillow", "tifffile", "pyarrow", "matplotlib",
)  # fmt: skip


def describe_run(command_line: tuple[str, ...] = ()) -> dict[str, Any]:
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

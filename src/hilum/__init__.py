"""Hilum: transfer learning on chest X-rays, with the honesty built in.

    import hilum

    cohort = hilum.Cohort.from_folder("films")
    comparison = hilum.compare(cohort, positive="COVID-19")
    hilum.save_run(comparison, "runs/films")

The names below are the public surface; each is loaded when first used, so that
`import hilum` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hilum.cohort.manifest import Cohort as Cohort
    from hilum.errors import HilumError as HilumError
    from hilum.report.audit_folder import save_audit as save_audit
    from hilum.report.recipes_folder import save_recipes as save_recipes
    from hilum.report.run_folder import save_run as save_run
    from hilum.studies.audits import Audit as Audit
    from hilum.studies.audits import audit as audit
    from hilum.studies.comparing import compare as compare
    from hilum.studies.comparing_recipes import compare_recipes as compare_recipes
    from hilum.studies.comparison import Comparison as Comparison

__version__ = "0.1.0"

_HOMES = {
    "Audit": "hilum.studies.audits",
    "Cohort": "hilum.cohort.manifest",
    "Comparison": "hilum.studies.comparison",
    "HilumError": "hilum.errors",
    "audit": "hilum.studies.audits",
    "compare": "hilum.studies.comparing",
    "compare_recipes": "hilum.studies.comparing_recipes",
    "save_audit": "hilum.report.audit_folder",
    "save_recipes": "hilum.report.recipes_folder",
    "save_run": "hilum.report.run_folder",
}

__all__ = [
    "Audit",
    "Cohort",
    "Comparison",
    "HilumError",
    "__version__",
    "audit",
    "compare",
    "compare_recipes",
    "save_audit",
    "save_recipes",
    "save_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hilum' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

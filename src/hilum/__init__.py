"""Hilum: transfer learning on chest X-rays, with the honesty built in.

    import hilum

    cohort = hilum.Cohort.from_folder("films")
    comparison = hilum.compare(cohort, positive="COVID-19")
    hilum.save_run(comparison, "runs/films")

    hilum.save_bundle(hilum.train(cohort, positive="COVID-19"), "bundle")
    hilum.Classifier.load("bundle").predict("film.png")

The names below are the public surface; each is loaded when first used, so that
`import hilum` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hilum.version import __version__ as __version__

if TYPE_CHECKING:
    from hilum.classifier.classifier import Classifier as Classifier
    from hilum.classifier.predictions import Prediction as Prediction
    from hilum.cohort.manifest import Cohort as Cohort
    from hilum.errors import HilumError as HilumError
    from hilum.report.audit_folder import save_audit as save_audit
    from hilum.report.bundle_folder import save_bundle as save_bundle
    from hilum.report.recipes_folder import save_recipes as save_recipes
    from hilum.report.run_folder import save_run as save_run
    from hilum.runs.reading import train_from_run as train_from_run
    from hilum.studies.audits import Audit as Audit
    from hilum.studies.audits import audit as audit
    from hilum.studies.comparing import compare as compare
    from hilum.studies.comparing_recipes import compare_recipes as compare_recipes
    from hilum.studies.comparison import Comparison as Comparison
    from hilum.studies.training import train as train

_HOMES = {
    "Audit": "hilum.studies.audits",
    "Classifier": "hilum.classifier.classifier",
    "Cohort": "hilum.cohort.manifest",
    "Comparison": "hilum.studies.comparison",
    "HilumError": "hilum.errors",
    "Prediction": "hilum.classifier.predictions",
    "audit": "hilum.studies.audits",
    "compare": "hilum.studies.comparing",
    "compare_recipes": "hilum.studies.comparing_recipes",
    "save_audit": "hilum.report.audit_folder",
    "save_bundle": "hilum.report.bundle_folder",
    "save_recipes": "hilum.report.recipes_folder",
    "save_run": "hilum.report.run_folder",
    "train": "hilum.studies.training",
    "train_from_run": "hilum.runs.reading",
}

__all__ = [
    "Audit",
    "Classifier",
    "Cohort",
    "Comparison",
    "HilumError",
    "Prediction",
    "__version__",
    "audit",
    "compare",
    "compare_recipes",
    "save_audit",
    "save_bundle",
    "save_recipes",
    "save_run",
    "train",
    "train_from_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hilum' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

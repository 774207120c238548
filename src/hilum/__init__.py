"""Hilum: transfer learning on chest X-rays, with the honesty built in.

    import hilum

    cohort = hilum.Cohort.from_folder("films")
    comparison = hilum.compare(cohort, positive="COVID-19")
    hilum.Report(comparison).save("runs/films")

    hilum.save_bundle(hilum.train(cohort, positive="COVID-19"), "bundle")
    hilum.Classifier.load("bundle").predict("film.png")

The names of `__init__.pyi` are the public surface; each is loaded when first used, so that
`import hilum` stays light.
"""

import sys

import lazy_loader

# OpenVINO tells its maker of every import, from a process of its own; without this package
# it cannot. Every module of ours lies behind this one.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

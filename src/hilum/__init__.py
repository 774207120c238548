"""Hilum: transfer learning on chest X-rays, with the honesty built in.

    import hilum

    cohort = hilum.Cohort.from_folder("films")
    comparison = hilum.compare(cohort, positive="COVID-19")
    hilum.save_run(comparison, "runs/films")

    hilum.save_bundle(hilum.train(cohort, positive="COVID-19"), "bundle")
    hilum.Classifier.load("bundle").predict("film.png")

The names of `__init__.pyi` are the public surface; each is loaded when first used, so that
`import hilum` stays light.
"""

import lazy_loader

from hilum.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

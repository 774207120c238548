"""Folds: a cohort in, who trains, validates and tests out.

In: labels, and the films that belong together. Out: `Folds`. Films of one patient, and copies of
one film, never stand on two sides.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

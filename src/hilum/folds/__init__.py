"""Folds: a cohort in; out, the films that train, validate and test each head.

In: the class of each film, and what joins films: patients, identical files, near-duplicates.
Out: `Folds`, whose `Split`s name the rows of each part. Repeated folds never put films of one
patient, or copies of one film, on two sides.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

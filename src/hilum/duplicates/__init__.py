"""Duplicates: the films of a cohort in, the pairs that show one and the same film out.

In: films with their traits, of which the small picture counts, and features. Out: `Duplicate`, two
rows with the same file, the same pixels, or a copy that was turned, mirrored, cropped or changed in
contrast; and the cluster of each film. Traits and features propose pairs, alignment decides.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

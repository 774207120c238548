"""Duplicates: films in, pairs that show one and the same film out.

In: a small picture of each film. Out: `Duplicate`: the same file, the same pixels, or a copy that
was turned, mirrored, cropped or changed in contrast. Pairs are proposed by their looks, and
settled by aligning the two films.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

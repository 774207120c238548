"""Features: films in, numbers out, each computed at most once.

In: films, views and a backbone. Out: `FeatureTable`, films x views x width, from the store where
they are known; and `FilmTraits`, what a film tells without a network.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

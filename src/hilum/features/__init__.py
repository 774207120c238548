"""Features: what a backbone, and what simple measurements, tell of films; each computed once.

In: films of a cohort, views and a backbone. Out: `FeatureTable`, films x views x width, and
`FilmTraits`, what films tell without a network. Both come from the cache if they are stored.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Evaluation: scores in, figures with intervals out.

In: `HeadScores` or `ScoredFilms`: truth, scores, groups and the positive class. Out: frozen
results made of plain numbers. Pure functions; patients count, not films; randomness is passed in.
No engine is reached from here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

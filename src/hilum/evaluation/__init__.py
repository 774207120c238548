"""Evaluation: scores in, figures with intervals out.

In: `HeadScores` (heads on the folds of a study) or `ScoredFilms` (one score per film and class):
truth, scores, groups and the positive class. Out: the frozen results of `results`, made of plain
numbers and arrays. All functions are pure; patients count, not films; randomness is passed in. No
engine is reached from here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Heads: features and labels in, trained heads and their scores out.

In: a `FeatureTable`'s values, labels and splits. Out: `TrainedHeads`: the scores of every head for
every film, and the training curves. `head` reads as the paper's head; `HeadClassifier` is one head
for any scikit-learn pipeline.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""The classifier: a film in, a call with its probability out, or a refusal.

In: a bundle, proven by its hashes, and films. Out: `Prediction` or `FilmFailure`; `Explanation`;
a file for other programs. A study hands its trained heads over by `write_bundle`. Nothing here
trains: NumPy, Pillow and OpenVINO are enough.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

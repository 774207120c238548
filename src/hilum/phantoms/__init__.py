"""Phantoms: generated chest films, with disease and with faults, on request.

In: how many films, a seed, and the faults to plant. Out: films on disk in a folder per class, and
the truth of each. They show what a command does, and prove what a check finds, without patients.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

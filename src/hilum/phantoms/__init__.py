"""Phantoms: generated chest films, with disease, and with faults on request.

In: the number of films and classes, a seed, and the faults to plant. Out: a folder of films per
class, a table of them, and a list of what was planted. Phantoms show what a command does, and prove
what a check finds, without patients.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

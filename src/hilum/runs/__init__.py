"""Runs: a finished study in, a folder that other programs can rely on out; and back.

In: what `studies` returns. Out: documents whose types are the contract, CSV tables, a folder that
appears whole or not at all. What was written is read back here as well.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

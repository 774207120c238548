"""Published tables: printed figures in, the test sets that can stand behind them out.

In: accuracy, sensitivity and specificity as printed. Out: `TableCheck`: which numbers of films are
possible, how sure each figure is, and whether the rows are tied.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""The report: a finished study in, pages, figures and sentences out.

In: what `studies` returns. Out: one HTML file per study, figures, the model card, the lines of the
terminal. Every section owns its words, its figure and its template; all of them
show the same sections.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

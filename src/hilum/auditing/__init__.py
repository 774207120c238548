"""The audit: what a study found out in, findings and a verdict out.

In: `Evidence`. Out: one `Finding` per check, `Baseline`s of what predicts without the disease, and
the `Verdict`: supported, limited or withheld, by written rules. A check is one function; it gets
what its parameters name, and no more.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

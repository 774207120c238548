"""Films: the bytes of a file in, one upright grey film out.

In: a file or its bytes, whatever their name. Out: `FilmImage`, 8-bit grey levels with notes on what
was converted, or a `FilmError` that says why the file cannot be read; for DICOM also `FilmTags`.
One module per format; every length that a file states is checked before it is believed.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

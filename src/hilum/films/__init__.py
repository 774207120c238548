"""Films: the bytes of a file in, one upright grey film out.

In: bytes, whatever their name. Out: `FilmImage`, 8-bit grey levels with what was converted on the
way, or a `FilmError` that says what is wrong with the file. Content decides the format, never the
suffix. One module per format; every length that a file states is checked before it is believed.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

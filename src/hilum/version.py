"""Which Hilum this is, said once."""

__version__ = "0.1.0"

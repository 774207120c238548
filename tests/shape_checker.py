"""Holds annotations at run time, an int being a float as in the type system."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))

"""The thousand things that networks trained on ImageNet can name, and who can name them.

Source: the classes of the ImageNet Large Scale Visual Recognition Challenge 2012, in its
order, by the first of their WordNet names. A few carry a word in brackets, because two
classes share the name or because on a chest film it would be taken for something else.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

N_CLASSES = 1000


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the classes; class k of any output is number k."""
    text = (files("hilum.backbones") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())

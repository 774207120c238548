"""The thousand things that networks trained on ImageNet can name, and who can name them.

Source: the classes of the ImageNet Large Scale Visual Recognition Challenge 2012, in its
order, by the first of their WordNet names. A few carry a word in brackets, because two
classes share the name or because on a chest film it would be taken for something else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib.resources import files

from hilum.backbones.records import BackboneRecord
from hilum.errors import WeightsError

N_CLASSES = 1000


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the classes; class k of any output is number k."""
    text = (files("hilum.backbones") / "imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())


def with_top(record: BackboneRecord) -> BackboneRecord:
    """Return the backbone with the weights that hold its ImageNet classifier.

    Raises:
        WeightsError: It has no such classifier, as a model file of the user's.
    """
    if record.top_weights is None:
        raise WeightsError(
            f"{record.title} has no ImageNet classifier, so as it is it can name nothing.",
            fix="Leave it out, or use it as a feature extractor, without --head none.",
        )
    return replace(record, weights=record.top_weights)

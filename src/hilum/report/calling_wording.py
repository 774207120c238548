"""When a classifier calls its positive class, in words that hold for any number of classes."""

from __future__ import annotations

from hilum.classifier.records import BundleRecord


def calling_text(record: BundleRecord, name: str) -> str:
    """Say from which probability on the positive class is called.

    With two classes the probability that is shown decides. With more it is the heads' mean
    log-odds, which lie below those of the probability shown where the heads waver between
    the other classes; so a film just above the threshold may not be called.

    Args:
        record: What the bundle says of itself.
        name: The positive class, as it may stand in the text.
    """
    rule = f"{name} is called from a probability of {record.threshold:.3f} on"
    if len(record.classes) == 2:
        return rule
    return (
        f"{rule}, by the heads' mean log-odds; where they waver between the other classes, that "
        "takes more than the probability shown"
    )

"""How much worse a figure is elsewhere: the difference of two figures, bounded.

The interval of the difference is built from the intervals of the two figures, so it works
for any figure that has one, however that was made.
"""

from __future__ import annotations

import math

from hilum.evaluation.results import Estimate, Interval


def measure_drop(here: Estimate, there: Estimate) -> Estimate:
    """Say by how much a figure is lower on films from elsewhere.

    The two figures are taken for independent, as they are where no film stands on both
    sides. Where the films of `there` are a part of those of `here`, as they are when each
    source of a cohort is tested in turn, the two figures tend to move together; that is
    ignored, and the interval is then rather too wide than too narrow.

    Args:
        here: The figure on the films of the study.
        there: The same figure on the other films.

    Returns:
        `here` less `there`, above 0 where it is worse there, with a 95 % interval within
        -1 and 1.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    interval = bound_difference(here, there)
    return Estimate(
        here.value - there.value, interval.low, interval.high, "from the two intervals (MOVER)"
    )


def bound_difference(first: Estimate, second: Estimate) -> Interval:
    """Bound the difference of two figures that each have an interval of their own.

    Each bound is as far from the difference as the two bounds that would make it, taken
    together as the legs of a right triangle. Skewed intervals stay skewed, and the width is
    above 0 wherever one of the two has any.

    Args:
        first: A figure between 0 and 1.
        second: The figure that is subtracted, of the same range; independent of the first.

    Returns:
        Bounds of `first` less `second`, within -1 and 1.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702, section 2; for two
    proportions with Wilson's intervals it is method 10 of Newcombe (1998), Statistics in
    Medicine 17:873-890.
    """
    difference = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(max(-1.0, difference - below), min(1.0, difference + above))

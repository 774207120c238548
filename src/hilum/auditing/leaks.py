"""LeakWorth: what a study gains by letting films of one patient stand on both sides."""

from __future__ import annotations

from dataclasses import dataclass

from hilum.evaluation.results import Estimate


@dataclass(frozen=True)
class LeakWorth:
    """The same study with groups kept together, and with groups torn apart.

    Attributes:
        backbone: Name of the backbone that was studied both ways.
        n_films: Films that share a group with another film.
        n_groups: The groups that they form.
        grouped: AUROC with groups kept together.
        ungrouped: AUROC with films dealt out one by one.
        gain: `ungrouped` less `grouped`, with the paired bootstrap interval.
    """

    backbone: str
    n_films: int
    n_groups: int
    grouped: Estimate
    ungrouped: Estimate
    gain: Estimate

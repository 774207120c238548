"""Tells on the terminal what the statistics add to the table, in a line each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hilum.cli.printing import plain

if TYPE_CHECKING:
    from rich.console import Console

    from hilum.studies.comparison import Comparison


def tell_statistics(console: Console, comparison: Comparison) -> None:
    """Print tiers, nested pick, operating point, subgroups that differ, and any drop.

    Under a withheld headline nothing is told but the tiers: no figure is to be quoted.
    """
    from hilum.report.standings_wording import pick_text
    from hilum.report.subgroups_wording import answer_text, is_different
    from hilum.report.transfer_section import transfer_texts

    for line in _tiers(comparison):
        console.print(plain(line))
    if comparison.verdict.headline == "withheld":
        return
    if comparison.pick is not None:
        console.print(plain(pick_text(comparison.pick)))
    operating = _operating_point(comparison)
    if operating:
        console.print(plain(operating))
    if any(map(is_different, comparison.subgroups)):
        console.print(plain(f"For everybody? {answer_text(comparison.subgroups)}"))
    for text in transfer_texts(comparison):
        console.print(plain(text))


def _tiers(comparison: Comparison) -> list[str]:
    """Name the tiers that hold several backbones, and who stands alone."""
    from hilum.report.standings_wording import tier_heading
    from hilum.report.wording import joined

    if sum(map(len, comparison.tiers)) < 2:
        return []
    titles = {result.name: result.title for result in comparison.backbones}
    lines = []
    for number, tier in enumerate(comparison.tiers):
        heading, _, meaning = tier_heading(number, comparison).partition(": ")
        lines.append(f"{heading}: {joined([titles[name] for name in tier])} ({meaning}).")
    return lines


def _operating_point(comparison: Comparison) -> str:
    """Say in one sentence what the thresholds do; empty where none were fixed.

    As in the report, they are those of the network chosen anew for every film where there was
    a choice, and the leader's where there was none.
    """
    from hilum.report.decisions_wording import aim_text, probability_text
    from hilum.report.formatting import metric_text
    from hilum.report.quoted import find_quoted

    quoted = find_quoted(comparison)
    if quoted.decisions is None or not quoted.is_verified:
        return ""
    point = quoted.decisions.operating_point
    aim = aim_text(point.policy, comparison.positive, is_promised=point.promised is None)
    typically = (
        f", typically {probability_text(point.threshold)}" if math.isfinite(point.threshold) else ""
    )
    return (
        f"Operating point of {quoted.title}, with thresholds from validation films{typically}, "
        f"{aim}: on test films sensitivity {metric_text('sensitivity', point.sensitivity)}, "
        f"specificity {metric_text('specificity', point.specificity)}."
    )

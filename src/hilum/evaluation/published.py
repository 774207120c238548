"""A published table as it stands in print: digits, and what the digits leave open.

All arithmetic is on fractions, so that no figure is lost or won to binary rounding.
What test sets can stand behind the table is the question of `reaching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Manner = Literal["rounding", "truncation"]
"""How figures were cut to the digits in print; one manner for a whole table."""

MANNERS: tuple[Manner, ...] = ("rounding", "truncation")

# More digits than that are a computer's, and its last ones are those of binary fractions.
_FINEST = Fraction(1, 10**12)


@dataclass(frozen=True)
class Limits:
    """The shares that a printed figure can stand for, `low` to `high`.

    Attributes:
        low: Smallest share.
        high: Largest share.
        has_high: Whether `high` itself is one of them.
    """

    low: Fraction
    high: Fraction
    has_high: bool

    def counts(self, trials: int) -> range:
        """Say how many of `trials` films may have been called rightly; empty if no number fits."""
        first = -(-self.low.numerator * trials // self.low.denominator)
        if self.has_high:
            last = self.high.numerator * trials // self.high.denominator
        else:
            last = -(-self.high.numerator * trials // self.high.denominator) - 1
        return range(max(first, 0), min(last, trials) + 1)


@dataclass(frozen=True)
class Figure:
    """One cell of the table.

    Attributes:
        text: The cell as printed.
        value: What it says, as a fraction of 1.
        unit: What one step of its last digit is worth, as a fraction of 1.
    """

    text: str
    value: Fraction
    unit: Fraction

    def limits(self, manner: Manner) -> Limits:
        """Say which shares are printed like this.

        Halves may have been rounded up, down or to even: both ends are admitted.
        """
        if self.unit < _FINEST:
            return Limits(self.value - _FINEST, self.value + _FINEST, has_high=True)
        if manner == "truncation":
            return Limits(self.value, self.value + self.unit, has_high=False)
        half = self.unit / 2
        return Limits(self.value - half, self.value + half, has_high=True)


@dataclass(frozen=True)
class PublishedRow:
    """One model's three figures."""

    model: str
    accuracy: Figure
    sensitivity: Figure
    specificity: Figure


@dataclass(frozen=True)
class PublishedTable:
    """The rows in the order of print, and whether they are in percent."""

    rows: tuple[PublishedRow, ...]
    is_percent: bool

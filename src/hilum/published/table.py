"""A published table as it stands in print: read from a CSV, with what its digits leave open.

All arithmetic is on fractions, so that binary rounding moves no figure. Which test sets can
stand behind the table is the question of `set_sizes`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from typing import Literal

from hilum.errors import TableError

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


MAX_ROWS = 100

# Each file holds the digits as printed.
_KNOWN_TABLES = {"paper": "bansal-sridhar-2020.csv"}

_METRIC_NAMES = {
    "accuracy": ("accuracy", "acc"),
    "sensitivity": ("sensitivity", "sens"),
    "specificity": ("specificity", "spec"),
}

_MODEL_NAMES = (
    "model", "network", "method", "name", "backbone", "classifier", "architecture",
)  # fmt: skip

# Many journals print .95 for 0.95.
_NUMBER = re.compile(r"(?=[0-9.])([0-9]{0,3})(?:\.([0-9]{1,30}))? ?(%?)")

_UNIT_IN_HEADING = re.compile(r"\s*(\(%\)|\[%\]|%|\(percent\)|in percent)$")
_FAULTS_SHOWN = 10
_CELL_SHOWN = 40


@dataclass(frozen=True)
class _Line:
    number: int
    model: str
    cells: tuple[str, ...]


def parse_published(text: str) -> PublishedTable:
    """Read a published table from the text of a CSV.

    Needed are columns of accuracy, sensitivity and specificity; the names of the
    models stand in a column of that name, else in the first of the others. A table
    with any figure above 1, or with a percent sign, is in percent. The digits of
    each cell count as they stand: 97.0 says more than 97.

    Args:
        text: Comma-, semicolon- or tab-separated; decimal commas where the
            separator is another character.

    Returns:
        The table.

    Raises:
        TableError: The text is not such a table; the message lists all faults.
    """
    lines = _read_lines(text)
    matches = [[_NUMBER.fullmatch(cell) for cell in line.cells] for line in lines]
    faults = [
        f"line {line.number}: '{cell[:_CELL_SHOWN]}' is no figure"
        if cell
        else f"line {line.number}: no {metric}"
        for line, found in zip(lines, matches, strict=True)
        for metric, cell, match in zip(_METRIC_NAMES, line.cells, found, strict=True)
        if match is None
    ]
    faults += _name_faults(lines)
    _complain(faults, len(lines), fix="Write plain figures such as 97, 97.1 or 0.971, one per cell")
    printed = [[match for match in found if match] for found in matches]
    is_percent = any(match[3] or _value(match) > 1 for found in printed for match in found)
    _complain(
        [
            fault
            for line, found in zip(lines, printed, strict=True)
            for metric, match in zip(_METRIC_NAMES, found, strict=True)
            if (fault := _scale_fault(line, metric, match, is_percent=is_percent))
        ],
        len(lines),
        fix="Shares lie between 0 and 100 %: write all in percent, or all as fractions; "
        "1 % and less with the sign",
    )
    decimals = [len(match[2]) for found in printed for match in found if match[2]]
    if not is_percent and not decimals:
        raise TableError(
            "Every figure is 0 or 1, which may be percent or fractions.",
            fix="Write the digits as published: 100 for percent, 1.00 for fractions.",
        )
    # A bare 0 or 1 among fractions lost its zeros to a spreadsheet: nobody prints 0.98 as 1.
    least = 0 if is_percent else min(decimals)
    figures = [[_figure(match, is_percent, least) for match in found] for found in printed]
    return PublishedTable(
        tuple(PublishedRow(line.model, *row) for line, row in zip(lines, figures, strict=True)),
        is_percent,
    )


def known_tables() -> dict[str, PublishedTable]:
    """Read the published tables that come with Hilum, by the name that people give them."""
    folder = resources.files("hilum.published") / "tables"
    return {
        name: parse_published((folder / file).read_text(encoding="utf-8"))
        for name, file in _KNOWN_TABLES.items()
    }


def _read_lines(text: str) -> list[_Line]:
    body = text.lstrip("\ufeff\r\n")
    heading = body.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    skipped = text[: len(text) - len(body)].count("\n")
    try:
        header = next(reader, [])
        columns, model_column = _find_columns(header)
        lines: list[_Line] = []
        for record in reader:
            if not any(cell.strip() for cell in record):
                continue
            number = reader.line_num + skipped
            if len(record) > len(header):
                raise TableError(
                    f"Line {number} of the table has {len(record)} cells, and there are "
                    f"{len(header)} columns.",
                    fix="Write decimal points, or separate the cells with semicolons.",
                )
            cells = [cell.strip() for cell in record] + [""] * (len(header) - len(record))
            figures = tuple(cells[column] for column in columns)
            if delimiter != ",":
                figures = tuple(cell.replace(",", ".") for cell in figures)
            lines.append(_Line(number, " ".join(cells[model_column].split()), figures))
    except csv.Error as error:
        raise TableError(
            f"The table breaks at line {reader.line_num + skipped}: {error}.",
            fix="Save it as CSV again.",
        ) from error
    if not 1 <= len(lines) <= MAX_ROWS:
        raise TableError(
            f"The table has {len(lines) or 'no'} rows.",
            fix=f"Give one row per model under the header, {MAX_ROWS} at most.",
        )
    return lines


def _find_columns(header: Sequence[str]) -> tuple[list[int], int]:
    names = [_UNIT_IN_HEADING.sub("", name.strip().lower()) for name in header]
    faults: list[str] = []
    columns: list[int] = []
    for metric, usual in _METRIC_NAMES.items():
        found = [column for column, name in enumerate(names) if name in usual]
        columns += found[:1]
        if len(found) != 1:
            faults.append(f"no column '{metric}'" if not found else f"two columns of {metric}")
    others = [column for column in range(len(names)) if column not in columns]
    named = [column for column in others if names[column] in _MODEL_NAMES]
    if not faults and not others:
        faults.append("no column that names the models")
    if faults:
        present = ", ".join(name.strip() for name in header) or "none"
        raise TableError(
            f"The table has {' and '.join(faults)}; its columns are: {present}.",
            fix="Name the columns model, accuracy, sensitivity and specificity in the first line.",
        )
    return columns, (named or others)[0]


def _name_faults(lines: Sequence[_Line]) -> list[str]:
    faults = []
    first_line: dict[str, int] = {}
    for line in lines:
        first = first_line.setdefault(line.model, line.number)
        if not line.model:
            faults.append(f"line {line.number}: no name")
        elif first != line.number:
            faults.append(f"line {line.number}: '{line.model}' stands in line {first} already")
    return faults


def _scale_fault(line: _Line, metric: str, match: re.Match[str], *, is_percent: bool) -> str | None:
    value = _value(match)
    if value > 100:
        return f"line {line.number}: {metric} {match[0]} is above 100 %"
    if is_percent and 0 < value <= 1 and not match[3]:
        return f"line {line.number}: {metric} {match[0]} is a fraction, and others are in percent"
    return None


def _complain(faults: Sequence[str], n_rows: int, *, fix: str) -> None:
    if not faults:
        return
    more = len(faults) - _FAULTS_SHOWN
    shown = [*faults[:_FAULTS_SHOWN], *([f"… and {more} more"] if more > 0 else [])]
    rows = "The table's one row" if n_rows == 1 else f"The table's {n_rows} rows"
    raise TableError(f"{rows} cannot be used as they are:\n  " + "\n  ".join(shown), fix=f"{fix}.")


def _value(match: re.Match[str]) -> Fraction:
    return Fraction(f"{match[1] or 0}.{match[2] or 0}")


def _figure(match: re.Match[str], is_percent: bool, least_decimals: int) -> Figure:
    scale = 100 if is_percent else 1
    decimals = len(match[2]) if match[2] else least_decimals
    return Figure(match[0], _value(match) / scale, Fraction(1, 10**decimals * scale))

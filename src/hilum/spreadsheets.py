"""Cells of CSV files that people open in a spreadsheet, which must run none as a formula.

A film or a class may be called `=HYPERLINK(...)`. An apostrophe in front makes it text.
"""

from __future__ import annotations

_RUN = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet would run."""


def escape_cell(text: object) -> str:
    """Put an apostrophe before a text that a spreadsheet would run."""
    cell = str(text)
    return "'" + cell if cell[:1] in _RUN else cell


def unescape_cell(cell: str) -> str:
    """Take away the apostrophe that `escape_cell` put there."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _RUN else cell

"""Text that is safe to print."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def plain(text: str) -> str:
    """Make a text safe for the terminal, and free of what rich would read as markup."""
    from rich.markup import escape

    return escape(printable(text))


def printable(text: str) -> str:
    """Show control characters instead of obeying them: file names may hold any."""
    return "".join(
        character
        if character == "\n" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def fits(console: Console, table: Table) -> bool:
    """Tell whether a table has room without a cell being broken or cut."""
    from rich.measure import Measurement

    boundless = console.options.update(max_width=10_000)
    return Measurement.get(console, boundless, table).maximum <= console.width

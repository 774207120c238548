"""Text that is safe to print."""

from __future__ import annotations

import unicodedata


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

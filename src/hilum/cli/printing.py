"""Text that is safe to print."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """Show control characters instead of obeying them: file names may hold any."""
    return "".join(
        character
        if character == "\n" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )
